/**
 * Asks both ends of an unfinished action in rounds. A verdict rests on the answers of one round: an answer to an earlier
 * question says nothing about now, and is dropped by its number.
 */
import { limits } from '../data/config.ts'
import { backOffMs } from '../data/exponential-back-off.ts'
import type { Instant } from '../data/ids.ts'
import type { Presence } from '../data/message.ts'
import type { AlarmCode } from '../data/view.ts'

/** `null`: that end has not answered. */
export type Seen = Presence | null

/** No copy of the VM is active there. */
export const nowhere = (seen: Seen): boolean => seen === 'absent' || seen === 'shut' || seen === 'saved'

/** What a verdict is reached from. */
export interface Answers {
  /** Of our own hypervisor, and of the other end, in one round. */
  readonly here: Seen
  readonly there: Seen
  /** Rounds in a row before this one that had the same two answers. */
  readonly stable: number
  /** The other end's agent has answered, and not its hypervisor for it. */
  readonly byAgent: boolean
  /**
   * For how long our own hypervisor has given the same answer, without a break, ms: up to the last question, since the answer to it
   * says nothing of the time that the other end took for its own.
   */
  readonly steadyMs: number
}

export interface Rounds {
  /** Of the round under way; null = no one was asked yet. */
  readonly number: number | null
  readonly begunAt: Instant
  readonly here: Seen
  readonly there: Seen
  /** Since when `here` is what it is; counts only while `here` is an answer. */
  readonly hereSince: Instant
  /** The round before this one: its answers, and for how many rounds in a row before it they were the same. */
  readonly before: { readonly here: Seen; readonly there: Seen; readonly stable: number } | null
  /** Rounds in a row that the other agent left unanswered: after the first its hypervisor is asked directly. */
  readonly silence: number
  /** Rounds in a row that ended with an answer missing: the next one waits longer. */
  readonly missed: number
  /** What the last verdict left for an operator to see. */
  readonly alarm: DoubtAlarm | null
}

/** It runs at both ends; or it is paused, and whether it runs at the other end is not known. */
export type DoubtAlarm = Extract<AlarmCode, 'vm.double' | 'vm.paused_in_doubt'>

export const notAsked: Rounds = {
  number: null,
  begunAt: 0,
  here: null,
  there: null,
  hereSince: 0,
  before: null,
  silence: 0,
  missed: 0,
  alarm: null,
}

/** Both ends have answered. */
export const isWhole = ({ here, there }: Rounds): boolean => here !== null && there !== null

const stableOf = ({ here, there, before }: Rounds): number =>
  before !== null && before.here === here && before.there === there ? before.stable + 1 : 0

/** `number` is one that no earlier question of this host had. */
export const nextRound = (rounds: Rounds, number: number, now: Instant): Rounds => {
  const { here, there } = rounds
  return {
    ...rounds,
    number,
    begunAt: now,
    here: null,
    there: null,
    before: rounds.number === null ? null : { here, there, stable: stableOf(rounds) },
    silence: rounds.silence + 1,
    missed: rounds.number === null || isWhole(rounds) ? 0 : rounds.missed + 1,
  }
}

/** Begins anew: what was under way proves nothing. The other agent counts as silent: its hypervisor is asked at once. */
export const restarted = (): Rounds => ({ ...notAsked, silence: 1 })

export const heardHere = (rounds: Rounds, here: Presence, now: Instant): Rounds => ({
  ...rounds,
  here,
  hereSince: rounds.before?.here === here ? rounds.hereSince : now,
})

/** `agent`: it knows more than its hypervisor, whose word no longer counts once it has spoken. */
export const heardThere = (rounds: Rounds, there: Presence, by: 'agent' | 'hypervisor'): Rounds => {
  if (by === 'agent') return { ...rounds, there, silence: 0 }
  return rounds.silence === 0 ? rounds : { ...rounds, there }
}

/** When the round under way ends: soon when both have answered, later when answers have been missing lately. */
export const endOf = (rounds: Rounds): Instant => {
  const { settlePollMs, settleRoundMsMax } = limits
  const waitMs = isWhole(rounds) ? settlePollMs : backOffMs(rounds.missed + 1, settlePollMs, settleRoundMsMax)
  return rounds.begunAt + waitMs
}

/**
 * The other agent speaks again, and the round waits for an answer that it will not give any more: begin anew. Not more often
 * than rounds end by themselves: two agents whose hypervisors are silent would ask each other without end.
 */
export const isOvertaken = (rounds: Rounds, now: Instant): boolean =>
  rounds.number !== null && rounds.there === null && rounds.begunAt + limits.settlePollMs <= now

export const answersOf = (rounds: Rounds): Answers => ({
  here: rounds.here,
  there: rounds.there,
  stable: stableOf(rounds),
  byAgent: rounds.there !== null && rounds.silence === 0,
  steadyMs: rounds.here === null ? 0 : Math.max(0, rounds.begunAt - rounds.hereSince),
})
