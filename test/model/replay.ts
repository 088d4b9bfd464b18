/** Replays traces of the product against the models: golden stories, and runs in which an agent crashes at some effect. */
import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { asVmId } from '../../packages/protocol/src/index.ts'
import {
  createStoryPlayer,
  playStory,
  type RecordedEvent,
  virtualCluster,
} from '../../packages/sim/src/story/index.ts'
import { storiesOf } from '../scenario/files.ts'
import { drawSchedule } from '../swarm/draw.ts'
import { commandsOf } from '../swarm/schedule.ts'
import { doctored } from './doctored.ts'
import type { Row } from './main.ts'
import { search } from './spin.ts'
import type { Trace } from './trace.ts'
import { headerOf, modelText, namesIn } from './trace-header.ts'
import { tracesOf } from './traces.ts'

/** Crash points that are replayed, and how far they are apart in effects. */
const crashes = 20
const crashStride = 7

/** In the models no agent lies: what a peer has invented is none of their actions. */
const isOfALiar = (story: string): boolean => /^liar h\d+ (hands-over|receives)\b/m.test(story)

const storyTraces = async (path: string): Promise<readonly Trace[]> => {
  const story = readFileSync(path, 'utf8')
  if (isOfALiar(story)) return []
  const events: RecordedEvent[] = []
  await playStory(story, path, { record: (event) => events.push(event) })
  return tracesOf(events, basename(path, '.txt'))
}

/** One overload, cured; one agent dies at the n-th effect, and is back a second later. */
const crashTraces = async (effect: number): Promise<readonly Trace[]> => {
  const events: RecordedEvent[] = []
  const when = effect % 2 === 0 ? 'before' : 'after'
  const journal = effect % 3 === 0 ? 'lost' : 'intact'
  const cluster = await virtualCluster({
    hosts: 3,
    crash: { effect, when, journal },
    record: (event) => events.push(event),
  })
  for (let i = 0; i < 7; i++) cluster.vm(`vm-${i}`, 0, 1_000)
  await cluster.run(3_000)
  cluster.world.setCpu(asVmId('vm-0'), 2_500)
  await cluster.run(60_000)
  return tracesOf(events, `crash ${when} effect ${effect}, journal ${journal}`)
}

/** A seed of the swarm, until it is played or something of it cannot be done. */
const seedTraces = async (seed: number): Promise<readonly Trace[]> => {
  const events: RecordedEvent[] = []
  const player = createStoryPlayer({ effect() {}, event() {} }, { record: (event) => events.push(event) })
  for (const command of commandsOf(drawSchedule({ seed }))) await player.act(command)
  player.cluster?.close()
  return tracesOf(events, `seed ${seed}`)
}

/** What the product did, as traces; each sequence once. `seeds`: of the swarm, besides. */
export const recordedTraces = async (seeds: readonly number[]): Promise<readonly Trace[]> => {
  const all: Trace[] = []
  for (const path of storiesOf([])) all.push(...(await storyTraces(path)))
  for (let i = 1; i <= crashes; i++) all.push(...(await crashTraces(i * crashStride)))
  for (const seed of seeds) all.push(...(await seedTraces(seed)))
  return unique(all)
}

const unique = (traces: readonly Trace[]): readonly Trace[] => {
  const seen = new Map<string, Trace>()
  for (const trace of traces) {
    const key = `${trace.model} ${trace.steps.map(({ name, p }) => `${name}${p}`).join(' ')}`
    if (trace.steps.length > 0 && !seen.has(key)) seen.set(key, trace)
  }
  return [...seen.values()]
}

/** What a replay says of each trace: allowed, or after how many of its steps it is refused. */
export interface Replayed {
  readonly trace: Trace
  readonly allowed: boolean
  readonly steps: number
}

export interface ReplayResult {
  readonly traces: readonly Replayed[]
  readonly states: number
  readonly depth: number
  readonly cpuS: number
  /** Why nothing can be said, or ''. */
  readonly trouble: string
}

/** All traces of one model in one search. */
export const replay = async (
  folder: string,
  model: string,
  traces: readonly Trace[],
): Promise<ReplayResult> => {
  const names = namesIn(modelText(model))
  const files = { 'trace.h': headerOf(names, traces) }
  const found = await search(folder, { model, defines: ['TRACE'], cycles: false, files })
  const said = new Map(
    [...found.output.matchAll(/^trace (\d+) (allowed|refused) (\d+)$/gm)].map(([, index, word, steps]) => [
      Number(index),
      { allowed: word === 'allowed', steps: Number(steps) },
    ]),
  )
  const { states, depth, cpuS } = found
  const silent = traces.length !== said.size
  const trouble =
    found.kind === 'clean' && !silent
      ? ''
      : `${found.kind} ${found.text} ${silent ? found.output.slice(-300) : ''}`
  return {
    traces: traces.map((trace, i) => ({ trace, ...(said.get(i) ?? { allowed: false, steps: 0 }) })),
    states,
    depth,
    cpuS,
    trouble,
  }
}

const wordsOf = ({ trace, steps }: Replayed): string => {
  const before = trace.steps.slice(Math.max(0, steps - 3), steps).map(({ name }) => name)
  return `${trace.label}: after ${steps} steps (… ${before.join(', ')}) no ${trace.steps[steps]?.name ?? 'end'}`
}

const rowsOf = async (folder: string, model: string, traces: readonly Trace[]): Promise<readonly Row[]> => {
  const mine = traces.filter((trace) => trace.model === model)
  const wrong = doctored(model, mine)
  const { traces: all, states, depth, cpuS, trouble } = await replay(folder, model, [...mine, ...wrong])
  const good = all.slice(0, mine.length)
  const bad = all.slice(mine.length)
  const refused = good.filter(({ allowed }) => !allowed)
  const believed = bad.filter(({ allowed }) => allowed)
  const names = namesIn(modelText(model))
  const seen = new Set(mine.flatMap(({ steps }) => steps.map(({ name }) => name)))
  const steps = mine.reduce((total, trace) => total + trace.steps.length, 0)
  const about = { model, states, depth }
  return [
    {
      ...about,
      cpuS,
      what: `${mine.length} traces, ${steps} steps, ${names.filter((name) => seen.has(name)).length} of ${names.length} transitions`,
      verdict:
        trouble !== '' && refused.length === 0
          ? `INCOMPLETE: ${trouble}`
          : refused.length === 0
            ? 'allowed'
            : `REFUSED ${refused.length}: ${refused.slice(0, 5).map(wordsOf).join('; ')} ${trouble}`,
      ok: refused.length === 0 && trouble === '' && mine.length > 0,
    },
    {
      ...about,
      cpuS: 0,
      what: `${wrong.length} doctored traces`,
      verdict:
        believed.length === 0 && wrong.length > 0
          ? 'refused'
          : `BELIEVED: ${believed.map(({ trace }) => trace.label).join('; ')}`,
      ok: believed.length === 0 && wrong.length > 0 && trouble === '',
    },
  ]
}

/** One piece of work for each of these models; the runs themselves are played first, once. */
export const replays = async (
  folder: string,
  models: readonly string[],
  seeds: readonly number[],
): Promise<readonly (() => Promise<readonly Row[]>)[]> => {
  const traces = await recordedTraces(seeds)
  return models.map((model) => () => rowsOf(folder, model, traces))
}
