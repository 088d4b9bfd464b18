/**
 * What every stage of a peer works with: who it is, what time it is, and where its effects go. The desk is the only
 * thing that stages share; `peer.ts` sets the time once per step and takes the effects away at its end.
 */
import { limits, type Policy } from './config.ts'
import type { HostId, Instant, PartitionId } from './ids.ts'
import type { Effect } from './io.ts'
import type { Message } from './message.ts'

type WithoutIncarnation<M> = M extends Message ? Omit<M, 'incarnation'> : never
/** A message as a stage writes it; the desk adds who speaks. */
export type Draft = WithoutIncarnation<Message>

export interface Desk {
  readonly self: HostId
  readonly incarnation: number
  readonly policy: Policy
  now(): Instant
  emit(effect: Effect): void
  /** To ourselves too: then it is delivered within the same step, so that leader and member speak one language. */
  send(to: HostId, draft: Draft): void
  /** Something an operator should hear of; said again only after `settlePollMs × 30`. */
  warn(code: string, text: string, vm?: import('./ids.ts').VmId): void
  /** Integer in [0, below): the seeded stream, for jitter only. */
  random(below: number): number
  nextPartition(): PartitionId
}

/** A doubling pause with jitter: [half, whole) of min × 2^failures, at most max. Integers only. */
export const pauseMs = (desk: Desk, failures: number, min: number, max: number): number => {
  const whole = Math.min(max, min * 2 ** Math.min(failures, 16))
  const half = Math.max(1, Math.floor(whole / 2))
  return half + desk.random(half)
}

/** A small seeded generator (xorshift32, Marsaglia 2003): integers only, the same on every machine. */
export const seeded = (seed: number): ((below: number) => number) => {
  let x = seed >>> 0 || 0x9e3779b9
  return (below) => {
    x ^= x << 13
    x >>>= 0
    x ^= x >>> 17
    x ^= x << 5
    x >>>= 0
    return below <= 1 ? 0 : x % below
  }
}

export const settlePollMs = limits.settlePollMs
