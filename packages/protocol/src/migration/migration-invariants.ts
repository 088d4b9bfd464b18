/**
 * What holds whenever a migration of this host changes or ends, and whenever one in doubt is judged, if this code is right. No
 * peer and no hypervisor can break it: what they say is refused before it gets here.
 */
import { type ActionResult, assert } from '@drover/placement'
import { limits } from '../data/config.ts'
import type { ActionId, VmId } from '../data/ids.ts'
import type { Duty } from '../data/io.ts'
import type { AnyCode } from '../data/reasons.ts'
import type { IncomingMigration } from './incoming-table.ts'
import type { OutgoingMigration, OutgoingPhase } from './outgoing-table.ts'
import type { Answers, Rounds } from './question-rounds.ts'
import type { DestinationVerdict, SourceVerdict } from './resolve-unknown.ts'

/** Its place on the way from the question to the end. */
const stageOf = (phase: OutgoingPhase): number => stages[phase]
const stages = { asking: 0, moving: 1, settling: 2, handing: 3 } as const satisfies Record<
  OutgoingPhase,
  number
>

/** A migration is to be begun: it is new, the VM has no other (S8), and there is room for it among those that leave (Q2). */
export const checkBegins = (
  all: ReadonlyMap<ActionId, OutgoingMigration>,
  action: ActionId,
  vm: VmId,
  max: number,
): void => {
  assert(!all.has(action), () => `${action} is begun once`)
  assert(all.size < max, () => `with ${action} no more than ${max} migrations leave`)
  for (const one of all.values()) assert(one.vm !== vm, () => `${vm} leaves by ${one.action} already`)
}

/** `before` null = it is new. */
export const checkOutgoingChange = (before: OutgoingMigration | null, next: OutgoingMigration): void => {
  checkOutgoing(next)
  if (before === null) {
    const { action, phase } = next
    assert(
      phase === 'asking' || phase === 'settling',
      () => `${action} begins by asking, or in doubt, not ${phase}`,
    )
    return
  }
  checkSameOutgoing(before, next)
  assert(
    stageOf(before.phase) <= stageOf(next.phase),
    () => `${next.action} goes on from ${before.phase}, and not back to ${next.phase}`,
  )
  assert(next.takenOver || !before.takenOver, () => `that ${next.vm} has run at ${next.to} is not taken back`)
  checkRoundsOf(next.action, before.rounds, next.rounds)
}

const checkOutgoing = (migration: OutgoingMigration): void => {
  const { action, phase, uri, tries, resuming, rounds, unreadThere } = migration
  assert(phase !== 'moving' || uri !== null, () => `${action} moves to a URI that was looked at`)
  assert(
    tries >= 0 && tries <= limits.handOverTriesMax,
    () => `${action} is handed over again at most ${limits.handOverTriesMax} times, not ${tries}`,
  )
  assert(phase === 'handing' || tries === 0, () => `${action} is handed over ${tries} times in ${phase}`)
  assert(
    !resuming || phase === 'settling' || phase === 'handing',
    () => `the VM of ${action} is resumed while in ${phase} (R1)`,
  )
  assert(
    unreadThere >= 0 && (unreadThere === 0 || phase === 'settling' || phase === 'handing'),
    () => `no VM of ${action} is let run at its destination while in ${phase} (R2)`,
  )
  assert(
    phase !== 'asking' || rounds.number === null,
    () => `nothing of ${action} is in doubt while its destination is asked`,
  )
}

const checkSameOutgoing = (before: OutgoingMigration, next: OutgoingMigration): void => {
  assert(
    before.vm === next.vm && before.to === next.to,
    () => `${next.action} moves ${before.vm} to ${before.to}, and not ${next.vm} to ${next.to}`,
  )
  assert(
    before.partition === next.partition && before.epoch === next.epoch && before.toEpoch === next.toEpoch,
    () =>
      `${next.action} stays under the leases ${before.epoch} and ${before.toEpoch} of ${before.partition}`,
  )
  assert(
    before.since === next.since && before.demand === next.demand,
    () => `${next.action} wants what it wanted when it began`,
  )
}

/** `before`: as it was known until now. */
export const checkOutgoingEnd = (
  before: OutgoingMigration | null,
  result: ActionResult,
  word: Duty['word'] | null,
): void => {
  assert(before !== null, () => `a migration ends once: ${result.kind}`)
  const { action, phase } = before
  assert(result.kind !== 'unknown', () => `${action} ends when it is known how`)
  assert(result.kind !== 'done' || stageOf(phase) > stageOf('asking'), () => `${action} is done in ${phase}`)
  assert(
    word === null || (word === 'hand-over') === (result.kind === 'done'),
    () => `the destination of ${action}, ${result.kind}, is told ${word}`,
  )
  assert(word === null || phase !== 'asking', () => `no word is owed of ${action}, which had not begun`)
}

/** `before` null = it is new. */
export const checkIncomingChange = (before: IncomingMigration | null, next: IncomingMigration): void => {
  const { action, vm, from } = next
  if (before === null) {
    assert(!next.letGo && !next.taking, () => `${vm} waits for ${from} when ${action} begins (R2)`)
    assert(next.rounds.number === null, () => `no question was asked of ${action} before it began`)
    return
  }
  assert(
    before.vm === vm && before.from === from,
    () => `${action} brings ${before.vm} from ${before.from}, and not ${vm} from ${from}`,
  )
  assert(
    before.partition === next.partition && before.epoch === next.epoch,
    () => `${action} stays under the lease ${before.epoch} of ${before.partition}`,
  )
  assert(before.demand === next.demand, () => `what was promised for ${action} stays promised (S9)`)
  assert(before.adopted === next.adopted, () => `${action} was found without a record, or was not`)
  assert(next.letGo || !before.letGo, () => `that ${from} has let ${vm} go is not taken back (R2)`)
  checkRoundsOf(action, before.rounds, next.rounds)
}

/** `refused` null = its VM runs here. */
export const checkIncomingEnd = (before: IncomingMigration | null, refused: AnyCode | null): void => {
  assert(before !== null, () => `an incoming migration ends once: ${refused ?? 'done'}`)
  const { action, vm, from, taking, adopted, letGo } = before
  assert(refused !== 'migration.cancelled' || !taking, () => `${vm} of ${action} is being let run already`)
  assert(
    refused !== null || !adopted || letGo,
    () => `${vm}, found here, runs when ${from} has let it go (R2)`,
  )
}

/** Rounds of questions only go on: an answer to an earlier one is known by its number. */
export const checkRoundsOf = (action: ActionId, before: Rounds, next: Rounds): void => {
  assert(
    before.number === null || next.number === null || next.number >= before.number,
    () => `round ${next.number} of ${action} comes after round ${before.number}`,
  )
  assert(
    next.number !== null || (next.here === null && next.there === null),
    () => `${action} has answers, ${next.here} and ${next.there}, to a question that was not asked`,
  )
}

const isNowhere = (seen: Answers['here']): boolean => seen === 'absent' || seen === 'shut' || seen === 'saved'

/** R1 and R2 once more, said of the verdict instead of the way to it. */
export const checkSourceVerdict = ({ kind }: SourceVerdict, { here, there, stable }: Answers): void => {
  assert(
    kind !== 'resume-here' || (here === 'paused' && isNowhere(there) && stable >= 1),
    () => `a VM ${here} here and ${there} there, ${stable} rounds alike, is not resumed here (R1)`,
  )
  assert(kind !== 'hand-over' || isNowhere(here), () => `a VM ${here} here is not handed over (R2)`)
  assert(
    kind !== 'give-up' || ((here === 'paused' || here === 'held') && there === 'paused'),
    () => `a VM ${here} here and ${there} there is not given up`,
  )
  assert(
    kind !== 'stayed' || (here === 'running' && there !== 'running') || (here === 'held' && isNowhere(there)),
    () => `a VM ${here} here and ${there} there has not stayed`,
  )
}

export const checkDestinationVerdict = (
  { kind }: DestinationVerdict,
  { here, there: source }: Answers,
): void => {
  assert(
    kind !== 'take-over' || isNowhere(source),
    () => `a VM that is ${source ?? 'not seen'} at its source does not run here (R2)`,
  )
  assert(kind !== 'forget' || here !== 'running', () => `a VM that is ${here} here is not forgotten (S2)`)
}

/** A word is owed to a destination, or has been. */
export const checkDuty = (duty: Duty, owed: ReadonlyMap<ActionId, unknown>): void => {
  assert(!owed.has(duty.action), () => `${duty.peer} is owed one word of ${duty.action}`)
  assert(duty.epoch >= 0, () => `the word of ${duty.action} goes to a lease, not ${duty.epoch}`)
}
