/**
 * `npm run model` searches all models, at the bounds of models.ts, and replays traces of the product against them. Every
 * property must hold, every mutation must be found, and every trace allowed. Needs spin and gcc (test/model/install.sh).
 *
 *     npm run model                 all models
 *     npm run model -- lease        one of them
 *     npm run model -- --json       one object, for programs
 *     npm run model -- --seeds=20   replays traces of the small ones of so many seeds of the swarm, too, from 1 or from `--seed=S` on
 */
import { availableParallelism } from 'node:os'
import { endWithReader } from '../../packages/agent/src/cli/closed-pipe.ts'
import { sizeOfSeed } from '../swarm/draw.ts'
import { type Model, models } from './models.ts'
import { replays } from './replay.ts'
import { createFolder, type Job, missingTools, search } from './spin.ts'
import { tableOf } from './table.ts'

endWithReader()

export interface Row {
  readonly model: string
  readonly what: string
  readonly states: number
  readonly depth: number
  readonly cpuS: number
  readonly verdict: string
  readonly ok: boolean
}

const words = process.argv.slice(2).filter((word) => !word.startsWith('-'))
const options = process.argv.slice(2).filter((word) => word.startsWith('-'))
const fail = (text: string, code: number): never => {
  console.error(text)
  process.exit(code)
}
const usage = 'usage: npm run model -- [--json] [--seeds=K [--seed=S]] [NAME …]'
if (options.includes('--help')) {
  console.log(`${usage}\nmodels: ${models.map(({ name }) => name).join(', ')}`)
  process.exit(0)
}
const odd = options.find((one) => one !== '--json' && !/^--seeds?=\d+$/.test(one))
if (odd !== undefined) fail(`unknown option ${odd}; ${usage}`, 2)
const numberAfter = (option: string, otherwise: number): number =>
  Number(options.find((one) => one.startsWith(`${option}=`))?.slice(option.length + 1) ?? otherwise)
const firstSeed = numberAfter('--seed', 1)
const seeds = Array.from({ length: numberAfter('--seeds', 0) }, (_, i) => firstSeed + i).filter(
  (seed) => sizeOfSeed(seed) === 'small',
)
const unknown = words.find((word) => !models.some(({ name }) => name === word))
if (unknown !== undefined)
  fail(`no model ${unknown}; there are ${models.map(({ name }) => name).join(', ')}`, 2)
const missing = missingTools()
if (missing !== null) fail(missing, 1)

const folder = createFolder()

const boundsOf = (bounds: Readonly<Record<string, number>>): readonly string[] =>
  Object.entries(bounds).map(([name, value]) => `${name}=${value}`)

const property = (model: string, index: number): (() => Promise<Row>) => {
  const { shows, bounds, cycles = false } = models.find(({ name }) => name === model)!.searches[index]!
  return async () => {
    const found = await search(folder, { model, defines: boundsOf(bounds), cycles })
    const { kind, text, states, depth, cpuS } = found
    const verdict = kind === 'clean' ? 'holds' : `${kind === 'error' ? 'VIOLATED' : 'INCOMPLETE'}: ${text}`
    return { model, what: shows, states, depth, cpuS, verdict, ok: kind === 'clean' }
  }
}

const mutation = ({ name: model, searches }: Model, name: string, index: number): (() => Promise<Row>) => {
  const { bounds, cycles = false } = searches[index]!
  const job: Job = { model, defines: [...boundsOf(bounds), name], cycles }
  return async () => {
    const { kind, text, states, depth, cpuS } = await search(folder, job)
    const verdict = kind === 'error' ? 'found' : `NOT FOUND: ${kind} ${text}`
    return { model, what: name, states, depth, cpuS, verdict, ok: kind === 'error' }
  }
}

const chosen = models.filter(({ name }) => words.length === 0 || words.includes(name))
const work: (() => Promise<Row | readonly Row[]>)[] = chosen.flatMap((model) => [
  ...model.searches.map((_, index) => property(model.name, index)),
  ...model.mutations.map(({ name, search: index }) => mutation(model, name, index)),
])
const begunAt = performance.now()
const replayed = await replays(
  folder,
  chosen.map(({ name }) => name),
  seeds,
)
work.push(...replayed)

/** The long ones first; two at a time are what a small machine has. */
const rows: (readonly Row[])[] = work.map(() => [])
let next = 0
const worker = async (): Promise<void> => {
  while (next < work.length) {
    const index = next++
    rows[index] = [await work[index]!()].flat()
  }
}
await Promise.all(Array.from({ length: Math.min(2, availableParallelism()) }, worker))

const all = rows.flat()
const cpuS = all.reduce((total, row) => total + row.cpuS, 0)
const failed = all.filter((row) => !row.ok)
if (options.includes('--json'))
  console.log(JSON.stringify({ ok: failed.length === 0, cpuS: Number(cpuS.toFixed(1)), rows: all }))
else {
  console.log(tableOf(all))
  const seconds = Math.round((performance.now() - begunAt) / 1000)
  console.log(
    `\n${all.length - failed.length} of ${all.length} as they should be; ${cpuS.toFixed(1)} CPU-s, ${seconds} s`,
  )
}
process.exitCode = failed.length === 0 ? 0 : 1
