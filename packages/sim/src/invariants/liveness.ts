/**
 * L1–L6: what must happen within a bound once a core of hosts is healed, while the rest stays broken. The observer looks at the
 * world and at the agents' own views, once a second, and shares no code with what it judges. A time begins with the first look that
 * sees what has to end, and is judged by a look that still sees it: it is never counted too long, and up to a second too short.
 * What may come and go between two looks, a partition that executes (L2), it is told of.
 */
import { type HostId, limits, type MigrationView, type PeerView, type VmId } from '@drover/protocol'
import { certificates } from '../curable.ts'
import type { MigrationTruth } from '../hypervisor/events.ts'
import type { World } from '../hypervisor/world.ts'
import type { AgentEvent, AgentFeed } from './agent-feed.ts'
import { createFindings, type Findings, type Liveness, type Violation } from './findings.ts'
import type { HostBook } from './host-book.ts'
import { isHeldByOwner, progressOf } from './lease-progress.ts'
import { createLeftOpen, type LeftOpen } from './left-open.ts'
import type { LivenessBounds } from './liveness-bounds.ts'

export interface LivenessInit {
  readonly world: World
  /** Numbers of the hosts that are healed now. */
  readonly core: readonly number[]
  readonly ids: readonly HostId[]
  /** What the living agent of that host says of itself; null = it has none. */
  readonly view: (host: number) => PeerView | null
  readonly bounds: LivenessBounds
  /** What the agents do: where a partition executes. */
  readonly agents: Pick<AgentFeed, 'listen'>
  /**
   * The plans that a host has sent or got, and what its journal has open: what was lost with a journal, or given up in time, its agent
   * cannot tell.
   */
  readonly bookOf: (host: HostId) => Pick<HostBook, 'plans' | 'held'> | null
  /** VMs that a rule concerns: whether they could move is not judged. */
  readonly ruled: (vm: string) => boolean
  /** That of a smaller core, healed before: what it found stays found. It is closed. */
  readonly before?: LivenessCheck | null
}

export interface LivenessCheck {
  /** All so far; each breach once. */
  violations(): readonly Violation[]
  /** The longest that each promise took to hold, ms: how near its bound it came. */
  longestMs(): Readonly<Record<Liveness, number>>
  close(): void
}

interface Core {
  readonly host: number
  readonly name: string
  readonly view: PeerView | null
}

/** What the observer looks at in one look. */
interface Look {
  readonly now: number
  readonly hosts: readonly Core[]
}

interface LivenessState extends LivenessInit {
  readonly findings: Findings
  readonly members: ReadonlySet<HostId>
  readonly healedAt: number
  readonly left: LeftOpen
  /** Since when each thing lasts that has to end; what is not seen any more is dropped. */
  readonly since: Map<string, number>
  readonly longest: Record<Liveness, number>
  /** When the agents of the core were started that have started since it was healed. */
  readonly bornAt: Map<HostId, number>
  /** When a partition of the core last ended, or began to execute. */
  progressAt: number
  /** By host of the core, the partition that executes there. */
  readonly executing: Map<HostId, string>
  /** By host, how many migrations of each of its VMs came to nothing during the overload that it has. */
  readonly vain: Map<string, Map<VmId, number>>
}

/** Since when it lasts, ms: from the first look that sees it. */
const lasts = (state: LivenessState, look: Look, seen: Set<string>, key: string): number => {
  seen.add(key)
  const since = state.since.get(key) ?? look.now
  state.since.set(key, since)
  return look.now - since
}

const judge = (state: LivenessState, promise: Liveness, key: string, ms: number, text: string): void => {
  state.longest[promise] = Math.max(state.longest[promise], ms)
  const bound = state.bounds[promise]
  if (ms > bound) state.findings.once(key, promise, `${text} for ${Math.round(ms)} ms; ${bound} allowed`)
}

/** Only where its other end answers, too, can an agent settle it. */
const within = ({ members }: LivenessState, one: MigrationView): boolean => members.has(one.peer)

/** All hosts of the partition, as this member knows them; null = it does not know, or one of them is not healed. */
const healedMembers = (
  state: LivenessState,
  view: PeerView,
  partition: string,
): ReadonlySet<HostId> | null => {
  const decision = view.decisions.find(({ id }) => id === partition)
  if (decision === undefined) return null
  const all = new Set([...decision.members, view.lease?.leader ?? view.host])
  return [...all].every((member) => state.members.has(member)) ? all : null
}

/** A lease of a partition whose members are all healed, and none of whose actions begins, ends or moves on. */
const judgeLeases = (state: LivenessState, look: Look, seen: Set<string>): void => {
  for (const { name, view } of look.hosts) {
    if (view?.lease == null) continue
    const { partition, epoch } = view.lease
    const members = healedMembers(state, view, partition)
    if (members === null || view.migrations.some((one) => !within(state, one))) continue
    if (isHeldByOwner(state, name)) continue
    const key = `L1 ${name} ${partition} ${epoch} ${progressOf(state, look.hosts, members)}`
    judge(
      state,
      'L1',
      key,
      lasts(state, look, seen, key),
      `${name} is leased to ${partition} without progress`,
    )
  }
}

/** A partition begins to execute on a host of the core, or ends there: that is progress. */
const noteExecuting = (state: LivenessState, host: HostId, partition: string | null): void => {
  if (!state.members.has(host) || (state.executing.get(host) ?? null) === partition) return
  if (partition === null) state.executing.delete(host)
  else state.executing.set(host, partition)
  state.progressAt = state.world.clock.now()
}

const hear = (state: LivenessState, event: AgentEvent): void => {
  if (event.kind === 'born') state.bornAt.set(event.host, state.world.clock.now())
  if (event.kind === 'stepped')
    noteExecuting(state, event.host, event.lease?.executing === true ? event.lease.partition : null)
  if (event.kind === 'ended') noteExecuting(state, event.host, null)
}

/** Partitions that all only try: none of them executes, none ends. */
const judgeProgress = (state: LivenessState, look: Look, seen: Set<string>): void => {
  // What has a plan executes, even if all that is under way is among hosts that are not healed.
  const leading = look.hosts.flatMap(({ host, view }) =>
    view?.leading == null || state.bookOf(state.ids[host]!)?.plans.has(view.leading) ? [] : [view.leading],
  )
  const executing = new Set(state.executing.values())
  for (const partition of leading) {
    if (executing.has(partition)) continue
    const ms = Math.min(
      lasts(state, look, seen, `L2 ${partition}`),
      look.now - Math.max(state.progressAt, state.healedAt),
    )
    judge(state, 'L2', `L2 ${partition}`, ms, `partition ${partition} and all others only try`)
  }
}

/**
 * Those that the agent itself would move at once: nothing keeps them, nor has kept them lately. A VM that is left alone after failed
 * moves, or rests, makes an overload incurable meanwhile: its host then has as long for the cure as if the overload had begun after.
 */
const freeToMove = (state: LivenessState, look: Look, seen: Set<string>): ReadonlySet<string> =>
  new Set(
    look.hosts.flatMap(({ view }) =>
      (view?.vms ?? [])
        .filter((vm) => vm.fixed === null && vm.cooldownMs === 0)
        .filter(({ vm }) => lasts(state, look, seen, `L3 may leave ${vm}`) > state.bounds.L3)
        .map(({ vm }) => vm),
    ),
  )

/** It has sent all that the guest's memory holds, and now what the guest has written meanwhile; or it takes very long. */
const isHeldUp = ({ now }: Look, { startedAt, transferredMiB, memoryMiB }: MigrationTruth): boolean =>
  transferredMiB > memoryMiB || now - startedAt > limits.migrationMsMin

/**
 * It leads one partition at a time, and waits for an action of hosts that are not healed as long as one may take, also when that
 * concerns no host of the core.
 */
const isWaiting = (state: LivenessState, look: Look, seen: Set<string>, { name, view }: Core): boolean => {
  if (view?.leading == null || state.bookOf(view.host)?.plans.has(view.leading) !== true) return false
  const ms = lasts(state, look, seen, `L3 led ${name} ${view.leading}`)
  const mostMiB = Math.max(0, ...state.world.vms().map(({ memoryMiB }) => memoryMiB))
  return healedMembers(state, view, view.leading) === null && ms <= state.bounds.ledMs(mostMiB)
}

/**
 * It is leased to none, and its lease is not to end, before a migration there does (S5) that a guest holds up, or whose other end is not
 * healed, or that was open when the core was healed: nothing can be cured there meanwhile. An agent that was started anew counts from
 * then; the world, from when it began. One that no journal accounts for any more holds it, too, until an operator has broken it off: no
 * agent does.
 */
const isHeld = (state: LivenessState, look: Look, { name, view }: Core): boolean => {
  if (view === null) return false
  if (state.left.holds(view.host, look.now)) return true
  const heldUp = state.world.migrations().filter((one) => isHeldUp(look, one))
  if (heldUp.some(({ from, to }) => from === name || to === name)) return true
  if (view.lease?.executing !== true) return view.migrations.some((one) => !within(state, one))
  const { partition } = view.lease
  const members = healedMembers(state, view, partition)
  if (members === null || [...members].some((one) => state.left.holds(one, look.now, partition))) return true
  const names = new Set(look.hosts.flatMap((one) => (members.has(state.ids[one.host]!) ? [one.name] : [])))
  return heldUp.some(({ from, to }) => names.has(from) && names.has(to))
}

const isAble = (view: PeerView | null): boolean =>
  view?.able === true && view.mode === 'auto' && !view.draining

/** Of one VM: after two it is left alone. */
const vainMax = 2

/** A migration that came to nothing is the fault's time, and not the cure's: the overload counts as begun that much later. */
const vainMigration = (state: LivenessState, { vm, from, startedAt }: MigrationTruth): void => {
  const key = `L3 ${from}`
  const since = state.since.get(key)
  const counts = state.vain.get(from) ?? new Map<VmId, number>()
  const before = counts.get(vm) ?? 0
  if (since === undefined || before >= vainMax) return
  state.vain.set(from, counts.set(vm, before + 1))
  const now = state.world.clock.now()
  state.since.set(key, Math.min(now, since + now - Math.max(startedAt, since)))
}

/** For how long a migration from that host has been under way in the last `ms`: whether it comes to nothing is not known yet. */
const underWayMs = (state: LivenessState, name: string, now: number, ms: number): number => {
  const counts = state.vain.get(name)
  const mine = state.world
    .migrations()
    .filter(({ from, vm }) => from === name && (counts?.get(vm) ?? 0) < vainMax)
  return Math.min(ms, Math.max(0, ...mine.map(({ startedAt }) => now - startedAt)))
}

const judgeOverloads = (state: LivenessState, look: Look, seen: Set<string>): void => {
  const { world } = state
  const overloaded = look.hosts.filter(({ name }) => {
    const { demand, capacity } = world.host(name)
    return demand.cpuMilli > capacity.cpuMilli || demand.memoryMiB > capacity.memoryMiB
  })
  const names = new Set(overloaded.map(({ name }) => name))
  for (const name of state.vain.keys()) if (!names.has(name)) state.vain.delete(name)
  const held = new Set(look.hosts.filter((core) => isHeld(state, look, core)).map(({ name }) => name))
  // A host that was held lately has had no time to help.
  const helps = look.hosts.filter(
    ({ name, view }) =>
      !held.has(name) && lasts(state, look, seen, `L3 free ${name}`) > state.bounds.L3 && isAble(view),
  )
  const free = freeToMove(state, look, seen)
  const late = overloaded.filter((core) => {
    const { name } = core
    const ms = lasts(state, look, seen, `L3 ${name}`)
    state.longest.L3 = Math.max(state.longest.L3, ms)
    // The time for which it is held does not count, nor that for which it can lead nothing else.
    if (held.has(name) || isWaiting(state, look, seen, core))
      state.since.set(`L3 ${name}`, look.now - ms + everyMs)
    return ms - underWayMs(state, name, look.now, ms) > state.bounds.L3
  })
  if (late.length === 0) return
  const able = new Set([...helps, ...late.filter(({ view }) => isAble(view))].map(({ name }) => name))
  const curable = certificates(
    late.map(({ name }) => name),
    {
      world,
      limit: (name) => state.bounds.curedAt(world.host(name).capacity),
      able: (name) => able.has(name),
      movable: ({ vm }) => free.has(vm) && !state.ruled(vm),
    },
  )
  for (const { host, moves } of curable)
    state.findings.once(
      `L3 ${host}`,
      'L3',
      `${host} is overloaded for more than ${state.bounds.L3} ms, though ${moves.map(({ vm, to }) => `${vm} could go to ${to}`).join(', ')}`,
    )
}

/** Those of which one has just started, the end of an orderly stop that began before, count from then. */
const judgeViews = (state: LivenessState, look: Look): void => {
  const seenSince = ({ host }: Core): number => state.bornAt.get(state.ids[host]!) ?? state.healedAt
  for (const one of look.hosts) {
    if (one.view === null) continue
    const alive = new Set(
      one.view.members.filter(({ state: is }) => is === 'alive' || is === 'self').map((m) => m.summary.host),
    )
    for (const other of look.hosts) {
      if (other.view === null || alive.has(state.ids[other.host]!)) continue
      const ms = look.now - Math.max(seenSince(one), seenSince(other))
      judge(state, 'L4', 'L4', ms, `${one.name} does not see ${other.name} alive`)
    }
  }
}

/** Every agent of the core was started at the latest when the core was healed, and tells of what its journal has open. */
const judgeReports = (state: LivenessState, look: Look, seen: Set<string>): void => {
  for (const { name, host, view } of look.hosts) {
    if (view === null) {
      const key = `L5 ${name}`
      judge(state, 'L5', key, lasts(state, look, seen, key), `${name} has no agent`)
      continue
    }
    const told = new Set<string>([...view.migrations, ...view.operations].map(({ action }) => action))
    for (const action of state.bookOf(state.ids[host]!)?.held ?? []) {
      if (told.has(action)) continue
      const key = `L5 ${name} ${action}`
      judge(state, 'L5', key, lasts(state, look, seen, key), `${name} does not tell of ${action}`)
    }
  }
}

/** Both ends answer, and it is not settled. An agent that has just started, as above, has asked neither before. */
const judgeUnknown = (state: LivenessState, look: Look, seen: Set<string>): void => {
  for (const { name, host, view } of look.hosts)
    for (const one of view?.migrations ?? []) {
      if (one.phase !== 'settling' || !within(state, one)) continue
      const key = `L6 ${name} ${one.action} ${state.bornAt.get(state.ids[host]!) ?? ''}`
      const moving = state.world.migrations().some(({ vm }) => vm === one.vm)
      if (moving) continue
      judge(
        state,
        'L6',
        key,
        lasts(state, look, seen, key),
        `${name} does not settle ${one.action} of ${one.vm}`,
      )
    }
}

const look = (state: LivenessState): void => {
  const at: Look = {
    now: state.world.clock.now(),
    hosts: state.core.map((host) => ({ host, name: `h${host}`, view: state.view(host) })),
  }
  const seen = new Set<string>()
  judgeLeases(state, at, seen)
  judgeProgress(state, at, seen)
  judgeOverloads(state, at, seen)
  judgeViews(state, at)
  judgeReports(state, at, seen)
  judgeUnknown(state, at, seen)
  for (const key of state.since.keys()) if (!seen.has(key)) state.since.delete(key)
}

/** It looks so often, ms. */
const everyMs = 1_000

/** The core has just been healed. It watches until it is closed. */
export const createLivenessCheck = (init: LivenessInit): LivenessCheck => {
  const { world, core, ids, before = null, bookOf, bounds } = init
  const members = new Set(core.map((host) => ids[host]!))
  const healedAt = world.clock.now()
  const state: LivenessState = {
    ...init,
    findings: createFindings(world.clock, () => {}),
    members,
    healedAt,
    left: createLeftOpen([...members], bookOf, bounds, healedAt),
    since: new Map(),
    longest: { L1: 0, L2: 0, L3: 0, L4: 0, L5: 0, L6: 0, ...before?.longestMs() },
    progressAt: world.clock.now(),
    bornAt: new Map(),
    executing: new Map(),
    vain: new Map(),
  }
  before?.close()
  const unlisten = world.events((event) => {
    if (event.kind === 'migration-ended' && event.end === 'stayed') vainMigration(state, event.migration)
  })
  const deafen = init.agents.listen((event) => hear(state, event))
  for (const host of core) {
    const lease = init.view(host)?.lease
    if (lease?.executing === true) state.executing.set(ids[host]!, lease.partition)
  }
  let cancel = (): void => {}
  const again = (): void => {
    look(state)
    cancel = world.clock.after(everyMs, again)
  }
  cancel = world.clock.after(everyMs, again)
  return {
    violations: () => [...(before?.violations() ?? []), ...state.findings.found],
    longestMs: () => state.longest,
    close() {
      cancel()
      unlisten()
      deafen()
    },
  }
}
