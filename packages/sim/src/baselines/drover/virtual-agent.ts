/**
 * One host's agent on the simulated ground: the daemon's own, loop, effects and all. Its hypervisor is the ground's, what it
 * looks at is told by the ground, and its membership may model gossip as a whole.
 */
import {
  type Clock,
  createJournalStore,
  type Immediate,
  type Solver,
  type Transport,
} from '@drover/agent/runtime'
import {
  createPeer,
  type Decision,
  type HostId,
  type Input,
  type Instant,
  type MakeMembership,
  nothing,
  type PartitionId,
  type Peer,
  type PeerInit,
  type Policy,
} from '@drover/protocol'
import { createHost } from '../../host/host.ts'
import { settingsOf } from '../../host/settings.ts'
import type { Ground, GroundHost } from '../../run/simulated-run.ts'
import { groundHypervisor } from './ground-hypervisor.ts'
import { createGroundPoller, type GroundPoller } from './ground-poller.ts'
import { uriOf } from './observations.ts'

export interface SiteInit {
  readonly ground: Ground
  readonly host: GroundHost
  /** What its clock shows at time 0: its agent was started so many ms before. */
  readonly clockMs: number
  readonly sampleMs: number
  readonly policy: Policy
  readonly membership: MakeMembership
  readonly transport: Transport
  readonly solver: Immediate<Solver>
  /** The host behind an agent's identity, and behind a migration URI. */
  hostOf(id: HostId): GroundHost
  hostAt(uri: string): GroundHost
}

export interface Site {
  /** Tells the core something that did not come by the transport. */
  feed(input: Input): void
  /** Something on its host has changed. */
  changed(): void
  /** Something is under way or put off: it will be woken for it. */
  readonly waits: boolean
  /** At the end of the run. */
  close(): void
}

/** Starts the agent. Call it at time 0. */
export const createSite = (init: SiteInit): Site => {
  const { ground, host, clockMs } = init
  const { kernel, books } = ground
  const { name } = host.record.spec
  const randomly = ground.random('agent', host.index)
  const endMs = Math.floor(ground.workload.durationMs)

  // The agent begins at its own time 0, and some seconds later it is the kernel's.
  let begun = false
  const clock: Clock = {
    now: () => (begun ? kernel.now() + clockMs : 0),
    after(ms, fn) {
      const inMs = begun ? ms : ms - clockMs
      // An idle agent waits for the end of time: what lies behind the end of the run is not kept in the queue.
      return kernel.now() + inMs > endMs ? () => {} : kernel.after(inMs, fn)
    },
  }

  let leased: PartitionId | null = null
  let leasedAt = 0
  const hold = (partition: PartitionId | null): void => {
    if (partition === leased) return
    if (leased !== null) books.held(host, leasedAt, kernel.now())
    leased = partition
    leasedAt = kernel.now()
  }
  const watched: MakeMembership = (desk, hooks) => {
    const membership = init.membership(desk, hooks)
    return {
      ...membership,
      announce(facts, hasty) {
        if (facts !== null) hold(facts.partition)
        membership.announce(facts, hasty)
      },
    }
  }

  let wakeAt: Instant = Number.MAX_SAFE_INTEGER
  const peerOf = (peerInit: PeerInit): Peer => {
    const peer = createPeer(peerInit, watched)
    return {
      view: peer.view,
      step(now, input) {
        const effects = peer.step(now, input)
        const wake = effects.at(-1)
        if (wake?.kind === 'wake') wakeAt = wake.at
        return effects
      },
    }
  }

  const decided = (decision: Decision): void => {
    const { asMember, result, reason, code, actions, members } = decision
    if (asMember || result === 'running') return
    const moves = actions.map(({ action }) =>
      action.kind === 'migrate' ? `${action.vm}>${init.hostOf(action.to).record.spec.name}` : action.kind,
    )
    books.trace(`decision ${name} ${reason} ${result} ${code ?? '-'} ${members.length} ${moves.join(',')}`)
    if (result === 'cured' && reason.startsWith('overload') && actions.length > 0) books.cured()
  }

  let feed: (input: Input) => void = () => {}
  let poller: GroundPoller | null = null
  const agent = createHost({
    // No agent of this world is restarted, and nobody asks for its history: what is written need not be kept.
    journal: {
      open: () => ({
        ...createJournalStore({ intact: true, wallNow: () => 0 }).open(),
        append() {},
        remember() {},
      }),
    },
    solver: init.solver,
    settings: () =>
      settingsOf({
        name,
        location: '',
        listen: '',
        bootstrap: [],
        clusterKey: null,
        reserve: nothing,
        policy: init.policy,
        mode: 'auto',
        rules: [],
        sampleMs: init.sampleMs,
        uri: uriOf(host),
      }),
    hypervisor: () => groundHypervisor(ground, host, init.hostAt),
    transport: () => init.transport,
    seed: () => randomly.bits(),
    internals: {
      clock,
      wallNow: () => 0,
      fatal(error) {
        throw error
      },
      createPeer: peerOf,
      createPoller(of) {
        feed = of.feed
        poller = createGroundPoller({
          kernel,
          host,
          sampleMs: init.sampleMs,
          phase: () => randomly.fraction(),
          feed,
          begun() {
            begun = true
          },
        })
        return poller
      },
    },
    born: (one) =>
      one.events((event) => {
        if (event.kind === 'decision') decided(event.decision)
        if (event.kind === 'warning') books.trace(`warning ${name} ${event.code}`)
      }),
  })
  void agent.start()

  return {
    feed: (input) => feed(input),
    changed: () => poller?.changed(),
    get waits() {
      return wakeAt <= endMs + clockMs
    },
    close: () => hold(null),
  }
}
