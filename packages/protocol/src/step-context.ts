/**
 * What every stage of a peer works with: which host it is, what time it is, and where its effects go. The context is the only
 * thing that stages share; `peer.ts` sets the time once per step and takes the effects away at its end.
 */
import { assert, xorshift32 } from '@drover/placement'
import { limits, type Policy } from './data/config.ts'
import {
  type ActionId,
  type HostId,
  type Instant,
  type PartitionId,
  partitionIdOf,
  type VmId,
} from './data/ids.ts'
import type { Effect } from './data/io.ts'
import type { Message } from './data/message.ts'
import type { ReasonCode } from './data/reasons.ts'

type WithoutIncarnation<M> = M extends Message ? Omit<M, 'incarnation'> : never
/** A message as a stage writes it; the context adds its sender's incarnation. */
export type Draft = WithoutIncarnation<Message>

export interface Warning {
  readonly code: ReasonCode
  readonly text: string
  readonly vm: VmId | null
  readonly at: Instant
}

export interface StepContext {
  readonly self: HostId
  /** The start count that this host speaks with; it may learn a later one (`peer/own-life.ts`). */
  readonly incarnation: number
  readonly policy: Policy
  now(): Instant
  emit(effect: Effect): void
  /** The last record about this action may not be written yet: nothing that relies on it may be said. */
  isOwed(action: ActionId): boolean
  /** To this host itself, too: that is delivered within the same step, so that leader and member have one way to speak. */
  send(to: HostId, draft: Draft): void
  /** Something an operator should hear of; the same is said again at most once a minute. */
  warn(code: ReasonCode, text: string, vm?: VmId): void
  /** Integer in [0, below): the seeded stream, for jitter only. */
  random(below: number): number
  nextPartition(): PartitionId
  /** A number that no question of this host has had, in this life or an earlier one. */
  nextRound(): number
}

/** What only `peer.ts` does with a context. */
export interface StepControl extends StepContext {
  /** Time never runs back here, whatever the caller's clock does. */
  setTime(now: Instant): void
  /** From now on this host speaks with this start count; 0 = with none yet. */
  speakAs(incarnation: number): void
  /** The next message of this host to itself, or null. */
  nextOwn(): Message | null
  takeEffects(): readonly Effect[]
  /** All records of earlier steps are on disk. True when that is news of one. */
  written(): boolean
  /** Something was emitted or said in this step. */
  readonly spoke: boolean
  /** Newest first. */
  warnings(): readonly Warning[]
}

/** Of a step from which nothing follows. */
const none: readonly Effect[] = []

export const createStepContext = (
  self: HostId,
  incarnation: number,
  seed: number,
  policy: Policy,
): StepControl => {
  let time: Instant = 0
  let effects: Effect[] = []
  let partitions = 0
  let rounds = 0
  let speaking = incarnation
  const own: Message[] = []
  const owed = new Set<ActionId>()
  const bits = xorshift32(seed)
  let warnings: readonly Warning[] = []
  const warnedAt = new Map<string, Instant>()
  return {
    self,
    get incarnation() {
      return speaking
    },
    policy,
    now: () => time,
    emit(effect) {
      effects.push(effect)
      if (effect.kind !== 'persist') return
      const { record } = effect
      if (record.kind === 'opened') owed.add(record.open.action)
      else if (record.kind === 'closed') owed.add(record.action)
    },
    isOwed: (action) => owed.has(action),
    written() {
      if (owed.size === 0) return false
      owed.clear()
      return true
    },
    get spoke() {
      return effects.length > 0 || own.length > 0
    },
    send(to, draft) {
      const message = { ...draft, incarnation: speaking } as Message
      if (to === self) own.push(message)
      else effects.push({ kind: 'send', to, message })
    },
    warn(code, text, vm) {
      const key = `${code} ${vm ?? ''}`
      if (time - (warnedAt.get(key) ?? -limits.warningAgainMs) < limits.warningAgainMs) return
      if (warnedAt.size > limits.warningKeysMax) warnedAt.clear()
      warnedAt.set(key, time)
      warnings = [{ code, text, vm: vm ?? null, at: time }, ...warnings].slice(0, limits.warningsMax)
      effects.push({ kind: 'warn', code, text, vm: vm ?? null })
    },
    random(below) {
      assert(
        Number.isSafeInteger(below) && below >= 0,
        () => `lots are drawn below a whole number, not below ${below}`,
      )
      const drawn = bits()
      return below <= 1 ? 0 : drawn % below
    },
    // Incarnations are seconds apart; a life that asked a million questions has lasted longer than that.
    nextRound: () => (incarnation % 2 ** 30) * 2 ** 20 + ++rounds,
    nextPartition: () => partitionIdOf(self, speaking, ++partitions),
    speakAs(next) {
      speaking = next
    },
    setTime(now) {
      // A clock may be set back; one that tells no time is none.
      assert(Number.isFinite(now), () => `a step has a time, not ${now}`)
      time = Math.max(time, now)
    },
    nextOwn: () => own.shift() ?? null,
    takeEffects() {
      if (effects.length === 0) return none
      const out = effects
      effects = []
      return out
    },
    warnings: () => warnings,
  }
}

/** The earliest of some instants, or null when there is none. */
export const earliest = (all: Iterable<Instant | null>): Instant | null => {
  let min: Instant | null = null
  for (const at of all) if (at !== null && (min === null || at < min)) min = at
  return min
}

/** The earliest instant that these ask for, or null when there are none. */
export const earliestOf = <T>(all: Iterable<T>, at: (one: T) => Instant): Instant | null => {
  let min: Instant | null = null
  for (const one of all) {
    const instant = at(one)
    if (min === null || instant < min) min = instant
  }
  return min
}
