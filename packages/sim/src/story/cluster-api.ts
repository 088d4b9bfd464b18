/** A cluster of agents in virtual time, as its stories see it; `virtual-cluster.ts` makes one. */
import type {
  Command,
  Decision,
  Effect,
  HostId,
  Limits,
  Message,
  Mode,
  PartitionId,
  PartitionProblem,
  Peer,
  PeerInit,
  PeerView,
  Policy,
  Reply,
  Rule,
  Solution,
  VmId,
} from '@drover/protocol'
import type { Fate } from '../host/slow-disk.ts'
import type { SimulatedOptions } from '../hypervisor/driver-state.ts'
import type { WorldEvent } from '../hypervisor/events.ts'
import type { VmSpec } from '../hypervisor/state.ts'
import type { World } from '../hypervisor/world.ts'
import type { AgentEvent } from '../invariants/agent-feed.ts'
import type { Checker } from '../invariants/checker.ts'
import type { LivenessCheck } from '../invariants/liveness.ts'
import type { Weather } from '../network/model.ts'
import type { Random } from '../random.ts'
import type { ManualClock } from '../time/clock.ts'
import type { CrashPoint } from './crash-point.ts'
import type { Occasions } from './occasions.ts'
import type { Led, Order } from './story-leader.ts'

export interface ClusterOptions {
  readonly hosts: number
  readonly seed?: number
  /** Changes to the story's own policy: a short hold and a short cool-down, so that little time has to pass. */
  readonly policy?: Partial<Policy>
  /** Smaller bounds than the protocol's. They hold for all agents of this process until the next cluster is made. */
  readonly limits?: Partial<Limits>
  readonly mode?: Mode
  readonly rules?: readonly Rule[]
  /** VMs in drover's care: it may start, stop, suspend and resume them. Default none. */
  readonly managed?: readonly string[]
  /** Per host. Default 8 cores, 32 GiB, of which all is usable. */
  readonly cpuMilli?: number
  readonly memoryMiB?: number
  /** How often an agent looks at its hypervisor, ms. Default 1,000, as the daemon's. */
  readonly sampleMs?: number
  readonly latencyMs?: number
  /** Of the simulated hypervisors. */
  readonly simulated?: SimulatedOptions
  /** Instead of the real solver with the daemon's budget. */
  readonly solver?: (problem: PartitionProblem, planId: PartitionId) => Solution
  /** What a solve takes, ms. */
  readonly solveMs?: number
  /** Kills the agent that is to carry out one effect; told in `crashed`. The agent is started again a second later. */
  readonly crash?: CrashPoint
  /** Printed by a failing test; every message and decision. */
  readonly trace?: boolean
  /** Whether the observer hears of what agents do. Default true; without it a run takes less time. */
  readonly watched?: boolean
  /** Hears each effect that an agent's core asks for, before it is carried out. */
  readonly observe?: (host: number, effect: Effect) => void
  /** Hears all that agents and the world do, in order, from the first start on. */
  readonly record?: (event: RecordedEvent) => void
  /** Makes the core of each life of an agent. Default the product's, and nothing beside it. */
  readonly core?: (init: PeerInit) => Peer
}

export type RecordedEvent = AgentEvent | WorldEvent

export interface SentMessage {
  readonly from: HostId
  readonly to: HostId
  readonly message: Message
}

/** Hosts are numbered from 0, and named `h0`, `h1` … in the world. */
export interface Cluster {
  readonly clock: ManualClock
  readonly world: World
  readonly checker: Checker
  readonly random: Random
  /** What the network does to messages between agents, from now on. */
  readonly weather: Weather
  readonly ids: readonly HostId[]
  readonly decisions: readonly { readonly by: HostId; readonly decision: Decision }[]
  /** All that was sent, whether it arrived or not. */
  readonly messages: readonly SentMessage[]
  vm(name: string, host: number, cpuMilli: number, changes?: Partial<VmSpec>): VmId
  /** The core of the living agent of that host; throws when it has none. */
  peer(host: number): Peer
  /** What the living agent of that host says of itself now; throws when there is none. */
  view(host: number): PeerView
  /** The same; null when there is none. */
  viewOf(host: number): PeerView | null
  /** Lets time pass. Throws when an agent's core failed meanwhile. */
  run(ms: number): Promise<void>
  /** Runs until the condition holds; false when `ms` passed without. */
  until(condition: () => boolean, ms: number): Promise<boolean>
  command(host: number, command: Command): Promise<Reply>
  /** The same, without waiting for the reply. */
  tell(host: number, command: Command): string
  replies: Map<string, Reply>
  /** Has this plan carried out, by a leader that is not the product's. */
  lead(orders: readonly Order[]): Led
  /** The plan that was given last. */
  led(): Led | null
  /** Which effect met with the crash that was asked for, or null: the story has fewer effects. */
  crashed(): string | null

  /** As kill -9: the hypervisor and its migrations go on, unwatched. */
  killAgent(host: number): void
  /** An assertion fails in the core of that host with its next step: its agent ends, and is started again 5 s later. */
  breakCore(host: number): void
  /** As `systemctl stop`: resolves when the agent has ended; time must pass for that. */
  stopAgent(host: number): Promise<void>
  /** While its journal is full it cannot start, and tries again, as a service manager does. */
  restartAgent(host: number): void
  loseJournal(host: number): void
  /** Its last record, or so many of them, are damaged: it is found out when the agent starts again. */
  tearJournal(host: number, records?: number): void
  /** No record can be written any more, or none behind the next `afterRecords`; or there is space again. */
  fullJournal(host: number, full: boolean, afterRecords?: number): void
  /**
   * The agent's process stands still for `ms` (infinity: until `thaw`), as by SIGSTOP or on a host that gives it no time.
   * What reaches it meanwhile waits; hypervisors and migrations go on. `asleep`: its monotonic clock stands still, too, as
   * in a host that was suspended. Nothing is frozen while no agent lives there.
   */
  freeze(host: number, ms: number, options?: { readonly asleep?: boolean }): void
  /** The same, in the middle of a step: before the next effect of that kind, or message of that kind, is carried out. */
  freezeAt(host: number, what: string, ms: number): void
  /** Whatever it stands still for is over. */
  thaw(host: number): void
  /** From now on each record that its agent writes takes mean ± spread ms, in which its process stands still, and it dies in none. */
  fsync(host: number, meanMs: number, spreadMs?: number): void
  /** The agent dies while it writes its next record, and starts again 5 s later. Default: drawn whether that was written. */
  crashInFsync(host: number, record?: Fate): void
  /** The monotonic clocks of that host run at this rate from now on; 1.01 = one percent fast. */
  clockRate(host: number, rate: number): void
  /** From now on this host's agent says that instead of what its core wants said: a peer that means harm. */
  lies(host: number, lie: (message: Message, to: HostId) => Message): void
  /** Whatever it says to that host from now on ends the lease that the host has given to another leader, while it has one. */
  usurps(host: number, victim: number): void
  /** What that host's wall clock shows, ms since 1970; from then on it goes right. At the beginning it is 0. */
  setWallClock(host: number, ms: number): void
  /** Power failure: agent, hypervisor and VMs. */
  killHost(host: number): void
  bootHost(host: number): void
  /** Between agents and between hypervisors. `oneWay`: between agents only, what `a` says to `b`. */
  cut(a: number, b: number, options?: { readonly oneWay?: boolean }): void
  /** What the agent of `a` says to that of `b` arrives so much later, all at once. */
  clog(a: number, b: number, ms: number): void
  /** What it does so long after the next occasion of that name: `occasions.ts` has the names. */
  upon: Occasions['upon']
  /** All cuts and clogs, or those between these two. */
  heal(a?: number, b?: number): void
  /**
   * All that concerns these hosts and what is between them is healed, the others stay as they are. From now on the promises of
   * liveness are judged among them.
   */
  healCore(hosts: readonly number[]): void
  /** An operator does once what the alarms ask for, where it is safe. */
  operate(): void
  /** Null until a core was healed. */
  liveness(): LivenessCheck | null
  /** Its agents are killed and its checkers look no more: what it holds can be given back. */
  close(): void
  overloaded(): readonly string[]
  /** Deduplicated by id, the leader's own last word. */
  outcomes(): readonly Decision[]
}
