/**
 * The leader side of one partition, from the need to the outcome. One partition at a time; no host waits while it holds
 * a lease.
 *
 * 1. `form.ts` chooses the first hosts, and `invite.ts` asks them all at once.
 * 2. `member-answers.ts` takes in what they answer, and which are lost.
 * 3. `solving.ts` has their placement problem solved, judges the solution, and asks more hosts if it is not a cure.
 * 4. `carry-out.ts` sees the plan through; `tell-members.ts` is what the members are told meanwhile.
 * 5. `conclude.ts` ends it.
 *
 * `partition-state.ts` is all that is remembered of it, and `partition-invariants.ts` what holds of that.
 */

import type { Solution } from '@drover/placement'
import type { ActionId, HostId, Instant, PartitionId } from '../data/ids.ts'
import type { Busy, Declined, Ended, Granted, Revoked } from '../data/message.ts'
import type { Need } from '../data/need.ts'
import type { ReasonCode } from '../data/reasons.ts'
import type { StepContext } from '../step-context.ts'
import { callOff, giveUp, onEnded } from './carry-out.ts'
import { conclude } from './conclude.ts'
import { formPartition } from './form.ts'
import { lose, loseSilent, onGranted, onRefused, onRevoked } from './member-answers.ts'
import { checkPartition } from './partition-invariants.ts'
import { empties, type LeaderHooks, type Leadership, ledAs, renewMs } from './partition-state.ts'
import { onSolved } from './solving.ts'
import { remind } from './tell-members.ts'

export interface Leader {
  readonly leading: PartitionId | null
  /** `preferred`: the hosts to ask first, best first; none = any that is near and has room. */
  form(need: Need, intent: 'lease' | 'observe', preferred?: readonly HostId[]): PartitionId
  granted(from: HostId, message: Granted): void
  refused(from: HostId, message: Busy | Declined): void
  revoked(from: HostId, message: Revoked): void
  /** A member answers in words of a later version. */
  notUnderstood(from: HostId, partition: PartitionId): void
  solved(partition: PartitionId, round: number, solution: Solution): void
  ended(from: HostId, message: Ended): void
  /** The hypervisor of this host was told to move a VM of this plan. */
  started(action: ActionId): void
  /** The failure detector gave a host up. */
  dead(host: HostId): void
  /** Nothing of this partition begins any more; what runs is waited for. A partition that only looks moves nothing, and stays. */
  callOff(code: ReasonCode, text: string): void
  /** It ends here and now; what runs of it goes on without a leader. */
  end(code: ReasonCode, text: string): void
  /** The same as `callOff`, for a partition whose plan empties this host. */
  callOffDrain(text: string): void
  tick(): void
  nextAt(): Instant | null
}

export const createLeader = (context: StepContext, hooks: LeaderHooks): Leader => {
  const leader: Leadership = { context, hooks, current: null }
  /** After each transition. */
  const checked = <T>(result: T): T => {
    if (leader.current !== null) checkPartition(leader.current, context.self, context.now())
    return result
  }
  return {
    get leading() {
      return leader.current?.partition ?? null
    },
    form: (need, intent, preferred = []) => checked(formPartition(leader, need, intent, preferred)),
    granted: (from, message) => checked(onGranted(leader, from, message)),
    refused: (from, message) => checked(onRefused(leader, from, message)),
    revoked: (from, message) => checked(onRevoked(leader, from, message)),
    notUnderstood(from, partition) {
      const state = ledAs(leader, partition)
      if (state?.members.get(from)?.state !== 'asked') return
      // It may have given a lease: it need not wait for that to lapse.
      context.send(from, { kind: 'release', partition, epoch: 0 })
      checked(lose(leader, state, from, 'wire.not_understood', 'answers in words of a later version'))
    },
    solved(partition, round, solution) {
      const state = ledAs(leader, partition)
      if (state?.phase === 'solving' && state.round === round) checked(onSolved(leader, state, solution))
    },
    ended: (from, message) => checked(onEnded(leader, from, message)),
    started(action) {
      const { current } = leader
      if (current?.execution?.begun.has(action))
        current.detectToStartMs ??= context.now() - current.need.since
    },
    dead(host) {
      const { current } = leader
      if (current?.members.has(host))
        checked(lose(leader, current, host, 'host.unreachable', 'stopped answering'))
    },
    callOff(code, text) {
      const { current } = leader
      if (current?.intent === 'lease') checked(callOff(leader, current, code, text))
    },
    end(code, text) {
      const { current } = leader
      if (current !== null)
        conclude(leader, current, { result: 'failed', code, text }, current.execution?.plan ?? null)
    },
    callOffDrain(text) {
      const { current } = leader
      if (current?.intent === 'lease' && empties(current))
        checked(callOff(leader, current, 'operator.called_off', text))
    },
    tick: () => checked(onTick(leader)),
    nextAt() {
      const { current } = leader
      return current === null ? null : Math.min(current.deadline, current.renewAt)
    },
  }
}

const onTick = (leader: Leadership): void => {
  const { context, current: state } = leader
  if (state === null) return
  if (state.deadline <= context.now()) {
    if (state.phase === 'solving') {
      const text = 'the solver did not answer in time'
      return conclude(leader, state, { result: 'failed', code: 'solver.timeout', text })
    }
    if (state.phase === 'executing') giveUp(leader, state, 'partition.timeout')
    else loseSilent(leader, state)
  }
  if (leader.current === state && state.renewAt <= context.now()) {
    state.renewAt = context.now() + renewMs
    remind(context, state)
  }
}
