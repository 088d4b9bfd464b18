/** What a leader says to its members while a plan is carried out. */

import type { PartitionProblem, Plan } from '@drover/placement'
import type { Decision } from '../data/decision.ts'
import { byText, type HostId } from '../data/ids.ts'
import * as executor from '../execute/executor.ts'
import type { Desk } from '../step-context.ts'
import type { Attempt } from './partition-state.ts'

export const release = (desk: Desk, attempt: Attempt, host: HostId): void => {
  const member = attempt.members.get(host)
  if (member === undefined) return
  attempt.members.delete(host)
  if (attempt.intent === 'observe') return
  // Epoch 0: we have not heard its answer; the partition's id is enough.
  const epoch = member.state === 'granted' ? member.epoch : 0
  desk.send(host, { kind: 'release', partition: attempt.partition, epoch })
}

/** Members that no unfinished action touches go free at once. */
export const releaseUntouched = (desk: Desk, attempt: Attempt): void => {
  const needed = executor.touched(attempt.execution!)
  for (const host of [...attempt.members.keys()].sort(byText))
    if (!needed.has(host)) release(desk, attempt, host)
}

/** Every member that is left gets the whole plan, and what it was made from. */
export const assign = (
  desk: Desk,
  attempt: Attempt,
  { forecast: _, ...problem }: PartitionProblem,
  plan: Plan,
  decision: Decision,
): void => {
  const { partition } = attempt
  const granted = [...attempt.members]
    .flatMap(([host, member]) => (member.state === 'granted' ? [{ host, epoch: member.epoch }] : []))
    .sort((a, b) => byText(a.host, b.host))
  const epochs: Record<HostId, number> = Object.fromEntries(granted.map(({ host, epoch }) => [host, epoch]))
  for (const { host, epoch } of granted)
    desk.send(host, { kind: 'assign', partition, epoch, problem, plan, epochs, decision })
}

/** Begins what may begin now; an action whose performer is lost is refused on its behalf. */
export const beginUnblocked = (desk: Desk, attempt: Attempt): void => {
  const { partition } = attempt
  const { migrationsOutMax, migrationsInMax } = desk.policy
  for (const action of executor.unblocked(attempt.execution!, migrationsOutMax, migrationsInMax)) {
    const performer = executor.performerOf(action)
    const member = attempt.members.get(performer)
    attempt.execution = executor.begin(attempt.execution!, action.id)
    if (member?.state !== 'granted') {
      attempt.execution = executor.finish(attempt.execution, action.id, {
        kind: 'refused',
        code: 'partition.lost',
      })
      continue
    }
    // Our own start is known to the moment (`started`); for another's, the word to begin counts.
    if (performer !== desk.self) attempt.detectToPlanMs ??= desk.now() - attempt.need.since
    desk.send(performer, { kind: 'begin', partition, epoch: member.epoch, action: action.id })
  }
}

/** Keeps the leases alive, and says again what may have been lost: both are harmless to repeat. */
export const remind = (desk: Desk, attempt: Attempt): void => {
  const { partition } = attempt
  if (attempt.intent === 'observe') return
  for (const [host, member] of attempt.members)
    if (member.state === 'granted') desk.send(host, { kind: 'renew', partition, epoch: member.epoch })
  sayWhatRuns(desk, attempt)
}

/** To each source whose action has not ended: begin it; or, once the plan was called off, never begin it. */
export const sayWhatRuns = (desk: Desk, attempt: Attempt): void => {
  const { partition } = attempt
  for (const action of attempt.execution === null ? [] : executor.running(attempt.execution)) {
    const performer = executor.performerOf(action)
    const member = attempt.members.get(performer)
    if (member?.state !== 'granted') continue
    const about = { partition, epoch: member.epoch, action: action.id }
    if (attempt.execution?.calledOff === null) desk.send(performer, { kind: 'begin', ...about })
    else desk.send(performer, { kind: 'withdraw', ...about, vm: action.vm })
  }
}

/** Every participant keeps the record, so that any survivor can explain it. */
export const tellOutcome = (desk: Desk, attempt: Attempt, decision: Decision): void => {
  for (const { host } of decision.hosts)
    if (host !== desk.self)
      desk.send(host, { kind: 'recorded', partition: attempt.partition, epoch: 0, decision })
}
