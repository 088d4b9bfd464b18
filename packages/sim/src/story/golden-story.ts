/**
 * Golden stories: commands in, every decision, message and effect out, as text, on agents in virtual time. The commands are
 * listed in test/scenario/README.md.
 */
import { setImmediate as turn } from 'node:timers/promises'
import { wordsOf } from '@drover/agent/runtime'
import { exchangedDefinitions } from '@drover/placement'
import type { Effect, Limits, Policy, Rule } from '@drover/protocol'
import type { WorldEvent } from '../hypervisor/events.ts'
import type { Cluster, ClusterOptions } from './cluster-api.ts'
import { acts } from './story-commands.ts'
import { effectLine, eventLine, isPoll, short } from './story-lines.ts'
import { parseStory, printStory, type StoryPart } from './story-text.ts'
import { durationMs, jsonOf, splitWords } from './story-words.ts'
import { virtualCluster } from './virtual-cluster.ts'

/** `policy.cooldownMs=0`, `limits.warningsMax=3`. */
const groupOf = <T>(set: ReadonlyMap<string, string>, group: 'policy' | 'limits'): Partial<T> =>
  Object.fromEntries(
    [...set]
      .filter(([name]) => name.startsWith(`${group}.`))
      .map(([name, value]) => [name.slice(group.length + 1), JSON.parse(value)]),
  ) as Partial<T>

/** Hears what agents ask for and what happens in the world, in order. Time is the cluster's, ms. */
export interface StoryListener {
  effect(atMs: number, host: number, effect: Effect): void
  event(event: WorldEvent): void
}

/** Carries out a story's commands, one after another. */
export interface StoryPlayer {
  /** What the command itself says: its output, without what agents and the world do meanwhile. Throws Error. */
  act(command: string): Promise<readonly string[]>
  /** Null until the first command that needs it. */
  readonly cluster: Cluster | null
}

/** What may look on while a story is played. */
export type Watch = Pick<ClusterOptions, 'record' | 'core'>

interface Stage {
  readonly listener: StoryListener
  readonly rules: Rule[]
  readonly watch: Watch
  options: ClusterOptions | null
  cluster: Cluster | null
}

/** The cluster starts with the first command that needs it: rules are known to its agents from the start. */
const clusterOf = async (stage: Stage): Promise<Cluster> => {
  const { listener, options, rules, watch } = stage
  if (stage.cluster !== null) return stage.cluster
  if (options === null) throw new Error("a story begins with 'cluster hosts=N'")
  let clock: { now(): number } | null = null
  const cluster = await virtualCluster({
    ...options,
    ...watch,
    rules,
    observe: (host, effect) => listener.effect(clock?.now() ?? 0, host, effect),
  })
  clock = cluster.clock
  cluster.world.events((event) => listener.event(event))
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
    policy: groupOf<Policy>(set, 'policy'),
    limits: groupOf<Limits>(set, 'limits'),
  }
}

const ruleOf = (text: string): Rule => {
  const rule = jsonOf<Rule>(text)
  // Agents would not be configured with another one.
  const kinds: readonly string[] = exchangedDefinitions.map(({ kind }) => kind)
  if (!kinds.includes(rule.kind)) throw new Error(`no such kind of rule: ${rule.kind} (${kinds.join(', ')})`)
  return rule
}

const act = async (stage: Stage, command: string): Promise<readonly string[]> => {
  const [name = ''] = command.split(/\s+/)
  const text = command.slice(name.length).trim()
  const { plain, set } = splitWords(text)
  if (name === 'cluster') {
    stage.options = optionsOf(set)
    return []
  }
  if (name === 'rule') {
    stage.rules.push(ruleOf(text))
    return []
  }
  const cluster = await clusterOf(stage)
  const done = acts[name]
  if (!Object.hasOwn(acts, name) || done === undefined) throw new Error(`no such command: ${name}`)
  const said = await done(cluster, plain, set)
  // What the command itself set off is told with it, not with the next one.
  await turn()
  return Array.isArray(said) ? said.map(String) : []
}

export const createStoryPlayer = (listener: StoryListener, watch: Watch = {}): StoryPlayer => {
  const stage: Stage = { listener, rules: [], watch, options: null, cluster: null }
  return {
    act: (command) => act(stage, command),
    get cluster() {
      return stage.cluster
    },
  }
}

/** Writes down what happens, as a story's output shows it. */
const scribe = (lines: string[]): StoryListener => {
  const say = (atMs: number, who: string, what: string | null): void => {
    if (what === null) return
    lines.push(short(`${(atMs / 1_000).toFixed(3).padStart(8)} ${who} ${what}`))
  }
  return {
    effect: (atMs, host, effect) => say(atMs, `h${host}`, effectLine(effect)),
    event: (event) => say(event.at, '--', eventLine(event)),
  }
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
export const playStory = async (text: string, file: string, watch: Watch = {}): Promise<string> => {
  const lines: string[] = []
  const player = createStoryPlayer(scribe(lines), watch)
  const parts: StoryPart[] = []
  for (const part of parseStory(text)) {
    if (part.kind === 'comment') {
      parts.push(part)
      continue
    }
    lines.length = 0
    try {
      lines.push(...(await player.act(part.words)))
    } catch (error) {
      throw new Error(`${file}:${part.line}: ${part.words}: ${wordsOf(error)}`)
    }
    parts.push({ ...part, output: folded(lines).join('\n') })
  }
  return printStory(parts)
}
