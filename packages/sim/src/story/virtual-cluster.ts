/**
 * A cluster in virtual time, without sockets or threads: the product's own agents, each with loop, effects, poller and
 * journal, on a network that can delay, lose, duplicate and cut, and on simulated hypervisors. For stories about what
 * agents do together.
 */
import {
  createJournalStore,
  instantOf,
  JournalError,
  type JournalStore,
  type Solver,
  type Transport,
} from '@drover/agent/runtime'
import { solvePlacement } from '@drover/placement'
import {
  asHostId,
  asVmId,
  createPeer,
  type Decision,
  decodeMessage,
  type Effect,
  encodeMessage,
  fits,
  type HostId,
  type Message,
  nothing,
  type Peer,
  policyOf,
  type Reply,
} from '@drover/protocol'
import { createHost, type Host } from '../host/host.ts'
import { settingsOf } from '../host/settings.ts'
import { uriOf } from '../hypervisor/driver-state.ts'
import { simulatedHypervisor } from '../hypervisor/simulated.ts'
import { createWorld } from '../hypervisor/world.ts'
import { createChecker } from '../invariants.ts'
import { createNetwork } from '../network/model.ts'
import { createVirtualNetwork } from '../network/virtual-network.ts'
import { randomOf } from '../random.ts'
import { manualClock } from '../time/clock.ts'
import type { Cluster, ClusterOptions, SentMessage } from './cluster-api.ts'
import { createCrashWatch } from './crash-point.ts'

interface VirtualAgent {
  readonly id: HostId
  readonly name: string
  readonly host: Host
  readonly journal: JournalStore
  /** What its wall clock shows when the cluster's clock is at 0, ms. */
  wallOffsetMs: number
  /** The core of the living agent. */
  peer: Peer | null
  /** What its agent says instead of what its core wants said. */
  lie: ((message: Message) => Message) | null
}

/** What it sends is what its lie makes of it, once it has one. */
const lying = (transport: Transport, agent: VirtualAgent): Transport => ({
  ...transport,
  send(to, bytes) {
    const { lie } = agent
    transport.send(to, lie === null ? bytes : encodeMessage(lie(decodeMessage(bytes)!)))
  },
})

/** An agent that could not start is started again after this time, ms, as `drover.service` has it. */
const restartMs = 5_000
/** An agent that dies by a crash point is back after this time, ms. */
const crashMs = 1_000

const nameOf = (index: number) => `h${index}`
const idOf = (index: number): HostId => asHostId(`peer-${String(index).padStart(4, '0')}`)

const defaultPolicy = { overloadHoldMs: 400, gossipMs: 1_000, cooldownMs: 60_000 } as const

export const virtualCluster = async (options: ClusterOptions): Promise<Cluster> => {
  const { hosts, seed = 1, sampleMs = 1_000, latencyMs = 1, solveMs = 2, mode = 'auto', rules = [] } = options
  const answer = options.solver ?? ((problem) => solvePlacement(problem, { seed: 1 }))
  const capacity = { cpuMilli: options.cpuMilli ?? 8_000, memoryMiB: options.memoryMiB ?? 32_768 }
  const policy = policyOf('balanced', { ...defaultPolicy, ...options.policy })
  const clock = manualClock()
  const world = createWorld({ clock })
  const decisions: { by: HostId; decision: Decision }[] = []
  const messages: SentMessage[] = []
  const replies = new Map<string, Reply>()
  const crash = createCrashWatch(options.crash ?? null)
  let requests = 0
  /** What must not happen, and happened where nobody could be told. */
  let failure: Error | null = null
  const trace = (...words: readonly unknown[]): void => {
    if (options.trace) console.error(Math.floor(clock.now()), ...words)
  }

  const ids = Array.from({ length: hosts }, (_, index) => idOf(index))
  const model = createNetwork({ random: (concern) => randomOf(seed, concern), weather: { latencyMs } })
  const network = createVirtualNetwork({
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
    onGarbage(from, to) {
      failure ??= new Error(`what ${from} said to ${to} does not survive the codec`)
    },
  })
  const solver: Solver = {
    solve: (problem) =>
      new Promise((resolve) => {
        clock.after(solveMs, () => resolve(answer(problem)))
      }),
    async close() {},
  }

  const around = (index: number, effect: Effect, when: 'before' | 'after'): void => {
    const agent = at(index)
    if (when === 'before') {
      options.observe?.(index, effect)
      if (effect.kind === 'send')
        trace(agent.id, '→', effect.to, JSON.stringify(effect.message).slice(0, 220))
      if (effect.kind === 'report')
        trace(agent.id, '##', effect.decision.result, effect.decision.code, effect.decision.text)
      if (effect.kind === 'warn') trace(agent.id, '!!', effect.code, effect.text)
    }
    if (!crash.hits(agent.name, effect, when)) return
    cluster.killAgent(index)
    if (options.crash?.journal === 'lost') cluster.loseJournal(index)
    if (options.crash?.journal === 'torn') cluster.tearJournal(index)
    clock.after(crashMs, () => start(agent))
  }

  const agentOf = (id: HostId, index: number): VirtualAgent => {
    const name = nameOf(index)
    world.addHost({ name, capacity })
    const wallNow = (): number => clock.now() + agent.wallOffsetMs
    // The first start of all has nothing to be afraid of: no wait for the leases of a lost journal.
    const journal = createJournalStore({ intact: true, wallNow })
    const host = createHost({
      journal,
      solver,
      settings: () =>
        settingsOf({
          name,
          location: '',
          listen: '',
          bootstrap: [],
          clusterKey: null,
          reserve: nothing,
          policy,
          mode,
          rules,
          sampleMs,
          uri: uriOf(name),
        }),
      hypervisor: () => simulatedHypervisor(world, name, options.simulated),
      transport: () => lying(network.transport(id), agent),
      seed: (incarnation) => seed + incarnation,
      internals: {
        clock,
        wallNow,
        around: (effect, when) => around(index, effect, when),
        fatal(cause) {
          failure ??= new Error(`the core of ${name} failed: ${cause}`, { cause })
        },
        createPeer(init) {
          agent.peer = createPeer(init)
          return agent.peer
        },
      },
      born: (agent) =>
        agent.events((event) => {
          if (event.kind === 'decision') decisions.push({ by: id, decision: event.decision })
        }),
    })
    const agent: VirtualAgent = { id, name, host, journal, wallOffsetMs: 0, peer: null, lie: null }
    return agent
  }
  const agents = ids.map(agentOf)
  const at = (host: number): VirtualAgent => {
    const agent = agents[host]
    if (agent === undefined) throw new RangeError(`no host ${host}`)
    return agent
  }

  const start = (agent: VirtualAgent): void => {
    if (agent.host.agent !== null || !world.host(agent.name).alive) return
    agent.host.start().catch((error: unknown) => {
      if (!(error instanceof JournalError)) failure ??= error as Error
      clock.after(restartMs, () => start(agent))
    })
  }
  const kill = (agent: VirtualAgent): void => {
    agent.peer = null
    agent.host.kill()
  }
  const check = (): void => {
    if (failure !== null) throw failure
  }

  const checker = createChecker({
    world,
    usable: () => capacity,
    // A daemon that hangs is noticed only when calls time out: until then its last sample counts.
    staleMs: 20_000,
    views: () => agents.flatMap(({ peer }) => (peer === null ? [] : [peer.view(instantOf(clock))])),
    migrationsOutMax: policy.migrationsOutMax,
    migrationsInMax: policy.migrationsInMax,
  })

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
    crashed: () => crash.crashed,
    vm(name, host, cpuMilli, changes = {}) {
      const vm = asVmId(name)
      world.addVm({ vm, name, host: at(host).name, vcpus: 8, memoryMiB: 1_024, cpuMilli, ...changes })
      return vm
    },
    peer(host) {
      const { peer } = at(host)
      if (peer === null) throw new Error(`the agent of host ${host} is dead`)
      return peer
    },
    async run(ms) {
      await clock.advance(ms)
      check()
    },
    async until(condition, ms) {
      for (let passed = 0; passed < ms && !condition(); passed += 10) await cluster.run(10)
      return condition()
    },
    tell(host, command) {
      const request = `request-${++requests}`
      const asked = at(host).host.agent?.command(command)
      // An agent that ends, or does not answer in time, leaves its operator without a reply.
      asked?.then((reply) => replies.set(request, reply)).catch(() => {})
      return request
    },
    async command(host, command) {
      const request = cluster.tell(host, command)
      await cluster.run(0)
      await cluster.until(() => replies.has(request), 20_000)
      const reply = replies.get(request)
      if (reply === undefined) throw new Error(`no reply to ${command.kind}`)
      return reply
    },
    killAgent: (host) => kill(at(host)),
    async stopAgent(host) {
      const agent = at(host)
      await agent.host.stop()
      agent.peer = null
    },
    restartAgent: (host) => start(at(host)),
    loseJournal: (host) => at(host).journal.lose(),
    tearJournal: (host) => at(host).journal.tear(),
    fullJournal(host, full) {
      at(host).journal.full = full
    },
    lies(host, lie) {
      at(host).lie = lie
    },
    setWallClock(host, ms) {
      at(host).wallOffsetMs = ms - clock.now()
    },
    killHost(host) {
      const agent = at(host)
      network.fallSilent(agent.id)
      world.killHost(agent.name)
      kill(agent)
    },
    bootHost(host) {
      world.bootHost(at(host).name)
      start(at(host))
    },
    cut(a, b, cutOptions = {}) {
      network.cut(at(a).id, at(b).id, cutOptions)
      if (cutOptions.oneWay !== true) world.cut(at(a).name, at(b).name)
    },
    clog: (a, b, ms) => network.clog(at(a).id, at(b).id, ms),
    heal() {
      network.heal()
      world.heal()
    },
    overloaded: () =>
      world
        .hosts()
        .filter((host) => host.alive && !fits(host.demand, capacity))
        .map((host) => host.name),
    outcomes() {
      const last = new Map<string, Decision>()
      for (const { decision } of decisions) if (!decision.asMember) last.set(decision.id, decision)
      return [...last.values()]
    },
  }

  for (const agent of agents) start(agent)
  await cluster.run(0)
  return cluster
}
