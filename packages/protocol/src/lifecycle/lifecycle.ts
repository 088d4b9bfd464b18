/**
 * Starts, stops, suspends and resumes of VMs on this host, each from a leader's word to what the hypervisor shows of it: look,
 * write down, perform, look, close. None is ever performed twice: what was begun and not seen to end is settled by
 * looking, by this life of the agent or a later one (S12).
 */

import { type ActionResult, noDemandStats, type Resources } from '@drover/placement'
import type { Assigned } from '../actions/assigned-action.ts'
import { calledOff } from '../actions/called-off.ts'
import type { ClosedActions } from '../actions/closed-actions.ts'
import type { Refusal } from '../actions/refusal.ts'
import type { UnreadResumes } from '../actions/unread-resumes.ts'
import { limits } from '../data/config.ts'
import { type ActionId, type HostId, type Instant, leaderOf, type VmId } from '../data/ids.ts'
import type { Input, OpenLifecycle } from '../data/io.ts'
import type { Begin, Presence, Withdraw } from '../data/message.ts'
import type { AnyCode, ReasonCode } from '../data/reasons.ts'
import type { PeerView } from '../data/view.ts'
import { arrive, depart, type HostState, isSameStart } from '../snapshot/host.ts'
import type { Expected, Promised } from '../snapshot/ledger.ts'
import { earliestOf, type StepContext } from '../step-context.ts'
import {
  answered,
  asked,
  brings,
  type LifecycleAction,
  lookingAction,
  openOf,
  performed,
  restoredAction,
  returned,
  verdictOf,
} from './lifecycle-action.ts'
import { type LifecycleStep, mayOperate, wrongState } from './may-operate.ts'

export interface LifecycleHooks {
  /** Why this host may begin nothing now, as a code, or null. */
  trouble(): ReasonCode | null
  /** Our hypervisor was told to change a VM. */
  started(action: ActionId): void
  /** An open migration of this host is about this VM. */
  moves(vm: VmId): boolean
  /** All that is to come to this host: promised, or brought by an operator. */
  coming(): readonly Expected[]
}

export interface Lifecycle {
  /** One is under way: the host is held (S5). */
  busy(): boolean
  /** An open one is about this VM. */
  operates(vm: VmId): boolean
  isOpen(action: ActionId): boolean
  /** VMs that are to run here: the ledger counts them until they do, or are known not to. */
  promises(): readonly Promised[]
  /** VMs that are to stop running here, until they are known to be gone or to stay, with what they wanted when that began. */
  leaving(): readonly { readonly vm: VmId; readonly demand: Resources }[]
  /** Null = it is under way. */
  begin(from: HostId, message: Begin, assigned: Assigned, step: LifecycleStep): Refusal | null
  /** Its leader wants no more of it: what has not begun never will. */
  withdraw(from: HostId, message: Withdraw): void
  learnt(input: Extract<Input, { readonly kind: 'finished' | 'inspected' | 'resumed' }>): void
  /** Our hypervisor answers again. */
  connected(): void
  /** This agent is to end: what has not begun never will. What has, the hypervisor ends by itself. */
  leave(): void
  /** Takes up what the journal had open. */
  restore(open: readonly OpenLifecycle[]): void
  tick(): void
  nextAt(): Instant | null
  view(now: Instant): Pick<PeerView, 'operations'>
}

interface Parts {
  readonly context: StepContext
  readonly host: HostState
  readonly closed: ClosedActions
  readonly unread: UnreadResumes
  readonly hooks: LifecycleHooks
  /** The open ones. One VM has at most one. */
  readonly all: Map<ActionId, LifecycleAction>
}

/** Most of the time nothing is under way. */
const none: readonly LifecycleAction[] = []

export const createLifecycle = (
  context: StepContext,
  host: HostState,
  closed: ClosedActions,
  unread: UnreadResumes,
  hooks: LifecycleHooks,
): Lifecycle => {
  const all = new Map<ActionId, LifecycleAction>()
  const parts: Parts = { context, host, closed, unread, hooks, all }
  return {
    busy: () => all.size > 0,
    operates: (vm) => operates(parts, vm),
    isOpen: (action) => all.has(action),
    promises: () => (all.size === 0 ? none : [...all.values()].filter(brings)),
    leaving: () => (all.size === 0 ? none : [...all.values()].filter((one) => !brings(one))),
    begin: (from, message, assigned, step) => begin(parts, from, message, assigned, step),
    withdraw(from, { action }) {
      const one = all.get(action)
      if (one?.phase === 'looking' && leaderOf(one.partition) === from) refuse(parts, one, calledOff)
    },
    learnt: (input) => learnt(parts, input),
    connected() {
      for (const one of [...all.values()]) if (one.phase === 'settling') ask(parts, one)
    },
    leave() {
      for (const one of [...all.values()])
        if (one.phase === 'looking')
          refuse(parts, one, { code: 'host.leaving', detail: 'this agent is being stopped' })
    },
    restore(open) {
      for (const one of open) put(parts, restoredAction(one, context.now()))
    },
    tick() {
      if (all.size > 0) for (const one of [...all.values()]) if (one.nextAt <= context.now()) due(parts, one)
    },
    nextAt: () => earliestOf(all.values(), (one) => one.nextAt),
    view: (now) => ({
      operations: [...all.values()].map(({ action, vm, kind, phase, since }) => ({
        action,
        vm,
        operation: kind,
        phase,
        sinceMs: now - since,
      })),
    }),
  }
}

const put = ({ all }: Parts, one: LifecycleAction): LifecycleAction => {
  all.set(one.action, one)
  return one
}

const operates = ({ all }: Parts, vm: VmId): boolean => [...all.values()].some((one) => one.vm === vm)

/** Where is its VM? Each question has its own number: an answer to an earlier one says nothing about now. */
const ask = (parts: Parts, one: LifecycleAction): void => {
  const { context } = parts
  const round = context.nextRound()
  put(parts, asked(one, round, context.now()))
  context.emit({ kind: 'inspect', action: one.action, round, vm: one.vm, at: null })
}

const begin = (
  parts: Parts,
  from: HostId,
  { partition, epoch }: Begin,
  assigned: Assigned,
  step: LifecycleStep,
): Refusal | null => {
  const { context, host, closed, hooks } = parts
  const may = mayOperate(host, assigned, step, hooks.coming(), closed, context.self)
  if ('code' in may) return may
  const trouble = hooks.trouble()
  if (trouble !== null) return { code: trouble, text: 'this host begins nothing now' }
  if (hooks.moves(step.vm) || operates(parts, step.vm))
    return { code: 'vm.job_active', text: 'another action works on the VM' }
  const known = { ...may, kind: step.kind, action: step.id, partition, epoch }
  ask(parts, lookingAction(known, from, context.now()))
  return null
}

const learnt = (parts: Parts, input: Parameters<Lifecycle['learnt']>[0]): void => {
  const one = parts.all.get(input.action)
  if (one === undefined) return
  if (input.kind === 'finished' && one.phase === 'performing') {
    parts.unread.answered(one.action, input.result.kind !== 'unknown')
    ask(parts, returned(one, input.result, parts.context.now()))
  }
  if (input.kind === 'inspected' && input.at === 'here' && one.round === input.round)
    looked(parts, one, input.presence)
}

const looked = (parts: Parts, before: LifecycleAction, presence: Presence | null): void => {
  const one = put(parts, answered(before, presence, parts.context.now()))
  if (one.phase === 'settling') settle(parts, one)
  else if (presence === null)
    refuse(parts, one, {
      code: 'hypervisor.unreachable',
      detail: 'the hypervisor does not say where the VM is',
    })
  else perform(parts, one, presence)
}

/** The last look before it begins: much may have been said since its leader wanted it. */
const perform = (parts: Parts, one: LifecycleAction, presence: Presence): void => {
  const { context, host, unread, hooks } = parts
  const wrong = wrongState(one.kind, presence)
  if (wrong !== null) return refuse(parts, one, { code: wrong.code, detail: wrong.text })
  const known = host.vms.get(one.vm)
  if (one.incarnation !== null && known !== undefined && !isSameStart(one.incarnation, known.incarnation))
    return refuse(parts, one, { code: 'vm.restarted', detail: 'the VM was started anew' })
  const trouble = hooks.trouble()
  if (trouble !== null) return refuse(parts, one, { code: trouble, detail: 'it may no longer begin' })
  put(parts, performed(one, context.now()))
  if (brings(one)) unread.asked(one.action, one.vm)
  // Durable first: after a crash it is settled by looking, and never begun again.
  context.emit({ kind: 'persist', record: { kind: 'opened', open: openOf(one) } })
  context.emit({ kind: 'perform', action: one.action, operation: { kind: one.kind, vm: one.vm } })
  hooks.started(one.action)
}

/** The time is over for an answer, or it is time to look again. */
const due = (parts: Parts, one: LifecycleAction): void => {
  const { context } = parts
  switch (one.phase) {
    case 'looking':
      // Nothing has begun: no answer in time is a refusal, not a doubt.
      return refuse(parts, one, {
        code: 'hypervisor.timeout',
        detail: 'the hypervisor did not answer in time',
      })
    case 'performing':
      sayThatItLasts(parts, one)
      put(parts, { ...one, nextAt: context.now() + limits.warningAgainMs })
      return
    case 'settling':
      return ask(parts, one.round === null ? one : answered(one, null, context.now()))
  }
}

const sayThatItLasts = ({ context }: Parts, { kind, vm, name, since }: LifecycleAction): void =>
  context.warn(
    'operation.slow',
    `${kind} of VM ${name === '' ? vm : name} has taken ${Math.round((context.now() - since) / 1_000)} s`,
    vm,
  )

const settle = (parts: Parts, one: LifecycleAction): void => {
  const now = parts.context.now()
  const verdict = verdictOf(one, now)
  switch (verdict.kind) {
    case 'wait':
      if (now - one.since >= limits.operationSlowMs) sayThatItLasts(parts, one)
      return
    case 'done':
      return close(parts, one, { kind: 'done' }, verdict.active, true)
    case 'refused': {
      if (verdict.code === 'vm.paused_by_suspend')
        parts.context.warn(verdict.code, `VM ${one.name} was to be suspended, and is paused`, one.vm)
      const answer = one.answer === null || one.answer.kind === 'done' ? null : one.answer
      const code = verdict.code ?? answer?.code ?? 'hypervisor.timeout'
      const detail = answer?.detail ?? `the hypervisor says that the VM is ${one.seen}`
      return close(parts, one, { kind: 'refused', code, detail }, verdict.active, true)
    }
  }
}

/** Nothing has begun, and nothing will. */
const refuse = (
  parts: Parts,
  one: LifecycleAction,
  why: { readonly code: AnyCode; readonly detail: string },
): void => close(parts, one, { kind: 'refused', ...why }, !brings(one), false)

/** `active`: its VM is active on this host now. `durable`: the journal has it open. */
const close = (
  { context, host, closed, all }: Parts,
  one: LifecycleAction,
  result: ActionResult,
  active: boolean,
  durable: boolean,
): void => {
  const { action, vm, partition, epoch } = one
  all.delete(action)
  const record = { action, vm, end: 'lifecycle', result } as const
  closed.remember(record)
  if (durable) context.emit({ kind: 'persist', record: { kind: 'closed', ...record, duty: null } })
  // From promise to use, or from use to nothing, with no sample between (S9).
  if (brings(one) && active && !host.vms.has(vm))
    arrive(host, { ...openOf(one), dirtyMiBps: null, demandStats: noDemandStats })
  if (!brings(one) && !active && host.vms.has(vm)) depart(host, vm)
  context.send(one.leader ?? leaderOf(partition), { kind: 'ended', partition, epoch, action, result })
  context.emit({ kind: 'sample' })
}
