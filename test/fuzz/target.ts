/** One door of drover through which others' bytes come in. */
import type { Random } from '../../packages/sim/src/random.ts'

/** What is wrong with how an input was taken; null = nothing. */
export type Verdict = string | null

export interface Bounds {
  /** CPU of the thread, ms. */
  readonly medianMs: number
  readonly worstMs: number
  /** Growth of heap and buffers, MiB. */
  readonly medianMiB: number
}

export interface Target {
  readonly name: string
  readonly bounds: Bounds
  /** Inputs of a short run, for `npm run test:long`. */
  readonly shortRuns: number
  input(random: Random): Uint8Array
  /** What it throws is a failure, too. */
  run(input: Uint8Array): Verdict | Promise<Verdict>
  end?(): Promise<void> | void
}

/** Of the issue that asked for this suite. */
export const asked: Bounds = { medianMs: 1, worstMs: 50, medianMiB: 1 }

/** A stack trace is for developers: in an answer it says that this input was not expected. */
export const stackIn = (text: string): Verdict =>
  /\n\s+at .*(:\d+:\d+|<anonymous>|native)/.test(text) ? `a stack trace: ${text.slice(0, 400)}` : null
