/**
 * A cluster in virtual time, without sockets or threads: the product's own agents, each with loop, effects, poller and
 * journal, on a network that can delay, lose, duplicate and cut, and on simulated hypervisors. For stories about what
 * agents do together.
 */
import type { Solver } from '@drover/agent/runtime'
import {
  asHostId,
  asVmId,
  type Decision,
  decodeMessage,
  fits,
  type HostId,
  type Peer,
  type PeerView,
  policyOf,
} from '@drover/protocol'
import { solveInBudget } from '../host/solve-in-budget.ts'
import { createWorld } from '../hypervisor/world.ts'
import { createAgentFeed } from '../invariants/agent-feed.ts'
import { type Checker, createChecker } from '../invariants/checker.ts'
import { createNetwork, type Network } from '../network/model.ts'
import { createVirtualNetwork, type VirtualNetwork } from '../network/virtual-network.ts'
import { randomOf } from '../random.ts'
import { type ManualClock, manualClock } from '../time/clock.ts'
import type { Cluster, ClusterOptions } from './cluster-api.ts'
import { agentFaults, heedPower, hostFaults } from './cluster-faults.ts'
import { createPeace } from './cluster-peace.ts'
import { type ClusterState, check, hostAt, type StoryHost, viewOf } from './cluster-state.ts'
import { createCrashWatch } from './crash-point.ts'
import { createOccasions } from './occasions.ts'
import { setLimits } from './small-limits.ts'
import { createStoryHost, killAgent, startAgent } from './story-host.ts'
import { createStoryLeader, type Led, type StoryLeader, storyLeaderId } from './story-leader.ts'

const idOf = (index: number): HostId => asHostId(`peer-${String(index).padStart(4, '0')}`)

const defaultPolicy = { overloadHoldMs: 400, gossipMs: 1_000, cooldownMs: 60_000 } as const

/** A daemon that hangs is noticed only when calls time out: until then its last sample counts, ms. */
const staleMs = 20_000

const solverAfter = (
  clock: ManualClock,
  solveMs: number,
  solved: NonNullable<ClusterOptions['solver']>,
): Solver => ({
  solve: (problem, planId) =>
    new Promise((resolve) => {
      clock.after(solveMs, () => resolve(solved(problem, planId)))
    }),
  async close() {},
})

/** All that agents send is kept in the cluster's list of messages. */
const networkOf = (
  clock: ManualClock,
  model: Network,
  ids: readonly HostId[],
  { messages, feed }: Pick<ClusterState, 'messages' | 'feed'>,
  onGarbage: (error: Error) => void,
): VirtualNetwork =>
  createVirtualNetwork({
    clock,
    model,
    ids,
    onSend(from, to, bytes) {
      if (to === null) return
      messages.push({
        from,
        to,
        get message() {
          return decodeMessage(bytes)!
        },
      })
    },
    onWait(from, to, { messages: waiting, bytes }) {
      if (from !== storyLeaderId) feed.emit({ host: from, kind: 'waits', to, messages: waiting, bytes })
    },
    onGarbage: (from, to) => onGarbage(new Error(`what ${from} said to ${to} does not survive the codec`)),
  })

const stateOf = (options: ClusterOptions, model: Network, ids: readonly HostId[]): ClusterState => {
  const { seed = 1, solveMs = 2, mode = 'auto', rules = [] } = options
  const clock = manualClock()
  const messages: ClusterState['messages'] = []
  const [world, feed, hosts] = [createWorld({ clock }), createAgentFeed(), [] as StoryHost[]]
  const state: ClusterState = {
    options,
    seed,
    mode,
    rules,
    policy: policyOf('balanced', { ...defaultPolicy, ...options.policy }),
    capacity: { cpuMilli: options.cpuMilli ?? 8_000, memoryMiB: options.memoryMiB ?? 32_768 },
    clock,
    world,
    feed,
    network: networkOf(clock, model, [...ids, storyLeaderId], { messages, feed }, (error) => {
      state.failure ??= error
    }),
    solver: solverAfter(clock, solveMs, options.solver ?? solveInBudget),
    crash: createCrashWatch(options.crash ?? null),
    hosts,
    occasions: createOccasions(
      { clock, world, feed },
      (id) => hosts.find((host) => host.id === id)?.name ?? null,
    ),
    decisions: [],
    messages,
    replies: new Map(),
    requests: 0,
    failure: null,
  }
  return state
}

/** Views are not cheap: in each look the observer is shown that of one host, all in turn. */
const checkerOf = (state: ClusterState): Checker => {
  const { world, capacity, hosts, policy, rules, feed, options } = state
  const viewsOf = (some: readonly StoryHost[]): readonly PeerView[] =>
    // What a process has decided in the middle of a step is not seen yet, and may still be undone by its death.
    some.flatMap((host) => (host.process?.inStep ? [] : (viewOf(state, host) ?? [])))
  let turn = 0
  return createChecker({
    world,
    usable: () => capacity,
    staleMs,
    ...(options.watched === false ? {} : { agents: feed }),
    views: () => viewsOf(hosts),
    someViews() {
      turn += 1
      return viewsOf(hosts.slice(turn % hosts.length).slice(0, 1))
    },
    policy,
    rules,
  })
}

const run = async (state: ClusterState, ms: number): Promise<void> => {
  await state.clock.advance(ms)
  check(state)
}

/** The condition is looked at every so often, ms. */
const lookMs = 10

/** Looks in which nothing has happened are left out. */
const until = async (state: ClusterState, condition: () => boolean, ms: number): Promise<boolean> => {
  const { clock } = state
  const looks = Math.ceil(ms / lookMs)
  for (let look = 0; look < looks && !condition(); ) {
    const idle = Math.ceil((clock.nextMs - clock.now()) / lookMs)
    const pass = Math.min(Math.max(1, idle), looks - look)
    await run(state, pass * lookMs)
    look += pass
  }
  return condition()
}

const peerOf = (state: ClusterState, host: number): Peer => {
  const { peer } = hostAt(state, host)
  if (peer === null) throw new Error(`the agent of host ${host} is dead`)
  return peer
}

const commands = (state: ClusterState): Pick<Cluster, 'tell' | 'command'> => {
  const tell: Cluster['tell'] = (host, command) => {
    state.requests += 1
    const request = `request-${state.requests}`
    const { host: its, process } = hostAt(state, host)
    // An agent that ends, or does not answer in time, leaves its operator without a reply.
    process?.enter(() =>
      its.agent
        ?.command(command)
        .then((reply) => process.leave(() => state.replies.set(request, reply)))
        .catch(() => {}),
    )
    return request
  }
  return {
    tell,
    async command(host, command) {
      const request = tell(host, command)
      await run(state, 0)
      await until(state, () => state.replies.has(request), 20_000)
      const reply = state.replies.get(request)
      if (reply === undefined) throw new Error(`no reply to ${command.kind}`)
      return reply
    },
  }
}

/** It joins the network with its first plan: until then nothing of it is to be seen. */
const leaderOf = ({ clock, world, network }: ClusterState): Pick<Cluster, 'lead' | 'led'> => {
  let leader: StoryLeader | null = null
  let led: Led | null = null
  return {
    lead(orders) {
      leader ??= createStoryLeader(clock, world, network.transport(storyLeaderId))
      led = leader.lead(orders)
      return led
    },
    led: () => led,
  }
}

/** Each decision once, in the order in which they were first heard of: the leader's own last word. */
const outcomesOf = ({ decisions }: ClusterState): readonly Decision[] => {
  const last = new Map<string, Decision>()
  for (const { decision } of decisions) if (!decision.asMember) last.set(decision.id, decision)
  return [...last.values()]
}

export const virtualCluster = async (options: ClusterOptions): Promise<Cluster> => {
  const { hosts, seed = 1, latencyMs = 1 } = options
  setLimits(options.limits ?? {})
  const ids = Array.from({ length: hosts }, (_, index) => idOf(index))
  const model = createNetwork({ random: (concern) => randomOf(seed, concern), weather: { latencyMs } })
  const state = stateOf(options, model, ids)
  const { clock, world, capacity, decisions, messages, replies } = state
  if (options.record !== undefined) {
    world.events(options.record)
    state.feed.listen(options.record)
  }
  for (const [index, id] of ids.entries()) state.hosts.push(createStoryHost(state, id, index))
  const checker = checkerOf(state)
  const cluster: Cluster = {
    clock,
    world,
    checker,
    random: randomOf(seed, 'story'),
    weather: model.weather,
    ids,
    decisions,
    messages,
    replies,
    crashed: () => state.crash.crashed,
    vm(name, host, cpuMilli, changes = {}) {
      const vm = asVmId(name)
      world.addVm({
        vm,
        name,
        host: hostAt(state, host).name,
        vcpus: 8,
        memoryMiB: 1_024,
        cpuMilli,
        ...changes,
      })
      if (options.managed?.includes(name)) world.byHand.want(vm, 'managed')
      return vm
    },
    peer: (host) => peerOf(state, host),
    view: (host) => viewOf(state, { ...hostAt(state, host), peer: peerOf(state, host) })!,
    viewOf: (host) => viewOf(state, hostAt(state, host)),
    run: (ms) => run(state, ms),
    until: (condition, ms) => until(state, condition, ms),
    ...leaderOf(state),
    ...commands(state),
    ...agentFaults(state),
    ...hostFaults(state),
    ...createPeace(state, model, checker),
    upon: state.occasions.upon,
    close() {
      for (const host of state.hosts) killAgent(host)
      checker.close()
      cluster.liveness()?.close()
      setLimits({})
    },
    overloaded: () =>
      world
        .hosts()
        .filter((host) => host.alive && !fits(host.demand, capacity))
        .map((host) => host.name),
    outcomes: () => outcomesOf(state),
  }
  heedPower(state)
  for (const host of state.hosts) startAgent(state, host)
  await run(state, 0)
  return cluster
}
