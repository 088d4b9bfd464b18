/**
 * Many cores in one virtual time, without sockets or threads: every message goes through the codec and a network that can
 * delay, lose, duplicate and cut; hypervisors are the simulated ones. For stories about the protocol itself.
 */

import type { Settings } from '../../packages/agent/src/config/settings.ts'
import type { Hypervisor } from '../../packages/agent/src/hypervisor/port.ts'
import { applyRecord, emptyState, restoredFrom } from '../../packages/agent/src/journal/state.ts'
import { describeHost, observedVms, vmsOfJobs } from '../../packages/agent/src/observation.ts'
import {
  asHostId,
  asVmId,
  createPeer,
  type Decision,
  decodeMessage,
  decodeSummary,
  type Effect,
  encodeMessage,
  encodeSummary,
  fits,
  type HostId,
  type Input,
  type Message,
  nothing,
  type Peer,
  policyOf,
  type Reply,
  solve,
} from '../../packages/protocol/src/index.ts'
import { manualClock } from '../../packages/sim/src/clock.ts'
import { simulatedHypervisor } from '../../packages/sim/src/hypervisor/simulated.ts'
import { createWorld } from '../../packages/sim/src/hypervisor/world.ts'
import { createChecker } from '../../packages/sim/src/invariants.ts'
import { randomOf } from '../../packages/sim/src/random.ts'
import type { Cluster, ClusterOptions } from './cluster.ts'
import { nameOf as effectName, matters } from './crash.ts'
import { createNetwork } from './network.ts'

interface Site {
  readonly id: HostId
  readonly name: string
  hypervisor: Hypervisor
  peer: Peer | null
  /** Goes up whenever the agent dies: what its past self began no longer reaches it. */
  life: number
  cancelWake: () => void
  journal: typeof emptyState
  journalFull: boolean
  journalLost: boolean
  incarnation: number
  /** What its agent says instead of what its core wants said. */
  lie: (message: Message) => Message
}

/** All that a description is made of; everything is usable. */
const settings = (name: string): Settings =>
  ({
    host: { name, location: '', failureDomain: null, dataDir: '' },
    capacity: {},
    reserve: nothing,
    hypervisor: { migrationUri: null },
  }) as unknown as Settings

const nameOf = (index: number) => `h${index}`
const idOf = (index: number): HostId => asHostId(`peer-${String(index).padStart(4, '0')}`)

export const virtualCluster = async (options: ClusterOptions): Promise<Cluster> => {
  const solver = options.solver ?? ((problem) => solve(problem, { seed: 1 }))
  const { hosts, seed = 1, sampleMs = 200, latencyMs = 1, solveMs = 2, mode = 'auto', rules = [] } = options
  const capacity = { cpuMilli: options.cpuMilli ?? 8_000, memoryMiB: options.memoryMiB ?? 32_768 }
  const policy = policyOf('balanced', {
    overloadHoldMs: 400,
    gossipMs: 1_000,
    cooldownMs: 60_000,
    ...options.policy,
  })
  const clock = manualClock()
  const world = createWorld({ clock })
  const random = randomOf(seed, 'network')
  const network = createNetwork(clock, random, latencyMs)
  const decisions: { by: HostId; decision: Decision }[] = []
  const messages: { from: HostId; to: HostId; message: Message }[] = []
  const replies = new Map<string, Reply>()
  let requests = 0

  const sites: Site[] = Array.from({ length: hosts }, (_, index) => {
    world.addHost({ name: nameOf(index), capacity })
    return {
      id: idOf(index),
      name: nameOf(index),
      hypervisor: simulatedHypervisor(world, nameOf(index)),
      peer: null,
      life: 0,
      cancelWake: () => {},
      journal: emptyState,
      journalFull: false,
      journalLost: true,
      incarnation: 0,
      lie: (message) => message,
    }
  })
  const siteOf = new Map(sites.map((site) => [site.id, site]))
  const alive = (site: Site) => world.host(site.name).alive

  const checker = createChecker({
    world,
    usable: () => capacity,
    // A daemon that hangs is noticed only when calls time out: until then its last sample counts.
    staleMs: 20_000,
    views: () =>
      sites.flatMap((site) => (site.peer === null ? [] : [site.peer.view(Math.floor(clock.now()))])),
    migrationsOutMax: policy.migrationsOutMax,
    migrationsInMax: policy.migrationsInMax,
  })

  const trace = (...words: readonly unknown[]): void => {
    if (options.trace) console.error(Math.floor(clock.now()), ...words)
  }

  let effectsSoFar = 0
  let crashed: string | null = null
  const crash = (site: Site, index: number, effect: Effect): void => {
    crashed = `${site.name} ${options.crash?.when} effect ${effectsSoFar} (${effectName(effect)})`
    if (options.crash?.journal === 'lost') cluster.loseJournal(index)
    stop(site)
    clock.after(1_000, () => void start(site))
  }

  const feed = (site: Site, life: number, input: Input): void => {
    if (site.peer === null || site.life !== life) return
    const effects = site.peer.step(Math.floor(clock.now()), input)
    let durable = true
    for (const effect of effects) {
      options.observe?.(sites.indexOf(site), effect)
      const counts = matters(effect)
      if (counts) effectsSoFar += 1
      const now =
        counts && options.crash?.effect === effectsSoFar && crashed === null ? options.crash.when : null
      if (now === 'before') return crash(site, sites.indexOf(site), effect)
      durable = carryOut(site, life, effect, durable)
      if (now === 'after') return crash(site, sites.indexOf(site), effect)
    }
  }

  const deliver = (from: HostId, to: HostId, arrive: (site: Site, life: number) => void): void =>
    network.deliver(from, to, () => {
      const site = siteOf.get(to)
      if (site?.peer && alive(site)) arrive(site, site.life)
    })

  const look = async (site: Site, life: number): Promise<void> => {
    try {
      const sample = await site.hypervisor.sample()
      const jobs = await site.hypervisor.jobs()
      feed(site, life, { kind: 'hypervisor', connected: true })
      feed(site, life, { kind: 'observed', vms: observedVms(sample) })
      feed(site, life, { kind: 'jobs', ...vmsOfJobs(jobs) })
    } catch {
      feed(site, life, { kind: 'hypervisor', connected: false })
    }
  }

  const carryOut = (site: Site, life: number, effect: Effect, durable: boolean): boolean => {
    switch (effect.kind) {
      case 'persist':
        if (site.journalFull) {
          if (durable) queueMicrotask(() => feed(site, life, { kind: 'journal', healthy: false }))
          return false
        }
        site.journal = applyRecord(site.journal, effect.record, clock.now())
        return durable
      case 'send': {
        if (!durable) return false
        const said = site.lie(effect.message)
        const bytes = encodeMessage(said)
        messages.push({ from: site.id, to: effect.to, message: said })
        trace(site.id, '→', effect.to, JSON.stringify(said).slice(0, 220))
        deliver(site.id, effect.to, (to, toLife) => {
          const message = decodeMessage(bytes)
          if (message === null) throw new Error(`undecodable ${effect.message.kind}`)
          feed(to, toLife, { kind: 'received', from: site.id, message })
        })
        return durable
      }
      case 'publish': {
        const bytes = encodeSummary(effect.summary)
        for (const other of sites)
          if (other !== site)
            deliver(site.id, other.id, (to, toLife) => {
              const summary = decodeSummary(bytes)
              if (summary === null) throw new Error('undecodable summary')
              feed(to, toLife, { kind: 'heard', summary })
            })
        return durable
      }
      case 'solve':
        clock.after(solveMs, () => {
          const { partition, round } = effect
          feed(site, life, { kind: 'solved', partition, round, answer: solver(effect.problem) })
        })
        return durable
      case 'perform': {
        if (!durable) {
          const result = { kind: 'refused', code: 'journal.full' } as const
          queueMicrotask(() => feed(site, life, { kind: 'finished', action: effect.action, result }))
          return durable
        }
        const { vm, uri: to, paused: handOverPaused, bandwidthMiBps } = effect
        void site.hypervisor.migrate({ vm, to, handOverPaused, bandwidthMiBps }).then(async (result) => {
          feed(site, life, {
            kind: 'finished',
            action: effect.action,
            result:
              result.kind === 'done'
                ? { kind: 'done' }
                : { kind: result.kind, code: result.code, detail: result.detail },
          })
        })
        return durable
      }
      case 'inspect': {
        const at = effect.at === null ? 'here' : 'there'
        void site.hypervisor.locate(effect.vm, effect.at ?? undefined).then(
          (presence) => feed(site, life, { kind: 'inspected', action: effect.action, at, presence }),
          () => feed(site, life, { kind: 'inspected', action: effect.action, at, presence: null }),
        )
        return durable
      }
      case 'resume': {
        const at = effect.at === null ? 'here' : 'there'
        void site.hypervisor.resume(effect.vm, effect.at ?? undefined).then(
          () => feed(site, life, { kind: 'resumed', action: effect.action, at, ok: true, detail: '' }),
          (error: Error) =>
            feed(site, life, {
              kind: 'resumed',
              action: effect.action,
              at,
              ok: false,
              detail: error.message,
            }),
        )
        return durable
      }
      case 'sample':
        void look(site, life)
        return durable
      case 'wake':
        site.cancelWake()
        site.cancelWake = clock.after(effect.at - clock.now(), () => feed(site, life, { kind: 'tick' }))
        return durable
      case 'report':
        decisions.push({ by: site.id, decision: effect.decision })
        trace(site.id, '##', effect.decision.result, effect.decision.code, effect.decision.text)
        return durable
      case 'warn':
        trace(site.id, '!!', effect.code, effect.text)
        return durable
      case 'reply':
        replies.set(effect.request, effect.reply)
        return durable
      default:
        return effect satisfies never
    }
  }

  const start = async (site: Site): Promise<void> => {
    site.life += 1
    site.incarnation = Math.max(site.incarnation + 1, Math.floor(clock.now() / 1_000))
    const { life } = site
    const restored = restoredFrom(site.journal, clock.now())
    site.peer = createPeer({
      host: site.id,
      incarnation: site.incarnation,
      seed: seed + site.incarnation,
      policy,
      mode,
      rules,
      policyHash: 'test',
      // The first start of all has nothing to be afraid of: skips the wait that a lost journal asks for.
      restored: { ...restored, journalIntact: site.journalLost ? site.life === 1 : true },
    })
    site.hypervisor = simulatedHypervisor(world, site.name)
    site.hypervisor.open()
    site.journalLost = false
    const regularly = () => {
      if (site.life !== life || site.peer === null) return
      void look(site, life)
      clock.after(sampleMs, regularly)
    }
    try {
      const facts = await site.hypervisor.host()
      feed(site, life, { kind: 'described', description: describeHost(facts, settings(site.name), 'test') })
    } catch {}
    regularly()
  }

  const stop = (site: Site): void => {
    site.peer = null
    site.life += 1
    site.cancelWake()
    for (const other of sites)
      if (other.peer !== null && other !== site)
        clock.after(latencyMs, () => feed(other, other.life, { kind: 'disconnected', host: site.id }))
  }

  const at = (host: number): Site => {
    const site = sites[host]
    if (site === undefined) throw new RangeError(`no host ${host}`)
    return site
  }

  const cluster: Cluster = {
    clock,
    world,
    checker,
    random,
    weather: network.weather,
    ids: sites.map((site) => site.id),
    decisions,
    messages,
    replies,
    crashed: () => crashed,
    vm(name, host, cpuMilli, changes = {}) {
      const vm = asVmId(name)
      world.addVm({ vm, name, host: nameOf(host), vcpus: 8, memoryMiB: 1_024, cpuMilli, ...changes })
      return vm
    },
    peer(host) {
      const { peer } = at(host)
      if (peer === null) throw new Error(`the agent of host ${host} is dead`)
      return peer
    },
    run: (ms) => clock.advance(ms),
    async until(condition, ms) {
      for (let passed = 0; passed < ms && !condition(); passed += 10) await clock.advance(10)
      return condition()
    },
    tell(host, command) {
      const request = `request-${++requests}`
      const site = at(host)
      feed(site, site.life, { kind: 'commanded', request, command })
      return request
    },
    async command(host, command) {
      const request = cluster.tell(host, command)
      await cluster.until(() => replies.has(request), 20_000)
      const reply = replies.get(request)
      if (reply === undefined) throw new Error(`no reply to ${command.kind}`)
      return reply
    },
    killAgent: (host) => stop(at(host)),
    restartAgent: (host) => void start(at(host)),
    loseJournal(host) {
      at(host).journal = emptyState
      at(host).journalLost = true
    },
    fullJournal(host, full) {
      const site = at(host)
      site.journalFull = full
      if (!full) feed(site, site.life, { kind: 'journal', healthy: true })
    },
    lies(host, lie) {
      at(host).lie = lie
    },
    killHost(host) {
      world.killHost(nameOf(host))
      stop(at(host))
    },
    bootHost(host) {
      world.bootHost(nameOf(host))
      void start(at(host))
    },
    cut(a, b) {
      network.cut(idOf(a), idOf(b))
      world.cut(nameOf(a), nameOf(b))
    },
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

  for (const site of sites) await start(site)
  return cluster
}
