/** A host of a cluster in virtual time: the product's agent on it, how it starts, and the crash point that ends it. */
import { createJournalStore, JournalError, type Transport } from '@drover/agent/runtime'
import {
  createPeer,
  decodeMessage,
  type Effect,
  encodeMessage,
  type HostId,
  type Peer,
} from '@drover/protocol'
import { createHost } from '../host/host.ts'
import { createProcess, type Process } from '../host/process.ts'
import { settingsOf } from '../host/settings.ts'
import { onSlowDisk, quickDisk } from '../host/slow-disk.ts'
import { uriOf } from '../hypervisor/driver-state.ts'
import { simulatedHypervisor } from '../hypervisor/simulated.ts'
import { type Random, randomOf } from '../random.ts'
import { createHostClock } from '../time/host-clock.ts'
import { createAgentWitness } from './agent-witness.ts'
import { type ClusterState, hostAt, type StoryHost } from './cluster-state.ts'

/** An agent that could not start is started again after this time, ms, as `drover.service` has it. */
const restartMs = 5_000
/** An agent that dies by a crash point is back after this time, ms. */
const crashMs = 1_000

/** Starts the agent unless it lives or its host is dead. One whose journal cannot be opened is started again later. */
export const startAgent = (cluster: ClusterState, host: StoryHost): void => {
  // As `systemctl restart`: it starts when the agent that is being stopped has ended.
  if (host.stopping) host.startAgain = true
  if (host.host.agent !== null || !cluster.world.host(host.name).alive) return
  host.host.start().catch((error: unknown) => {
    if (!(error instanceof JournalError)) cluster.failure ??= error as Error
    cluster.clock.after(restartMs, () => startAgent(cluster, host))
  })
}

export const killAgent = (host: StoryHost): void => {
  host.startAgain = false
  host.peer = null
  host.host.kill()
  host.witness.ended()
}

export const loseJournal = (host: StoryHost): void => {
  host.journal.lose()
  host.witness.damaged('lost')
}

export const tearJournal = (host: StoryHost, records = 1): void => {
  host.journal.tear(records)
  host.witness.damaged('torn', records)
}

/** Sends what the host's lie makes of each message, while there is a lie. */
const lying = (transport: Transport, host: StoryHost): Transport => ({
  ...transport,
  send(to, bytes) {
    const { lie } = host
    transport.send(to, lie === null ? bytes : encodeMessage(lie(decodeMessage(bytes)!, to)))
  },
})

const print = ({ clock }: Pick<ClusterState, 'clock'>, { id }: StoryHost, effect: Effect): void => {
  const line = (...words: readonly unknown[]): void => console.error(Math.floor(clock.now()), id, ...words)
  if (effect.kind === 'send') line('→', effect.to, JSON.stringify(effect.message).slice(0, 220))
  if (effect.kind === 'report') line('##', effect.decision.result, effect.decision.code, effect.decision.text)
  if (effect.kind === 'warn') line('!!', effect.code, effect.text)
}

/** The name by which a story means an effect: of a message, the message's kind. */
const nameOf = (effect: Effect): string => (effect.kind === 'send' ? effect.message.kind : effect.kind)

/** Its process may stand still before it; then the effect is heard of when the process gets there, if it lives to do so. */
const before = ({ options, ...cluster }: ClusterState, index: number, host: StoryHost, effect: Effect) => {
  const { freezeAt, process } = host
  if (freezeAt !== null && freezeAt.what === nameOf(effect)) {
    host.freezeAt = null
    process?.stall(freezeAt.ms)
  }
  const heard = (): void => {
    host.witness.effect(effect)
    options.observe?.(index, effect)
    if (options.trace) print(cluster, host, effect)
  }
  if (process === null) heard()
  else process.leave(heard)
}

/** Hears of each effect before and after it is carried out; the agent dies here if the story says so. */
const around = (cluster: ClusterState, index: number, effect: Effect, when: 'before' | 'after'): void => {
  const { options, crash, clock } = cluster
  const host = hostAt(cluster, index)
  if (when === 'before') before(cluster, index, host, effect)
  if (!crash.hits(host.name, effect, when)) return
  killAgent(host)
  if (options.crash?.journal === 'lost') loseJournal(host)
  if (options.crash?.journal === 'torn') tearJournal(host)
  clock.after(crashMs, () => startAgent(cluster, host))
}

/** Its process ends with an error, and is started again, as `drover.service` has it. */
const afterFailure = (cluster: ClusterState, host: StoryHost): void => {
  host.broken = false
  host.peer = null
  host.witness.ended()
  cluster.clock.after(restartMs, () => {
    host.host
      .stop()
      .then(() => startAgent(cluster, host))
      .catch((error: Error) => {
        cluster.failure ??= error
      })
  })
}

/** Its agent dies in the middle of a write, if it still lives then. */
const crashLater = (cluster: ClusterState, host: StoryHost, afterMs: number): void => {
  const { process } = host
  cluster.clock.after(afterMs, () => {
    if (host.host.agent === null || host.process !== process) return
    killAgent(host)
    cluster.clock.after(restartMs, () => startAgent(cluster, host))
  })
}

/** A process for a new life of the agent. Its clock begins with what the wall clock shows, as that of Node does. */
const processOf = (cluster: ClusterState, host: StoryHost, wakes: Random): Process => {
  host.monotonic = createHostClock(host.wallOffsetMs, 1)
  host.monotonic.setRate(host.clockRate, cluster.clock.now())
  host.process = createProcess({
    world: cluster.clock,
    shows: host.monotonic,
    timersFirst: () => wakes.chance(0.5),
    onStill: (still) => cluster.network.still(host.id, still),
  })
  return host.process
}

/** Adds the host to the world; its agent is not started. */
export const createStoryHost = (cluster: ClusterState, id: HostId, index: number): StoryHost => {
  const { clock, world, network, policy, mode, rules, seed, options } = cluster
  const { sampleMs = 1_000 } = options
  const name = `h${index}`
  world.addHost({ name, capacity: cluster.capacity })
  /** As its process sees it, wherever its thread is. */
  const wallNow = (): number => clock.now() + (made.process?.lagMs ?? 0) + made.wallOffsetMs
  // The first start of all has no leases of a lost journal to wait for.
  const journal = createJournalStore({ intact: true, wallNow })
  const witness = createAgentWitness(cluster.feed, id, name, {
    now: clock.now,
    wallNow,
    lagMs: () => made.process?.lagMs ?? 0,
    waiting: () => made.host.agent?.waiting ?? 0,
    later: (fn) => made.process?.leave(fn),
  })
  const store = witness.store(journal)
  const [wakes, syncs] = [randomOf(seed, 'wake', index), randomOf(seed, 'fsync', index)]
  const host = createHost({
    process: () => processOf(cluster, made, wakes),
    journal: {
      open: () =>
        onSlowDisk(store.open(), {
          store,
          process: made.process!,
          disk: made.disk,
          draw: syncs,
          crash: (afterMs) => crashLater(cluster, made, afterMs),
        }),
    },
    solver: cluster.solver,
    settings: () =>
      settingsOf({
        name,
        policy,
        mode,
        rules,
        managed: options.managed ?? [],
        sampleMs,
        uri: uriOf(name),
      }),
    hypervisor: () => witness.hypervisor(simulatedHypervisor(world, name, options.simulated)),
    transport: () => witness.transport(lying(network.transport(id), made)),
    seed: (incarnation) => seed + incarnation,
    internals: {
      wallNow,
      summaryOf: network.summaryOf,
      around: (effect, when) => around(cluster, index, effect, when),
      fatal(cause) {
        if (made.broken) afterFailure(cluster, made)
        else cluster.failure ??= new Error(`the core of ${name} failed: ${cause}`, { cause })
      },
      createPeer(init) {
        const peer = (options.core ?? createPeer)(init)
        made.peer = peer
        const fragile: Peer = {
          ...peer,
          step: (now, input) => peer.step(made.broken ? Number.NaN : now, input),
        }
        return witness.peer(fragile, init)
      },
    },
    born: (agent) =>
      agent.events((event) => {
        if (event.kind === 'decision') cluster.decisions.push({ by: id, decision: event.decision })
      }),
  })
  const made: StoryHost = {
    id,
    name,
    host,
    journal,
    disk: quickDisk(),
    process: null,
    monotonic: createHostClock(0, 1),
    clockRate: 1,
    freezeAt: null,
    witness,
    wallOffsetMs: 0,
    stopping: false,
    startAgain: false,
    peer: null,
    broken: false,
    lie: null,
  }
  return made
}
