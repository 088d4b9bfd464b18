/** A trace: what one migration, one lease or one host went through, in the words of a model. */
import type { Effect, HostId, Input, Restored } from '../../packages/protocol/src/index.ts'
import type { RecordedEvent } from '../../packages/sim/src/story/index.ts'

/** `p`: which partition, VM or action it is about, for models that have several; else 0. */
export interface Step {
  readonly name: string
  readonly p: number
}

export interface Trace {
  readonly model: string
  /** Where it comes from, for people. */
  readonly label: string
  readonly steps: readonly Step[]
}

export const step = (name: string, p = 0): Step => ({ name, p })

/** Names of the hosts as the world has them (`h0`), by their number. */
export const worldName = (host: number): string => `h${host}`

/** The number of a host of a cluster in virtual time, from its id; NaN for one that is none of its hosts. */
export const numberOf = (id: HostId): number => Number(/^peer-(\d+)$/.exec(id)?.[1] ?? Number.NaN)

/** What traces are taken from: of each agent what it was told and did, and what the world did. `step`: of which of its host's steps. */
export type TracedEvent =
  | { readonly kind: 'input'; readonly host: number; readonly input: Input }
  | { readonly kind: 'effect'; readonly host: number; readonly step: number; readonly effect: Effect }
  | { readonly kind: 'born'; readonly host: number; readonly restored: Restored }
  | { readonly kind: 'died'; readonly host: number }
  | { readonly kind: 'world'; readonly event: WorldEvent }

/** Kinds that only the world has. */
export type WorldEvent = Extract<RecordedEvent, { readonly at: number }>
