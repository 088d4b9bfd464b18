/**
 * Makes the schedule of a failure small: commands are taken away as long as the same promise is still broken (delta debugging,
 * Zeller and Hildebrandt 2002). Each concern has a stream of randomness of its own, so what is left goes on as before.
 */
import type { Outcome } from './play.ts'
import type { Schedule, TimedCommand } from './schedule.ts'

export interface ShrinkOptions {
  readonly play: (schedule: Schedule) => Promise<Outcome>
  /** How often it may play. */
  readonly playsMax: number
}

/** The promise that was broken first, and how, without names and numbers: a smaller schedule must break the same one. */
export const signatureOf = ({ violations: [first] }: Outcome): string | null =>
  first === undefined
    ? null
    : `${first.invariant} ${(first.text.split('\n')[0] ?? '').replace(/[\w./-]*\d[\w./-]*/g, '#')}`

/** The smallest sublist that this procedure finds for which the question is still answered yes. */
export const smallest = async <T>(
  items: readonly T[],
  stillFails: (items: readonly T[]) => Promise<boolean | null>,
): Promise<readonly T[]> => {
  let kept = items
  let parts = 2
  while (kept.length > 0) {
    const size = Math.ceil(kept.length / parts)
    let smaller: readonly T[] | null = null
    for (let from = 0; from < kept.length && smaller === null; from += size) {
      const without = [...kept.slice(0, from), ...kept.slice(from + size)]
      const fails = await stillFails(without)
      if (fails === null) return kept
      if (fails) smaller = without
    }
    if (smaller !== null) {
      kept = smaller
      parts = Math.max(2, parts - 1)
    } else if (size === 1) return kept
    else parts = Math.min(kept.length, parts * 2)
  }
  return kept
}

/** What comes after the first breach cannot have caused it. */
const cutOff = (schedule: Schedule, atMs: number): Schedule => {
  const before = ({ atMs: at }: TimedCommand): boolean => at <= atMs
  return {
    ...schedule,
    events: schedule.events.filter(before),
    ending: schedule.ending.filter(before),
    endMs: Math.min(schedule.endMs, Math.ceil(atMs) + 1),
    atRest: schedule.atRest && atMs >= schedule.endMs,
  }
}

/** The cluster's own command stays; rules and VMs may go. */
const parts = ({ setup }: Schedule) => ({ cluster: setup.slice(0, 1), rest: setup.slice(1) })

export const shrink = async (
  schedule: Schedule,
  failure: Outcome,
  { play, playsMax }: ShrinkOptions,
): Promise<Schedule> => {
  const signature = signatureOf(failure)
  let plays = 0
  /** Null: enough was tried. */
  const fails = async (smaller: Schedule): Promise<boolean | null> => {
    if (plays >= playsMax) return null
    plays += 1
    return signatureOf(await play(smaller)) === signature
  }
  let best = schedule
  const first = failure.violations[0]
  const shorter = first === undefined ? schedule : cutOff(schedule, first.atMs)
  if (await fails(shorter)) best = shorter
  const { cluster, rest } = parts(best)
  const events = await smallest(best.events, (some) => fails({ ...best, events: some }))
  best = { ...best, events }
  const setup = await smallest(rest, (some) => fails({ ...best, setup: [...cluster, ...some] }))
  best = { ...best, setup: [...cluster, ...setup] }
  // At rest all is healed, and an operator has done its part: without that the same promise would be broken for another reason.
  if (best.atRest) return best
  const ending = await smallest(best.ending, (some) => fails({ ...best, ending: some }))
  return { ...best, ending }
}
