/**
 * S11: no action of ours breaks a rule that held before, not even between two actions. Judged by the world's truth when a VM is
 * about to come to a host, when its hypervisor begins, which may be later, and when it is there. What an owner or a host's boot
 * has put there is not ours, if its host had not seen it when it let the VM in: a promise is not taken back, for its source may
 * have begun by it. A rule that need not hold throughout is judged when a VM is about to come, by where the plan leads as far as its
 * host knew of it when it let the VM in: later the plan may have failed.
 */
import type { ActionId, Assign, HostId, Problem, Rule, VmId } from '@drover/protocol'
import type { MigrationTruth } from '../hypervisor/events.ts'
import type { CopyTruth } from '../hypervisor/truth.ts'
import type { AgentEvent } from './agent-feed.ts'
import { type HostBook, partitionOf } from './host-book.ts'
import type { Check, Scene } from './scene.ts'
import { labelsIn } from './standing-rules.ts'

interface Coming {
  readonly vm: VmId
  readonly host: HostBook
  /** VMs that are there or on their way there, as far as its agent could know; without the one that comes. */
  readonly beside: readonly VmId[]
  /** The plan that brings it, and what it was made from. */
  readonly assign: Assign
  /** Its actions that have come to nothing, as the host knew of its own. */
  readonly failed: ReadonlySet<ActionId>
  readonly labelsOf: (vm: VmId) => readonly string[]
}

const homeIn = ({ vms }: Problem, vm: VmId): HostId | null => vms.find(({ id }) => id === vm)?.host ?? null

/** It leaves that host by this plan: a rule for the end of plans may wait for that. */
const leavesLater = ({ assign, host, failed }: Coming, vm: VmId): boolean =>
  assign.plan.actions.some(
    (action) => action.vm === vm && 'from' in action && action.from === host.id && !failed.has(action.id),
  )

/** What of the rule is broken by the arrival, in words; null = nothing that was not broken before. */
export const brokenBy = (rule: Rule, coming: Coming): string | null => {
  const { vm, host, beside, assign, labelsOf } = coming
  const home = homeIn(assign.problem, vm) === host.id
  const transient = rule.continuous === false
  // It only passes through.
  if (transient && leavesLater(coming, vm)) return null
  switch (rule.kind) {
    case 'spread': {
      if (!rule.vms.includes(vm)) return null
      const other = beside.find(
        (one) =>
          rule.vms.includes(one) &&
          !(home && homeIn(assign.problem, one) === host.id) &&
          !(transient && leavesLater(coming, one)),
      )
      return other === undefined ? null : `beside ${other}`
    }
    case 'ban':
      return rule.vms.includes(vm) && rule.hosts.includes(host.id) && !home ? 'which is banned' : null
    case 'fence':
      return rule.vms.includes(vm) && !rule.hosts.includes(host.id) && !home ? 'outside its fence' : null
    case 'labelCapacity': {
      const { label, max } = rule
      if (rule.hosts !== undefined && !rule.hosts.includes(host.id)) return null
      if (!labelsOf(vm).includes(label)) return null
      const there = beside.filter(
        (one) => labelsOf(one).includes(label) && !(transient && leavesLater(coming, one)),
      )
      const before = assign.problem.vms.filter(
        (one) => one.host === host.id && one.state === 'running' && one.labels?.includes(label) === true,
      )
      return there.length + 1 > Math.max(max, before.length)
        ? `with ${there.length} others of label ${label}`
        : null
    }
    default:
      return rule satisfies never
  }
}

type Perform = Extract<AgentEvent, { readonly kind: 'effect' }>['effect'] & { readonly kind: 'perform' }

/** A VM that an action of ours brings. */
interface Bringing extends Omit<Coming, 'beside'> {
  readonly action: ActionId
  /** What is there and not ours to heed: it was unseen when its host let the VM in, or came by other hands since. */
  readonly excused: Set<VmId>
}

/** A host has let a VM in, by its record. */
interface Admission {
  readonly host: HostBook
  /** What had failed of the plan, as that host knew. */
  readonly failed: ReadonlySet<ActionId>
  /** What was there unseen, or has come by other hands since. */
  readonly unseen: Set<VmId>
}

interface RuleState {
  readonly scene: Scene
  readonly hard: readonly Rule[]
  /** By VM, the action that was begun last. */
  readonly bringing: Map<VmId, Bringing>
  /** Arrivals that are over, since the host was last looked at. */
  readonly arrived: Map<HostBook, Set<VmId>>
  readonly failed: Map<HostBook, Set<ActionId>>
  /** Until the arrival is over. */
  readonly admissions: Map<ActionId, Admission>
}

type CopyFacts = Pick<CopyTruth, 'state' | 'pausedBy'>

/**
 * What a migration has left paused, while the VM runs elsewhere, is for an operator to remove; of two that it has left paused, an
 * operator chooses one.
 */
export const isLeftBehind = <C extends CopyFacts>(copy: C, all: Iterable<C>): boolean => {
  const isLeft = ({ state, pausedBy }: CopyFacts): boolean => state === 'paused' && pausedBy === 'migration'
  return (
    isLeft(copy) && [...all].some((other) => other !== copy && (other.state === 'running' || isLeft(other)))
  )
}

/** What is truly on that host, or on its way there. */
const presentAt = ({ scene: { world } }: RuleState, host: string): readonly VmId[] => {
  const copies = [...(world.inside.state.hosts.get(host)?.copies.values() ?? [])]
  const moving = world.migrations()
  const isLeft = (copy: (typeof copies)[number]): boolean =>
    isLeftBehind(copy, copy.vm.copies) && !moving.some((one) => one.vm === copy.vm.spec.vm)
  const there = copies.filter((copy) => copy.state !== 'shut' && !isLeft(copy)).map(({ vm }) => vm.spec.vm)
  const coming = moving.flatMap(({ vm, to }) => (to === host ? [vm] : []))
  return [...new Set([...there, ...coming])]
}

/** Its agent has seen the VM, has promised it a place, or has just brought it here. */
const knows = ({ arrived }: RuleState, book: HostBook, vm: VmId): boolean =>
  book.observed.some((one) => one.vm === vm) ||
  [...book.open.values()].some((open) => open.kind === 'arrival' && open.vm === vm) ||
  arrived.get(book)?.has(vm) === true

const unseenAt = (state: RuleState, book: HostBook): readonly VmId[] =>
  presentAt(state, book.name).filter((one) => !knows(state, book, one))

const judge = (state: RuleState, one: Bringing, rules: readonly Rule[]): void => {
  const { action, vm, host, excused } = one
  const beside = presentAt(state, host.name).filter((other) => other !== vm && !excused.has(other))
  for (const rule of rules) {
    const broken = brokenBy(rule, { ...one, beside })
    if (broken !== null)
      state.scene.findings.once(
        `S11 ${action} ${JSON.stringify(rule)}`,
        'S11',
        `${action} brings ${vm} to ${host.name} ${broken}, against rule ${rule.name ?? rule.kind}`,
      )
  }
}

const perform = (state: RuleState, book: HostBook, { action, operation }: Perform): void => {
  if (operation.kind === 'stop' || operation.kind === 'suspend') return
  const { books, world } = state.scene
  const host = operation.kind === 'migrate' ? books.get(operation.to) : book
  const assign = book.plans.get(partitionOf(action))
  if (host === undefined || assign === undefined) return
  const { vm } = operation
  const admission = state.admissions.get(action)
  const failed = admission?.failed ?? new Set(state.failed.get(host))
  const excused = new Set([...unseenAt(state, host), ...(admission?.unseen ?? [])])
  const bringing = { action, vm, host, assign, failed, labelsOf: labelsIn(world), excused }
  state.bringing.set(vm, bringing)
  judge(state, bringing, state.hard)
}

/** What other hands bring to a host is excused beside all that are brought there. */
const broughtByHand = ({ bringing, admissions }: RuleState, vm: VmId, to: string): void => {
  bringing.delete(vm)
  for (const { host, excused } of bringing.values()) if (host.name === to) excused.add(vm)
  for (const { host, unseen } of admissions.values()) if (host.name === to) unseen.add(vm)
}

const moves = (state: RuleState, { vm, to, byHand }: MigrationTruth): void => {
  if (byHand) return broughtByHand(state, vm, to)
  const one = state.bringing.get(vm)
  if (one?.host.name !== to) return
  judge(
    state,
    one,
    state.hard.filter(({ continuous }) => continuous !== false),
  )
}

/** Of the host's own book: what it knows that the observer's notes do not tell. */
const hear = (state: RuleState, event: AgentEvent, book: HostBook): void => {
  if (event.kind === 'input' && event.input.kind === 'observed') state.arrived.delete(book)
  if (event.kind === 'born') {
    state.arrived.delete(book)
    state.failed.delete(book)
  }
  if (event.kind !== 'written') return
  const { record } = event
  if (record.kind === 'opened' && record.open.kind === 'arrival')
    state.admissions.set(record.open.action, {
      host: book,
      failed: new Set(state.failed.get(book)),
      unseen: new Set(unseenAt(state, book)),
    })
  if (record.kind !== 'closed') return
  const { action, vm, end, result } = record
  const note = <T>(map: Map<HostBook, Set<T>>, one: T): void =>
    void map.set(book, (map.get(book) ?? new Set<T>()).add(one))
  if (end === 'arrival') state.admissions.delete(action)
  if (end === 'arrival' && result.kind === 'done') note(state.arrived, vm)
  if (end !== 'arrival' && result.kind !== 'done') note(state.failed, action)
}

export const createRuleCheck = (scene: Scene): Check => {
  const hard = scene.rules.filter(({ weight }) => weight === undefined)
  if (hard.length === 0) return {}
  const state: RuleState = {
    scene,
    hard,
    bringing: new Map(),
    arrived: new Map(),
    failed: new Map(),
    admissions: new Map(),
  }
  return {
    agent(event, book) {
      if (event.kind === 'effect' && event.effect.kind === 'perform') perform(state, book, event.effect)
      hear(state, event, book)
    },
    world(event) {
      if (event.kind === 'migration-started') moves(state, event.migration)
      if (event.kind === 'migration-ended' && event.end === 'moved') moves(state, event.migration)
      // A start of ours was judged when it was asked for.
      if (
        event.kind === 'vm' &&
        event.what === 'started' &&
        state.bringing.get(event.vm)?.host.name !== event.host
      )
        broughtByHand(state, event.vm, event.host)
    },
  }
}
