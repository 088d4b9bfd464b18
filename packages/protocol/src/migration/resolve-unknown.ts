/**
 * What two hypervisors' answers about one VM mean, and what may be done (invariants R1, R2, S12). Pure: the whole
 * table is here, and nothing else decides about a VM whose migration ended in doubt.
 */

import { assertNever } from '@drover/placement'
import { limits } from '../data/config.ts'
import type { ReasonCode } from '../data/reasons.ts'
import { checkDestinationVerdict, checkSourceVerdict } from './migration-invariants.ts'
import { type Answers, type DoubtAlarm, nowhere, type Seen } from './question-rounds.ts'

/** What the source's agent does with an action whose end is not known. */
export type SourceVerdict =
  | { readonly kind: 'wait'; readonly warning: DoubtAlarm | null }
  /** It never left: it runs here and no job touches it. */
  | { readonly kind: 'stayed' }
  /** R1: paused here, positively absent there: resume it here. */
  | { readonly kind: 'resume-here' }
  /** Positively gone from here: the destination may let it run (R2). */
  | { readonly kind: 'hand-over' }
  /** Both paused, for good: ours is given up, durably, before the other is told that it may run. */
  | { readonly kind: 'give-up' }
  /** It runs there. `staleCopy`: a paused copy is left here for the operator; drover never destroys. */
  | { readonly kind: 'arrived'; readonly staleCopy: boolean }
  /** Active at neither end, again and again: nothing is left to settle, and the operator is told. */
  | { readonly kind: 'gone' }

const active = (seen: Seen) => seen === 'running' || seen === 'paused' || seen === 'held'
const wait = { kind: 'wait', warning: null } as const

export const judgeSource = (answers: Answers): SourceVerdict => {
  const verdict = sourceVerdict(answers)
  checkSourceVerdict(verdict, answers)
  return verdict
}

const sourceVerdict = ({ here, there, stable, steadyMs }: Answers): SourceVerdict => {
  // A busy daemon may not have read the request yet (lateStartMs); what the destination says meanwhile proves nothing.
  const stayed: SourceVerdict = steadyMs >= limits.lateStartMs ? { kind: 'stayed' } : wait
  switch (here) {
    case null:
    case 'outgoing':
    case 'incoming':
      return wait
    case 'running':
      if (there === 'running') return { kind: 'wait', warning: 'vm.double' }
      return stayed
    case 'held':
      // Only its owner, by which it is paused, lets it run.
      if (nowhere(there)) return stayed
      return bothCopies(there, stable)
    case 'paused':
      // Seen twice: the second "absent" was asked for when ours was paused already, so no copy was still to come.
      if (nowhere(there)) return stable >= 1 ? { kind: 'resume-here' } : wait
      return bothCopies(there, stable)
    case 'absent':
    case 'shut':
    case 'saved':
      if (there === 'running' || there === 'held' || there === 'outgoing')
        return { kind: 'arrived', staleCopy: false }
      if (there === 'paused') return { kind: 'hand-over' }
      // Stopped by its owner, or moved on since: no copy is left that this action could lose or double.
      if (nowhere(there)) return stable >= 3 ? { kind: 'gone' } : wait
      // Gone from here is all that the destination needs to know. Should it be dead, it cannot be told; but nothing of the VM
      // is left here to wait for.
      return there === null && stable >= 1 ? { kind: 'hand-over' } : wait
    default:
      return assertNever(here)
  }
}

/** A copy is paused here, and there may be one there. */
const bothCopies = (there: Seen, stable: number): SourceVerdict => {
  // What its owner has paused there has run there.
  if (there === 'running' || there === 'held') return { kind: 'arrived', staleCopy: true }
  // Both paused, and no job at either end: complete forward. Our copy is given up durably before the hand-over
  // is said (adr/004), so that at most one of the two is ever resumed by drover.
  if (there === 'paused' && stable >= 2) return { kind: 'give-up' }
  return { kind: 'wait', warning: 'vm.paused_in_doubt' }
}

/** What the destination's agent does with a promise whose source does not speak up. */
export type DestinationVerdict =
  | { readonly kind: 'wait'; readonly warning: DoubtAlarm | null }
  /** The source is positively rid of it: let it run here, unless it does, or its owner has paused it since (R2). */
  | { readonly kind: 'take-over' }
  /** It will not come, or its copy here must never run: forget the promise. */
  | { readonly kind: 'forget'; readonly warning: ReasonCode | null }

/** `expired`: the promise may no longer be used to begin a migration, with a margin for clocks and slow calls. */
export const judgeDestination = (answers: Answers, expired: boolean): DestinationVerdict => {
  const verdict = destinationVerdict(answers, expired)
  checkDestinationVerdict(verdict, answers)
  return verdict
}

const destinationVerdict = (
  { here, there: source, stable, byAgent }: Answers,
  expired: boolean,
): DestinationVerdict => {
  if (here === null) return wait
  if (here === 'running' && nowhere(source)) return { kind: 'take-over' }
  if (here === 'running') return { kind: 'wait', warning: source === 'running' ? 'vm.double' : null }
  const isPaused = here === 'paused' || here === 'held'
  if (isPaused && nowhere(source)) return { kind: 'take-over' }
  // Seen twice: at the second look the source ran although the copy was here already, so it did not run before it left.
  if (isPaused && source === 'running')
    return stable >= 1 ? { kind: 'forget', warning: 'vm.stale_copy' } : wait
  // Its agent would have given its copy up by now, if it knew of the action: its record is lost. No end lets its copy run any more, and an
  // operator decides. Should that agent speak of it after all, the copy here is taken up anew.
  if (
    isPaused &&
    (source === 'paused' || source === 'held') &&
    byAgent &&
    expired &&
    stable >= limits.givenUpRounds
  )
    return { kind: 'forget', warning: null }
  if (isPaused) return { kind: 'wait', warning: source === null ? 'vm.paused_in_doubt' : null }
  if (!nowhere(here) || !expired) return wait
  // Nothing has come, and no migration can begin on the promise any more: wherever the VM is, it is not coming. A source
  // that is silent must have been so for more than one round.
  if (active(source) || nowhere(source)) return { kind: 'forget', warning: null }
  return source === null && stable >= 1 ? { kind: 'forget', warning: null } : wait
}
