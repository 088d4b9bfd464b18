/**
 * One agent of a simulated run: the daemon's own code, loop, effects and all. Its hypervisor and its samples are the run's,
 * and its membership may model gossip as a whole.
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
  type PartitionId,
  type Policy,
} from '@drover/protocol'
import { createHost, type HostInit } from '../../host/host.ts'
import { settingsOf } from '../../host/settings.ts'
import type { RunHost, SimulatedRun } from '../../run/simulated-run.ts'
import { uriOf } from './observations.ts'
import { runHypervisor } from './run-hypervisor.ts'
import { createRunPoller, type RunPoller } from './run-poller.ts'

export interface VirtualAgentInit {
  readonly run: SimulatedRun
  readonly host: RunHost
  /** What its clock shows at time 0: its agent was started so many ms before. */
  readonly clockMs: number
  readonly sampleMs: number
  readonly policy: Policy
  readonly membership: MakeMembership
  readonly transport: Transport
  readonly solver: Immediate<Solver>
  /** The host behind an agent's identity, and behind a migration URI. */
  hostOf(id: HostId): RunHost
  hostAt(uri: string): RunHost
}

export interface VirtualAgent {
  /** Tells the core something that did not come by the transport. */
  feed(input: Input): void
  /** Something on its host has changed. */
  changed(): void
  /** Something is under way or put off: it will be woken for it. */
  readonly waits: boolean
  /** At the end of the run. */
  close(): void
}

/** An agent's own clock: it begins at 0, and some seconds later it is the kernel's. */
interface AgentClock extends Clock {
  /** From now on it goes with the kernel's. */
  begin(): void
}

const clockOf = ({ run: { kernel, workload }, clockMs }: VirtualAgentInit): AgentClock => {
  const endMs = Math.floor(workload.durationMs)
  let begun = false
  return {
    begin() {
      begun = true
    },
    now: () => (begun ? kernel.now() + clockMs : 0),
    after(ms, fn) {
      const inMs = begun ? ms : ms - clockMs
      // An idle agent waits for the end of time: what lies behind the end of the run is not kept in the queue.
      return kernel.now() + inMs > endMs ? () => {} : kernel.after(inMs, fn)
    },
  }
}

/** Counts for how long the host is leased: what it announces says to which partition. */
interface LeaseMeter {
  readonly membership: MakeMembership
  /** At the end of the run. */
  close(): void
}

const leaseMeterOf = ({ run: { kernel, metrics }, host, membership }: VirtualAgentInit): LeaseMeter => {
  let leased: PartitionId | null = null
  let leasedAt = 0
  const hold = (partition: PartitionId | null): void => {
    if (partition === leased) return
    if (leased !== null) metrics.held(host, leasedAt, kernel.now())
    leased = partition
    leasedAt = kernel.now()
  }
  return {
    membership(context, hooks) {
      const members = membership(context, hooks)
      return {
        ...members,
        announce(facts, hasty) {
          if (facts !== null) hold(facts.partition)
          members.announce(facts, hasty)
        },
      }
    },
    close: () => hold(null),
  }
}

/** Traces what the leader on this host decided, and counts its cures. */
const decided = ({ run: { metrics }, host, hostOf }: VirtualAgentInit, decision: Decision): void => {
  const { asMember, result, reason, code, actions, members } = decision
  if (asMember || result === 'running') return
  const moves = actions.map(({ action }) =>
    action.kind === 'migrate' ? `${action.vm}>${hostOf(action.to).record.spec.name}` : action.kind,
  )
  const { name } = host.record.spec
  metrics.trace(`decision ${name} ${reason} ${result} ${code ?? '-'} ${members.length} ${moves.join(',')}`)
  if (result === 'cured' && reason.startsWith('overload') && actions.length > 0) metrics.cured()
}

/** No agent of a run is restarted, and its history is not asked for: what is written need not be kept. */
const forgetfulJournal = (): HostInit['journal'] => ({
  open: () => ({
    ...createJournalStore({ intact: true, wallNow: () => 0 }).open(),
    append() {},
    remember() {},
  }),
})

const settings = ({ host, policy, sampleMs }: VirtualAgentInit) =>
  settingsOf({
    name: host.record.spec.name,
    policy,
    mode: 'auto',
    sampleMs,
    uri: uriOf(host),
  })

/** Starts the agent. Call it at time 0. */
export const startVirtualAgent = (init: VirtualAgentInit): VirtualAgent => {
  const { run, host, clockMs, sampleMs } = init
  const { kernel, metrics } = run
  const randomly = run.random('agent', host.index)
  const endMs = Math.floor(run.workload.durationMs)
  const clock = clockOf(init)
  const leases = leaseMeterOf(init)
  let wakeAt: Instant = Number.MAX_SAFE_INTEGER
  let feed: (input: Input) => void = () => {}
  let poller: RunPoller | null = null
  const agent = createHost({
    journal: forgetfulJournal(),
    solver: init.solver,
    settings: () => settings(init),
    hypervisor: () => runHypervisor(run, host, init.hostAt),
    transport: () => init.transport,
    seed: () => randomly.bits(),
    internals: {
      clock,
      wallNow: () => 0,
      fatal(error) {
        throw error
      },
      createPeer(peerInit) {
        const peer = createPeer(peerInit, leases.membership)
        return {
          ...peer,
          step(now, input) {
            const effects = peer.step(now, input)
            const wake = effects.at(-1)
            if (wake?.kind === 'wake') wakeAt = wake.at
            return effects
          },
        }
      },
      createPoller(of) {
        feed = of.feed
        const phase = () => randomly.fraction()
        poller = createRunPoller({ kernel, clock, host, sampleMs, phase, feed, begun: clock.begin })
        return poller
      },
    },
    born: (one) =>
      one.events((event) => {
        if (event.kind === 'decision') decided(init, event.decision)
        if (event.kind === 'warning') metrics.trace(`warning ${host.record.spec.name} ${event.code}`)
      }),
  })
  void agent.start()
  return {
    feed: (input) => feed(input),
    changed: () => poller?.changed(),
    get waits() {
      return wakeAt <= endMs + clockMs
    },
    close: leases.close,
  }
}
