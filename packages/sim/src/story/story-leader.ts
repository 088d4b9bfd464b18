/**
 * A leader in a story that is not the product's: it knows no needs, and has a plan carried out that the story gives it. So
 * stories can tell of actions that no leader orders yet, before the members that carry them out.
 */
import type { Transport } from '@drover/agent/runtime'
import { labelsOf } from '@drover/placement'
import {
  type Action,
  type ActionResult,
  asHostId,
  asVmId,
  type Decision,
  decodeMessage,
  dimensions,
  encodeMessage,
  type HostId,
  type HostSnapshot,
  type Message,
  type PartitionId,
  type Problem,
  type ProblemVm,
  partitionIdOf,
  usableOf,
  type VmId,
} from '@drover/protocol'
import type { World } from '../hypervisor/world.ts'
import type { ManualClock } from '../time/clock.ts'

/** One action of the plan; `after`: indices of orders that must be done before. */
export interface Order {
  readonly kind: Action['kind']
  readonly vm: VmId
  /** Where it is done; of a migration, where the VM is. */
  readonly host: HostId
  readonly to?: HostId
  readonly after?: readonly number[]
}

/** How a plan goes. */
export interface Led {
  readonly partition: PartitionId
  /** Of each order, in their order; null = it has not ended. */
  readonly results: readonly (ActionResult | null)[]
  /** Nothing of it runs, and nothing more begins. */
  readonly over: boolean
}

export interface StoryLeader {
  lead(orders: readonly Order[]): Led
}

/** The end of the network that it speaks from. */
export const storyLeaderId = asHostId('story')

/** How often it says again what may have been lost, ms. */
const remindMs = 1_000
const incarnation = 1

interface Member {
  readonly incarnation: number
  readonly epoch: number
  readonly snapshot: HostSnapshot
}

interface PlanState extends Led {
  readonly orders: readonly Order[]
  readonly actions: readonly Action[]
  readonly results: (ActionResult | null)[]
  readonly begun: Set<number>
  readonly members: Map<HostId, Member>
  readonly hosts: readonly HostId[]
  assigned: boolean
  over: boolean
}

export const createStoryLeader = (clock: ManualClock, world: World, transport: Transport): StoryLeader => {
  let current: PlanState | null = null
  let plans = 0
  const say = (to: HostId, draft: Draft): void =>
    transport.send(to, encodeMessage({ ...draft, incarnation } as Message))

  const received = (from: HostId, bytes: Uint8Array): boolean => {
    const message = decodeMessage(bytes)
    if (message === null) return false
    if (current !== null && 'partition' in message && message.partition === current.partition)
      take(current, from, message)
    if (current !== null) goOn(say, world, current)
    return true
  }
  const remind = (): void => {
    if (current !== null) repeat(say, current)
    clock.after(remindMs, remind)
  }
  void transport.start({
    received,
    heard: () => true,
    connected() {},
    disconnected() {},
    stranger() {},
    silent() {},
  })
  clock.after(remindMs, remind)

  return {
    lead(orders) {
      plans += 1
      current = newPlan(partitionIdOf(storyLeaderId, incarnation, plans), orders)
      repeat(say, current)
      return current
    },
  }
}

/** A message before it names its sender. */
type Draft = Message extends infer M ? (M extends Message ? Omit<M, 'incarnation'> : never) : never
type Say = (to: HostId, draft: Draft) => void

const newPlan = (partition: PartitionId, orders: readonly Order[]): PlanState => ({
  partition,
  orders,
  actions: orders.map(({ kind, vm, host, to, after = [] }, i): Action => {
    const common = { id: idOf(partition, i), vm, after: after.map((k) => idOf(partition, k)) }
    if (kind === 'migrate') return { ...common, kind, from: host, to: to ?? host }
    return kind === 'suspend' || kind === 'stop'
      ? { ...common, kind, from: host }
      : { ...common, kind, to: host }
  }),
  results: orders.map(() => null),
  begun: new Set(),
  members: new Map(),
  hosts: [...new Set(orders.flatMap(({ host, to }) => (to === undefined ? [host] : [host, to])))],
  assigned: false,
  over: false,
})

const idOf = (partition: PartitionId, index: number): Action['id'] => `${partition}/${index}` as Action['id']

/** An answer of a member. One that speaks with a newer life has forgotten its lease: how its actions end is not known. */
const take = (plan: PlanState, from: HostId, message: Message): void => {
  const member = plan.members.get(from)
  if (message.kind === 'granted' && member === undefined && !plan.assigned)
    plan.members.set(from, {
      incarnation: message.incarnation,
      epoch: message.epoch,
      snapshot: message.snapshot,
    })
  if (member !== undefined && message.incarnation > member.incarnation)
    for (const [i, { host }] of plan.orders.entries())
      if (host === from && plan.begun.has(i))
        plan.results[i] ??= { kind: 'unknown', code: 'host.unreachable' }
  if (message.kind !== 'ended') return
  const i = plan.actions.findIndex(({ id }) => id === message.action)
  if (plan.begun.has(i)) plan.results[i] ??= message.result
}

/** What its state asks for next. */
const goOn = (say: Say, world: World, plan: PlanState): void => {
  if (plan.over || plan.members.size < plan.hosts.length) return
  if (!plan.assigned) assign(say, world, plan)
  const failed = plan.results.some((result) => result !== null && result.kind !== 'done')
  if (!failed) beginUnblocked(say, plan)
  const runs = [...plan.begun].some((i) => plan.results[i] === null)
  if (runs || (!failed && plan.results.includes(null))) return
  plan.over = true
  for (const [host, { epoch }] of plan.members)
    say(host, { kind: 'release', partition: plan.partition, epoch })
}

const assign = (say: Say, world: World, plan: PlanState): void => {
  const { partition, members, actions } = plan
  plan.assigned = true
  const epochs = Object.fromEntries([...members].map(([host, { epoch }]) => [host, epoch]))
  const common = {
    partition,
    problem: problemOf(world, plan),
    plan: { actions: [...actions, relief(plan)], makespanMs: 0 },
    epochs,
    decision: decisionOf(plan),
  }
  for (const [host, { epoch }] of members) say(host, { kind: 'assign', epoch, ...common })
}

/**
 * Members take part in a plan that cures something. So this leader says that it is overloaded by a VM of its own, which leaves it last
 * of all; that action never begins.
 */
const relief = ({ partition, members, actions }: PlanState): Action => ({
  kind: 'migrate',
  id: idOf(partition, actions.length),
  vm: storyVm,
  from: storyLeaderId,
  to: [...members].find(([, { snapshot }]) => !snapshot.draining)?.[0] ?? storyLeaderId,
  after: actions.map(({ id }) => id),
})

const storyVm = asVmId('of-the-story')
const needy = {
  host: {
    id: storyLeaderId,
    state: 'online',
    limit: dimensions.map(() => 0),
    cpuBaseline: null,
    failureDomain: null,
  },
  vm: {
    id: storyVm,
    host: storyLeaderId,
    state: 'running',
    wanted: 'running',
    demand: dimensions.map(() => 1),
    memoryMiB: 1,
    dirtyMiBps: 0,
    movable: true,
  },
} as const

const stateAfter = {
  suspend: 'sleeping',
  stop: 'ready',
  start: 'running',
  resume: 'running',
  migrate: 'running',
} as const

/** What the members froze, and beside it the VMs that the plan starts or resumes, as the world has them. */
const problemOf = (world: World, { members, orders }: PlanState): Problem => {
  const wantedOf = (vm: VmId): ProblemVm['wanted'] => {
    const last = orders.findLast((order) => order.vm === vm)
    return last === undefined ? 'running' : stateAfter[last.kind]
  }
  const snapshots = [...members.values()].map(({ snapshot }) => snapshot)
  const active = snapshots.flatMap(({ host, vms }) =>
    vms.map(
      (vm): ProblemVm => ({
        id: vm.vm,
        host,
        state: 'running',
        wanted: wantedOf(vm.vm),
        demand: dimensions.map((d) => vm.demand[d]),
        memoryMiB: vm.demand.memoryMiB,
        dirtyMiBps: vm.dirtyMiBps,
        movable: vm.fixed === null,
        ...labelsOf(vm),
      }),
    ),
  )
  const known = new Set(active.map(({ id }) => id))
  const inactive = orders
    .filter(({ vm }, i) => !known.has(vm) && orders.findIndex((one) => one.vm === vm) === i)
    .map(({ vm, kind, host }): ProblemVm => {
      const { cpuMilli, memoryMiB } = world.vm(vm)
      const sleeps = kind === 'resume'
      return {
        id: vm,
        host: sleeps ? host : null,
        state: sleeps ? 'sleeping' : 'ready',
        wanted: wantedOf(vm),
        demand: dimensions.map((d) => ({ cpuMilli, memoryMiB })[d]),
        memoryMiB,
        dirtyMiBps: 0,
        movable: true,
      }
    })
  return {
    dimensions,
    hosts: [
      ...snapshots.map(({ host, capacity, reserve, promisedIn, draining, cpuBaseline, failureDomain }) => ({
        id: host,
        state: draining ? ('draining' as const) : ('online' as const),
        limit: dimensions.map((d) => Math.max(0, usableOf({ capacity, reserve })[d] - promisedIn[d])),
        cpuBaseline,
        failureDomain,
      })),
      needy.host,
    ],
    vms: [...active, ...inactive, needy.vm],
    rules: snapshots[0]?.rules ?? [],
    bandwidthMiBps: 125,
    migrationsOutMax: 1,
    migrationsInMax: 1,
  }
}

const decisionOf = ({ partition, actions, hosts }: PlanState): Decision => ({
  id: partition,
  leader: storyLeaderId,
  leaderName: 'story',
  reason: 'operator',
  need: 'the story asks for it',
  mode: 'auto',
  members: hosts,
  candidates: [],
  stayed: [],
  actions: actions.map((action) => ({
    action,
    vmName: action.vm,
    demand: { cpuMilli: 0, memoryMiB: 0 },
    result: null,
  })),
  hosts: [],
  result: 'running',
  code: null,
  text: 'under way',
  detectedAt: 0,
  reservedMs: null,
  solvedMs: null,
  detectToStartMs: null,
  endedMs: null,
  asMember: false,
})

const beginUnblocked = (say: Say, plan: PlanState): void => {
  const isDone = (i: number): boolean => plan.results[i]?.kind === 'done'
  for (const [i, { host, after = [] }] of plan.orders.entries()) {
    if (plan.begun.has(i) || !after.every(isDone)) continue
    plan.begun.add(i)
    sayBegin(say, plan, i, host)
  }
}

const sayBegin = (say: Say, { partition, members, actions }: PlanState, i: number, host: HostId): void => {
  const { epoch } = members.get(host)!
  say(host, { kind: 'begin', partition, epoch, action: actions[i]!.id })
}

/** Asks the hosts that have not granted, assigns when all have, keeps the leases, and repeats what may have been lost. */
const repeat = (say: Say, plan: PlanState): void => {
  const { partition, hosts, members } = plan
  if (plan.over) return
  const rank = { severity: 1_000, ageMs: 0, partition }
  for (const host of hosts)
    if (!members.has(host))
      say(host, { kind: 'reserve', partition, epoch: 0, rank, reason: 'operator', intent: 'lease' })
  for (const [host, { epoch }] of members) say(host, { kind: 'renew', partition, epoch })
  for (const i of plan.begun) if (plan.results[i] === null) sayBegin(say, plan, i, plan.orders[i]!.host)
}
