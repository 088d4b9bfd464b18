/**
 * What operators ask of this host. An order (`migrate`) and a question (`plan`) become partitions as any need does, when
 * the host is free. One that finds the host busy for too long is refused rather than forgotten.
 */

import { assert, assertNever } from '@drover/placement'
import { limits } from '../data/config.ts'
import type { Instant, PartitionId } from '../data/ids.ts'
import type { Command, Reply } from '../data/io.ts'
import type { MigrateNeed } from '../data/need.ts'
import type { AnyCode, ReasonCode } from '../data/reasons.ts'
import type { Mode } from '../data/summary.ts'
import { type HostState, whyStaysHere } from '../snapshot/host.ts'
import { earliest, type StepContext } from '../step-context.ts'
import { drainOf } from './drain.ts'

const onlyLooks = 'mode is observe: nothing moves. Try: drover mode auto'

interface Waiting {
  readonly request: string
  readonly until: Instant
}

/** An order to migrate. `formed`: a partition serves it, so that only the partition's end ends it. */
interface Order extends MigrateNeed, Waiting {
  readonly formed: boolean
}

/** What waits, oldest first. */
interface CommandState {
  orders: readonly Order[]
  questions: readonly Waiting[]
}

export interface Commands {
  commanded(request: string, command: Command): void
  /** The orders to migrate, oldest first. */
  orders(): readonly MigrateNeed[]
  /** A partition was formed for this order. */
  formed(order: MigrateNeed, partition: PartitionId): void
  /** The partition of this order has ended. */
  ended(order: MigrateNeed): void
  /** The oldest question, taken out; null = none. */
  takeQuestion(): string | null
  answer(request: string, reply: Reply): void
  /** Refuses what waited too long, with what stands in its way. */
  tick(inTheWay: () => { readonly code: ReasonCode; readonly text: string }): void
  /** Refuses all that waits: none of it will be done any more. */
  refuseAll(code: ReasonCode, text: string): void
  nextAt(): Instant | null
}

export interface CommandHooks {
  mode(): Mode
  setMode(mode: Mode): void
  /** The drain was called off. */
  undrained(): void
  /** The operator's will changed: what was put off may be done now. */
  changed(): void
}

/** What carries a command out. */
interface CommandParts {
  readonly context: StepContext
  readonly host: HostState
  readonly hooks: CommandHooks
  readonly state: CommandState
}

export const createCommands = (context: StepContext, host: HostState, hooks: CommandHooks): Commands => {
  const state: CommandState = { orders: [], questions: [] }
  const parts: CommandParts = { context, host, hooks, state }
  return {
    commanded: (request, command) => carryOut(parts, request, command),

    orders: () => state.orders,

    formed(order, partition) {
      const formed = state.orders.some((one) => one.request === order.request && one.formed)
      assert(
        !formed,
        () => `one partition serves the order ${order.request}, and ${partition} would be a second one`,
      )
      state.orders = state.orders.map((one) =>
        one.request === order.request ? { ...one, formed: true } : one,
      )
      answer(parts, order.request, { kind: 'ok', text: order.text, decision: partition })
    },

    ended(order) {
      state.orders = state.orders.filter((one) => one.request !== order.request)
    },

    takeQuestion() {
      const [first, ...rest] = state.questions
      state.questions = rest
      return first?.request ?? null
    },

    answer: (request, reply) => answer(parts, request, reply),

    tick(inTheWay) {
      if (state.orders.length === 0 && state.questions.length === 0) return
      const late = waiting(state).filter((one) => one.until <= context.now())
      if (late.length === 0) return
      const { code, text } = inTheWay()
      drop(parts, late, code, text)
    },

    refuseAll: (code, text) => drop(parts, waiting(state), code, text),

    nextAt: () =>
      state.orders.length === 0 && state.questions.length === 0
        ? null
        : earliest(waiting(state).map((one) => one.until)),
  }
}

/** Each request is answered by its name: two that wait under one name would get one answer. */
const assertNew = ({ state }: CommandParts, request: string): void =>
  assert(
    !state.questions.some((one) => one.request === request) &&
      !state.orders.some((one) => one.request === request),
    () => `request ${request} waits once`,
  )

const unformed = ({ orders }: CommandState): readonly Waiting[] => orders.filter((order) => !order.formed)
const waiting = (state: CommandState): readonly Waiting[] => [...unformed(state), ...state.questions]

const answer = ({ context }: CommandParts, request: string, reply: Reply): void =>
  context.emit({ kind: 'reply', request, reply })
const ok = (parts: CommandParts, request: string, text: string): void =>
  answer(parts, request, { kind: 'ok', text, decision: null })
const refuse = (parts: CommandParts, request: string, code: AnyCode, text: string): void =>
  answer(parts, request, { kind: 'refused', code, text })

const drop = (parts: CommandParts, those: readonly Waiting[], code: ReasonCode, text: string): void => {
  const { state } = parts
  for (const { request } of those) refuse(parts, request, code, text)
  state.orders = state.orders.filter((order) => !those.includes(order))
  state.questions = state.questions.filter((question) => !those.includes(question))
}

const carryOut = (parts: CommandParts, request: string, command: Command): void => {
  const { context, hooks, state } = parts
  switch (command.kind) {
    case 'drain':
      return drain(parts, request, command)
    case 'undrain':
      hooks.undrained()
      setDraining(parts, false)
      return ok(parts, request, 'this host takes VMs again')
    case 'mode':
      hooks.setMode(command.mode)
      // A question moves nothing, and is answered in any mode.
      if (command.mode !== 'auto') drop(parts, unformed(state), 'mode.observe', onlyLooks)
      context.emit({ kind: 'persist', record: { kind: 'mode', mode: command.mode } })
      hooks.changed()
      return ok(parts, request, `mode is ${command.mode}`)
    case 'migrate':
      return migrate(parts, request, command)
    case 'plan':
      assertNew(parts, request)
      state.questions = [...state.questions, { request, until: context.now() + limits.commandWaitMs }]
      return
    default:
      return assertNever(command)
  }
}

const setDraining = ({ context, host, hooks }: CommandParts, draining: boolean): void => {
  host.draining = draining
  context.emit({ kind: 'persist', record: { kind: 'draining', draining } })
  hooks.changed()
}

type DrainCommand = Extract<Command, { readonly kind: 'drain' }>

/** Judged and begun in one step: no VM can become fixed between the two. */
const drain = (parts: CommandParts, request: string, { onBlocker, dryRun }: DrainCommand): void => {
  const { context, host, hooks } = parts
  const { leaving, blockers } = drainOf(host, context.now())
  if (!dryRun && onBlocker === 'abort' && blockers.length > 0)
    return answer(parts, request, {
      kind: 'refused',
      code: 'drain.blocked',
      text: `${blockers.length} VM${blockers.length === 1 ? '' : 's'} cannot leave; nothing was started`,
      blockers,
    })
  if (!dryRun && hooks.mode() !== 'auto') return refuse(parts, request, 'mode.observe', onlyLooks)
  if (!dryRun) setDraining(parts, true)
  answer(parts, request, {
    kind: 'drain',
    begun: !dryRun,
    leaving: leaving.map(({ vm, name }) => ({ vm, name })),
    blockers,
  })
}

type MigrateCommand = Extract<Command, { readonly kind: 'migrate' }>

const migrate = (parts: CommandParts, request: string, { vm: id, to }: MigrateCommand): void => {
  const { context, host, hooks, state } = parts
  const vm = host.vms.get(id)
  if (vm === undefined) return refuse(parts, request, 'vm.absent', 'this VM is not on this host')
  if (hooks.mode() !== 'auto') return refuse(parts, request, 'mode.observe', onlyLooks)
  const code = whyStaysHere(host, context.now(), vm, 'migrate', false)
  if (code !== null) return refuse(parts, request, code, `the VM must stay: ${code}`)
  if (to === context.self) return refuse(parts, request, 'vm.present', 'the VM is on this host already')
  const order: Order = {
    kind: 'migrate',
    reason: 'operator',
    since: context.now(),
    severity: 0,
    wanted: vm.demand,
    text: `an operator moves ${vm.name}`,
    vm: id,
    to,
    request,
    until: context.now() + limits.commandWaitMs,
    formed: false,
  }
  assertNew(parts, request)
  state.orders = [...state.orders, order]
}
