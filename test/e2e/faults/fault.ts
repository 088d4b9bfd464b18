/** What a kind of fault is: how one of it is drawn, and how it strikes. */
import type { Random } from '../../../packages/sim/src/random.ts'
import type { Run } from '../run.ts'

export type Strike = boolean | string

/** Drawn in full before the run begins. */
export interface Fault {
  /** Its row in the table of faults. */
  readonly what: string
  /** With hosts and numbers. */
  readonly words: string
  /** False, or why: there was nothing to strike (an agent that is dead already). */
  strike(run: Run): Strike | Promise<Strike>
}

export interface FaultKind {
  /** As `--only` names it. */
  readonly name: string
  draw(draw: Random, hosts: number): Fault
}

/** Short ones as often as long ones: the logarithm is even. */
export const durationOf = (draw: Random, lowMs: number, highMs: number): number =>
  Math.round(lowMs * (highMs / lowMs) ** draw.fraction())

/** Two different hosts. */
export const pairOf = (draw: Random, hosts: number): readonly [number, number] => {
  const first = draw.integer(1, hosts)
  return [first, ((first - 1 + draw.integer(1, hosts - 1)) % hosts) + 1]
}

export const secondsOf = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`
