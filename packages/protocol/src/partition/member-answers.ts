/**
 * The members of a partition come and go: they grant or refuse, time runs out, their hosts die, a graver partition takes
 * them. When none is waited for any more, the partition goes on with those that it has.
 */

import { assert, assertNever } from '@drover/placement'
import { fitsInBytes } from '../codec.ts'
import { limits } from '../data/config.ts'
import { byText, type HostId } from '../data/ids.ts'
import type { Busy, Declined, Granted, Revoked } from '../data/message.ts'
import type { AnyCode, ReasonCode } from '../data/reasons.ts'
import { formulate } from '../snapshot/formulate.ts'
import { giveUp } from './carry-out.ts'
import { conclude } from './conclude.ts'
import { grow } from './invite.ts'
import { type Leadership, ledAs, type PartitionState, snapshotsOf } from './partition-state.ts'
import * as progress from './plan-progress.ts'
import { solve } from './solving.ts'

export const onGranted = (leader: Leadership, from: HostId, message: Granted): void => {
  const { context } = leader
  const { partition, epoch, snapshot } = message
  const state = ledAs(leader, partition)
  const member = state?.members.get(from)
  const release = () => context.send(from, { kind: 'release', partition, epoch })
  if (state === null || member?.state !== 'asked') {
    // Too late: it need not wait for its lease to lapse.
    if (epoch > 0 && member === undefined) release()
    return
  }
  const oddity = oddityOf(state, from, message)
  if (oddity !== null) {
    if (epoch > 0) release()
    return lose(leader, state, from, 'wire.garbage', oddity)
  }
  assert(
    state.phase === 'reserving',
    () => `partition ${partition} waits for ${from}, so it is reserving, not ${state.phase}`,
  )
  state.members.set(from, { state: 'granted', epoch, snapshot })
  advance(leader, state)
}

/** What an agent of this program never says: on such a grant nothing can be built. */
const oddityOf = ({ intent }: PartitionState, from: HostId, { epoch, snapshot }: Granted): string | null => {
  if (snapshot.host !== from) return `it granted with the snapshot of another host, ${snapshot.host}`
  return intent === 'lease' && epoch === 0 ? 'it granted a lease without an epoch' : null
}

export const onRefused = (leader: Leadership, from: HostId, message: Busy | Declined): void => {
  const state = ledAs(leader, message.partition)
  if (state === null || !state.members.has(from)) return
  if (message.kind === 'busy') lose(leader, state, from, 'partition.busy', `member of ${message.holder}`)
  else lose(leader, state, from, message.code, `declined: ${message.code}`)
}

export const onRevoked = (leader: Leadership, from: HostId, message: Revoked): void => {
  const state = ledAs(leader, message.partition)
  const member = state?.members.get(from)
  if (state === null || member?.state !== 'granted' || member.epoch !== message.epoch) return
  const text = message.code === 'wounded' ? 'taken by a higher-ranked partition' : `lease ${message.code}`
  lose(leader, state, from, 'partition.busy', text)
}

/** Those that have not answered in time are not waited for. */
export const loseSilent = (leader: Leadership, state: PartitionState): void => {
  for (const [host, member] of [...state.members]) {
    // With the last one the partition goes on, and may be over.
    if (member.state !== 'asked' || leader.current !== state) continue
    leader.context.send(host, { kind: 'release', partition: state.partition, epoch: 0 })
    lose(leader, state, host, 'partition.timeout', `no answer within ${limits.reserveMs} ms`)
  }
}

export const lose = (
  leader: Leadership,
  state: PartitionState,
  host: HostId,
  code: AnyCode,
  text: string,
): void => {
  const { partition, members, lost } = state
  assert(members.has(host), () => `partition ${partition} loses only a member, and ${host} is none`)
  assert(!lost.has(host), () => `partition ${partition} loses ${host} once`)
  const known = leader.hooks.candidates().find(({ summary }) => summary.host === host)
  members.delete(host)
  lost.set(host, { host, name: known?.summary.name ?? host, code, text })
  switch (state.phase) {
    case 'reserving':
      return advance(leader, state)
    case 'solving':
      // The problem being solved contains a host that is gone: its answer would be stale. Ask for another one.
      state.phase = 'reserving'
      return advance(leader, state)
    case 'executing':
      return giveUp(leader, state, code, (action) => progress.performerOf(action) === host)
    default:
      return assertNever(state.phase)
  }
}

/** Called whenever an answer came or a member went: goes on once no answer is waited for. */
const advance = (leader: Leadership, state: PartitionState): void => {
  const { context } = leader
  const { members, lost, need } = state
  if (state.phase !== 'reserving') return
  if ([...members.values()].some((member) => member.state === 'asked')) return
  if (!members.has(context.self)) {
    const code = lost.get(context.self)?.code ?? 'partition.busy'
    const isBusy = code === 'partition.busy'
    const text = isBusy ? 'this host is a member of another partition' : `this host cannot take part: ${code}`
    return conclude(leader, state, { result: 'failed', code, text })
  }
  if (members.size < 2 && need.kind !== 'none') {
    if (!grow(leader, state, 1)) concludeAlone(leader, state)
    return
  }
  state.reservedMs ??= context.now() - state.formedAt
  const outsized = oneTooMany(leader, state)
  if (outsized === null) return solve(leader, state)
  state.full = true
  const { host, epoch } = outsized
  if (epoch > 0) context.send(host, { kind: 'release', partition: state.partition, epoch })
  lose(leader, state, host, 'limit.size', 'with its VMs the problem is too large to be sent')
}

/** The member that was asked last, if the problem of all is too large for the message that takes it to them. */
const oneTooMany = (
  { context }: Leadership,
  state: PartitionState,
): { readonly host: HostId; readonly epoch: number } | null => {
  const snapshots = snapshotsOf(state)
  // A problem says less than the snapshots that it is made of.
  if (fitsInBytes(snapshots, limits.problemBytesMax)) return null
  const problem = formulate(snapshots, context.self, state.need, context.policy, state.target)
  const { forecast: _, ...sent } = problem
  if (fitsInBytes(sent, limits.problemBytesMax)) return null
  const [host, member] = [...state.members].findLast(([one]) => one !== context.self) ?? []
  return host === undefined || member?.state !== 'granted' ? null : { host, epoch: member.epoch }
}

/** The hosts that were lost for this reason; '' = none. */
const namesOf = ({ lost }: PartitionState, code: ReasonCode): string => {
  const names = [...lost.values()].flatMap((one) => (one.code === code ? [one.name] : [])).sort(byText)
  const more = names.length - limits.namesShownMax
  return `${names.slice(0, limits.namesShownMax).join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}

/** No other host is a member, and there is no more to ask. */
const concludeAlone = (leader: Leadership, state: PartitionState): void => {
  const [busy, silent] = [namesOf(state, 'partition.busy'), namesOf(state, 'partition.timeout')]
  const noAnswer = `no answer within ${limits.reserveMs} ms from ${silent}`
  if (busy !== '') {
    const text = `at work in other partitions: ${busy}${silent === '' ? '' : `; ${noAnswer}`}`
    return conclude(leader, state, { result: 'failed', code: 'partition.busy', text })
  }
  if (silent !== '')
    return conclude(leader, state, { result: 'failed', code: 'partition.timeout', text: noAnswer })
  if (state.full) {
    const text = 'the hosts that could help have too many VMs for one problem'
    return conclude(leader, state, { result: 'nothing', code: 'limit.size', text })
  }
  const text = 'no host that was asked can help'
  conclude(leader, state, { result: 'nothing', code: 'partition.exhausted', text })
}
