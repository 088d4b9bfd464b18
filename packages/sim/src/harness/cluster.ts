/**
 * A cluster in one process: real agents over real libp2p (TCP on loopback, noise, gossipsub, a cluster key), one
 * simulated world below them. For the demo, for tests here, and for tests of your own.
 */
import { type Agent, createWorkerSolver } from '@drover/agent'
import {
  byText,
  type Decision,
  type HostId,
  type Mode,
  type PeerView,
  type Policy,
  policyOf,
  type Resources,
  type Rule,
  usableOf,
  type VmId,
} from '@drover/protocol'
import type { SimulatedOptions } from '../hypervisor/driver-state.ts'
import { createWorld, type World } from '../hypervisor/world.ts'
import { type Checker, createChecker, type Violation } from '../invariants/checker.ts'
import { randomOf } from '../random.ts'
import { realClock } from '../time/clock.ts'
import { createCuts } from './cuts.ts'
import { createDecisionHistory, type DecisionHistory } from './decision-history.ts'
import { type HarnessState, memberOf, overloadedHosts, quiet, viewsOf, waitFor } from './harness-state.ts'
import { bootstrapOf, crowd, type JoinProgress, joinAll } from './join.ts'
import { layoutOf } from './layout.ts'
import { createWorkload, type OverloadOptions } from './load-changes.ts'
import { clusterKeyOf, createMember, type Member } from './member.ts'
import { slowGossip } from './slow-gossip.ts'

export interface ClusterOptions {
  /** Default 16. */
  readonly hosts?: number
  /** Default 8. */
  readonly vmsPerHost?: number
  /** Decides all that is drawn: layout, identities, jitter, which hosts are overloaded. Default 1. */
  readonly seed?: number
  /** Changes to the harness's own policy: short hold, so that things happen in seconds. */
  readonly policy?: Partial<Policy>
  /** Default `auto`. */
  readonly mode?: Mode
  readonly rules?: readonly Rule[]
  /** How often each agent looks at its hypervisor, ms. Default 100, more with more than 25 hosts. */
  readonly sampleMs?: number
  /** Of every host. Default 8 cores, 32 GiB. */
  readonly capacity?: Resources
  /** Kept free on every host. Default one core, 2 GiB. */
  readonly reserve?: Resources
  /** CPU demand of a host at the start, permille of what is usable. Default 600. */
  readonly loadPermille?: number
  /** MiB/s of one migration alone on its links (1250). Default 500: a VM takes a few seconds. */
  readonly migrationMiBps?: number
  readonly simulated?: SimulatedOptions
  /** How long all agents may take to be up and know each other, ms. Default 30,000. */
  readonly joinMs?: number
  /** Called while the agents start. */
  readonly onProgress?: (progress: JoinProgress) => void
}

export interface Cluster extends AsyncDisposable {
  readonly world: World
  readonly checker: Checker
  readonly history: DecisionHistory
  readonly policy: Policy
  /** Names, in order. */
  readonly hosts: readonly string[]
  /** Throws RangeError for an unknown name. */
  member(host: string): Member
  /** The living agent of a host, or null. */
  agent(host: string): Agent | null
  /** The views of all living agents. */
  views(): readonly PeerView[]
  idOf(host: string): HostId
  /** The name behind an id; the id itself when no host has it. */
  nameOf(id: HostId): string
  /** capacity − reserve. */
  usable(host: string): Resources

  overload(host: string, options?: OverloadOptions): readonly VmId[]
  relax(host?: string): void
  /** As kill -9 of the agent: the hypervisor and its migrations go on. */
  killAgent(host: string): void
  restartAgent(host: string): Promise<void>
  /** Power failure: agent, hypervisor and VMs. */
  killHost(host: string): void
  /** The host, its VMs and its agent are back. */
  bootHost(host: string): Promise<void>
  /** Between agents; with `hypervisors`, migrations and questions between the hosts' hypervisors too. */
  cut(a: string, b: string, options?: { readonly oneWay?: boolean; readonly hypervisors?: boolean }): void
  heal(): void
  /** Share of the agents' messages that is lost, permille. */
  lose(permille: number): void

  /** By the world's own truth: living hosts whose VMs want more than is usable. */
  overloadedHosts(): readonly string[]
  /** Throws WaitError, with the state of the cluster. */
  waitFor(condition: () => boolean, timeoutMs: number, what?: string): Promise<void>
  /** Until nothing moves, no host is leased and no partition lives, for `quietMs` (default 500). */
  settled(timeoutMs?: number, quietMs?: number): Promise<void>
  /** All violations so far; looks once more, and as strictly as at rest when asked. */
  checkInvariants(atRest?: boolean): readonly Violation[]
  /** One record per partition; the leader's own where it lived to tell. */
  decisions(): readonly Decision[]
  stop(): Promise<void>
}

/** How long agents that are stopped may wait for their migrations, ms. */
const stopMsMax = 1_000

/** Of gossip, all agents together: each costs about 1 ms of the one CPU that they share. */
const deliveriesPerSecond = 256

/** What the harness chooses for itself: seconds instead of minutes, and room for repeated overloads of one VM. */
const harnessPolicy = (hosts: number): Partial<Policy> => ({
  overloadHoldMs: 300,
  cooldownMs: 5_000,
  quarantineMs: 2_000,
  // One process carries all agents, and what each of them says reaches each other: this grows with their square.
  gossipMs: Math.round(Math.max(1_000, (hosts * hosts * 1_000) / deliveriesPerSecond)),
})

/** The world with its hosts and VMs, and a member for each host; no agent is started. */
const createHarness = async (options: ClusterOptions): Promise<HarnessState> => {
  const {
    hosts: count = 16,
    vmsPerHost = 8,
    seed = 1,
    mode = 'auto',
    rules = [],
    sampleMs = Math.max(100, 4 * count),
    capacity = { cpuMilli: 8_000, memoryMiB: 32_768 },
    reserve = { cpuMilli: 1_000, memoryMiB: 2_048 },
    loadPermille = 600,
    migrationMiBps = 500,
    simulated = {},
  } = options
  const policy = policyOf('balanced', { ...harnessPolicy(count), ...options.policy })
  const clock = realClock()
  const world = createWorld({ clock, migrationMiBps })
  const layout = layoutOf({ hosts: count, vmsPerHost, seed, capacity, reserve, loadPermille })
  for (const host of layout.hosts) world.addHost(host)
  for (const vm of layout.vms) world.addVm(vm)

  const usable = usableOf({ capacity, reserve })
  const members: Member[] = []
  const alive = (): readonly HostId[] => members.filter((m) => m.agent !== null).map((m) => m.id)
  const harness: HarnessState = {
    clock,
    world,
    policy,
    usable,
    solver: createWorkerSolver({ threads: 1, seed }),
    cuts: createCuts((concern) => randomOf(seed, concern), alive),
    members,
    checker: createChecker({
      world,
      usable: () => usable,
      views: () => viewsOf({ members }),
      migrationsOutMax: policy.migrationsOutMax,
      migrationsInMax: policy.migrationsInMax,
    }),
    workload: createWorkload(world, () => usable, randomOf(seed, 'overload')),
    history: createDecisionHistory(),
    stopping: null,
  }
  const { solver, cuts, history } = harness
  const created = layout.hosts.map(({ name, location }, index) =>
    createMember({
      world,
      seed,
      index,
      solver,
      settings: { name, location, clusterKey: clusterKeyOf(seed), reserve, policy, mode, rules, sampleMs },
      simulated,
      wrap: (transport) =>
        cuts.wrap(count > crowd + 8 ? slowGossip(transport, policy.gossipMs / 8) : transport),
      born: history.follow,
    }),
  )
  members.push(...(await Promise.all(created)))
  return harness
}

const stopAll = async ({ checker, members, solver, clock }: HarnessState): Promise<void> => {
  checker.close()
  // This world ends with its agents: migrations under way are not worth waiting for.
  const hurry = setTimeout(() => {
    for (const m of members) m.kill()
  }, stopMsMax)
  await Promise.allSettled(members.map((m) => m.stop()))
  clearTimeout(hurry)
  await solver.close()
  clock.stop()
}

const stop = (harness: HarnessState): Promise<void> => {
  harness.stopping ??= stopAll(harness)
  return harness.stopping
}

const settled = async (harness: HarnessState, timeoutMs: number, quietMs: number): Promise<void> => {
  let since = performance.now()
  await waitFor(
    harness,
    () => {
      if (!quiet(harness)) since = performance.now()
      return performance.now() - since >= quietMs
    },
    timeoutMs,
    'the cluster to settle',
  )
}

/** Starts it and waits until every agent knows every other (or 24 of them). Throws when an agent cannot start, or WaitError. */
export const startCluster = async (options: ClusterOptions = {}): Promise<Cluster> => {
  const { joinMs = 30_000, onProgress = () => {} } = options
  const harness = await createHarness(options)
  try {
    await joinAll(harness, joinMs, onProgress)
  } catch (error) {
    await stop(harness)
    throw error
  }
  const { world, checker, history, policy, members, workload, cuts } = harness
  const byId = new Map(members.map((m) => [m.id, m]))
  const member = (host: string): Member => memberOf(harness, host)
  const restartAgent = (host: string): Promise<void> => member(host).start(bootstrapOf(harness, member(host)))
  return {
    world,
    checker,
    history,
    policy,
    hosts: members.map((m) => m.name).sort(byText),
    member,
    agent: (host) => member(host).agent,
    views: () => viewsOf(harness),
    idOf: (host) => member(host).id,
    nameOf: (id) => byId.get(id)?.name ?? id,
    usable: () => harness.usable,
    overload: workload.overload,
    relax: workload.relax,
    killAgent: (host) => member(host).kill(),
    restartAgent,
    killHost(host) {
      member(host).kill()
      world.killHost(host)
    },
    async bootHost(host) {
      world.bootHost(host)
      await restartAgent(host)
    },
    cut(a, b, { oneWay = false, hypervisors = false } = {}) {
      cuts.cut(member(a).id, member(b).id, { oneWay })
      if (hypervisors) world.cut(a, b)
    },
    heal() {
      cuts.heal()
      world.heal()
    },
    lose: cuts.lose,
    overloadedHosts: () => overloadedHosts(harness),
    waitFor: (condition, timeoutMs, what) => waitFor(harness, condition, timeoutMs, what),
    settled: (timeoutMs = 10_000, quietMs = 500) => settled(harness, timeoutMs, quietMs),
    checkInvariants: (atRest = false) => (atRest ? checker.checkAtRest() : checker.check()),
    decisions: history.decisions,
    stop: () => stop(harness),
    [Symbol.asyncDispose]: () => stop(harness),
  }
}
