/**
 * Golden stories: commands in, every decision, message and effect out, as text, on agents in virtual time. The commands are
 * listed in test/scenario/README.md.
 */
import { setImmediate as turn } from 'node:timers/promises'
import { wordsOf } from '@drover/agent/runtime'
import type { Policy, Rule } from '@drover/protocol'
import type { Cluster, ClusterOptions } from './cluster-api.ts'
import { acts } from './story-commands.ts'
import { effectLine, eventLine, isPoll, short } from './story-lines.ts'
import { parseStory, printStory, type StoryPart } from './story-text.ts'
import { durationMs, jsonOf, splitWords } from './story-words.ts'
import { virtualCluster } from './virtual-cluster.ts'

const policyOf = (set: ReadonlyMap<string, string>): Partial<Policy> =>
  Object.fromEntries(
    [...set]
      .filter(([name]) => name.startsWith('policy.'))
      .map(([name, value]) => [name.slice('policy.'.length), JSON.parse(value)]),
  )

interface Stage {
  readonly lines: string[]
  readonly rules: Rule[]
  options: ClusterOptions | null
  cluster: Cluster | null
}

/** The cluster starts with the first command that needs it: rules are known to its agents from the start. */
const clusterOf = async (stage: Stage): Promise<Cluster> => {
  if (stage.cluster !== null) return stage.cluster
  if (stage.options === null) throw new Error("a story begins with 'cluster hosts=N'")
  let clock: { now(): number } | null = null
  const say = (who: string, what: string | null): void => {
    if (what === null) return
    const at = ((clock?.now() ?? 0) / 1_000).toFixed(3).padStart(8)
    stage.lines.push(short(`${at} ${who} ${what}`))
  }
  const cluster = await virtualCluster({
    ...stage.options,
    rules: stage.rules,
    observe: (host, effect) => say(`h${host}`, effectLine(effect)),
  })
  clock = cluster.clock
  cluster.world.events((event) => say('--', eventLine(event)))
  stage.cluster = cluster
  return cluster
}

const optionsOf = (set: ReadonlyMap<string, string>): ClusterOptions => {
  const given = (key: string) => (set.has(key) ? { [key]: JSON.parse(set.get(key)!) } : {})
  return {
    hosts: Number(set.get('hosts') ?? 3),
    sampleMs: durationMs(set.get('sample') ?? '1s'),
    ...(set.get('mode') === 'observe' ? { mode: 'observe' } : {}),
    managed: set.get('managed')?.split(',') ?? [],
    simulated: { operationMs: durationMs(set.get('operation') ?? '0ms') },
    ...given('seed'),
    ...given('cpuMilli'),
    ...given('memoryMiB'),
    policy: policyOf(set),
  }
}

const act = async (stage: Stage, command: string): Promise<void> => {
  const [name = ''] = command.split(/\s+/)
  const text = command.slice(name.length).trim()
  const { plain, set } = splitWords(text)
  if (name === 'cluster') {
    stage.options = optionsOf(set)
    return
  }
  if (name === 'rule') {
    stage.rules.push(jsonOf<Rule>(text))
    return
  }
  const cluster = await clusterOf(stage)
  const done = acts[name]
  if (!Object.hasOwn(acts, name) || done === undefined) throw new Error(`no such command: ${name}`)
  const said = await done(cluster, plain, set)
  // What the command itself set off is told with it, not with the next one.
  await turn()
  if (Array.isArray(said)) stage.lines.push(...said.map(String))
}

/** A question that is asked, or answered alike, every second is shown once. */
const folded = (lines: readonly string[]): readonly string[] => {
  const seen = new Set<string>()
  let repeated = 0
  const kept = lines.filter((line) => {
    const said = line.replace(/^ *[\d.]+ /, '')
    if (isPoll(line) && seen.has(said)) {
      repeated += 1
      return false
    }
    seen.add(said)
    return true
  })
  return repeated === 0 ? kept : [...kept, `         (${repeated} of these questions and answers again)`]
}

/** The story with the output that it has now. Throws an Error that names `file`, line and command of what cannot be done. */
export const playStory = async (text: string, file: string): Promise<string> => {
  const stage: Stage = { lines: [], rules: [], options: null, cluster: null }
  const parts: StoryPart[] = []
  for (const part of parseStory(text)) {
    if (part.kind === 'comment') {
      parts.push(part)
      continue
    }
    stage.lines.length = 0
    try {
      await act(stage, part.words)
    } catch (error) {
      throw new Error(`${file}:${part.line}: ${part.words}: ${wordsOf(error)}`)
    }
    parts.push({ ...part, output: folded(stage.lines).join('\n') })
  }
  return printStory(parts)
}
