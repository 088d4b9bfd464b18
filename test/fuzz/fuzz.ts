/** One target, so many inputs: what was thrown, what it cost, and what failed. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { stackOf } from '../../packages/agent/src/runtime.ts'
import { randomOf } from '../../packages/sim/src/random.ts'
import { measured, Spread } from './measure.ts'
import { shrunk } from './shrink.ts'
import type { Target } from './target.ts'

export interface Order {
  readonly seed: number
  /** The number of the first input. */
  readonly from: number
  /** At most so many inputs, and no more once so many ms have passed. */
  readonly runs: number
  readonly passMs: number
  /** False: what an input costs is not judged. */
  readonly timed: boolean
  /** Where failing inputs are kept; null = nowhere. */
  readonly out: string | null
}

export interface Failure {
  /** Of the input. */
  readonly index: number
  readonly what: string
  readonly input: Uint8Array
  readonly file: string | null
}

export interface Outcome {
  readonly target: string
  readonly inputs: number
  /** Throws, stack traces and bounds that were broken. */
  readonly failures: number
  readonly medianMs: number
  readonly p99Ms: number
  readonly worstMs: number
  readonly medianMiB: number
  readonly worstMiB: number
  readonly perSecond: number
  /** The first of each kind. */
  readonly kept: readonly Failure[]
}

const keptMax = 20
const warmUpInputs = 200

const wrongWith = async (target: Target, input: Uint8Array): Promise<string | null> => {
  try {
    return await target.run(input)
  } catch (error) {
    return `threw ${stackOf(error)}`
  }
}

/** The same input three times: a pause for garbage, or a function that is compiled, comes once. */
const cheapest = async (target: Target, input: Uint8Array): Promise<number> => {
  let least = Number.POSITIVE_INFINITY
  for (let i = 0; i < 3; i++) least = Math.min(least, (await measured(() => wrongWith(target, input))).ms)
  return least
}

const firstLine = (text: string): string => text.split('\n', 1)[0]?.slice(0, 120) ?? ''

const keep = (order: Order, name: string, failure: Omit<Failure, 'file'>): Failure => {
  if (order.out === null) return { ...failure, file: null }
  mkdirSync(order.out, { recursive: true })
  const file = join(order.out, `${name}-${order.seed}-${failure.index}`)
  writeFileSync(file, failure.input)
  return { ...failure, file }
}

const judge = async (target: Target, order: Order, index: number, what: string, input: Uint8Array) => {
  const kind = firstLine(what)
  const isSlow = what.startsWith('took')
  const fails = async (smaller: Uint8Array): Promise<boolean> =>
    isSlow
      ? (await cheapest(target, smaller)) > target.bounds.worstMs
      : firstLine((await wrongWith(target, smaller)) ?? '') === kind
  const small = await shrunk(input, fails, isSlow ? 60 : 2_000)
  return keep(order, target.name, { index, what, input: small })
}

export const fuzz = async (target: Target, order: Order): Promise<Outcome> => {
  const [ms, mib] = [new Spread(), new Spread()]
  const kept = new Map<string, Failure>()
  let failures = 0
  let inputs = 0
  const startedAt = performance.now()
  const begun = process.cpuUsage()
  const spent = (): number => {
    const { user, system } = process.cpuUsage(begun)
    return (user + system) / 1_000
  }
  for (let index = order.from; inputs < order.runs; index++, inputs++) {
    if (inputs % 64 === 0 && performance.now() - startedAt > order.passMs) break
    const input = target.input(randomOf(order.seed, target.name, index))
    let what: string | null = null
    const cost = await measured(async () => {
      what = await wrongWith(target, input)
    })
    if (inputs >= warmUpInputs || order.runs <= warmUpInputs) {
      ms.add(cost.ms)
      if (cost.mib !== null) mib.add(cost.mib)
    }
    if (what === null && order.timed && cost.ms > target.bounds.worstMs) {
      const least = await cheapest(target, input)
      if (least > target.bounds.worstMs) what = `took ${least.toFixed(1)} ms of CPU, three times at least`
    }
    if (what === null) continue
    failures++
    const kind = what.startsWith('took') ? 'took' : firstLine(what)
    if (!kept.has(kind) && kept.size < keptMax) kept.set(kind, await judge(target, order, index, what, input))
  }
  return {
    target: target.name,
    inputs,
    failures,
    medianMs: ms.quantile(0.5),
    p99Ms: ms.quantile(0.99),
    worstMs: ms.worst,
    medianMiB: mib.quantile(0.5),
    worstMiB: mib.worst,
    perSecond: inputs / (spent() / 1_000),
    kept: [...kept.values()],
  }
}
