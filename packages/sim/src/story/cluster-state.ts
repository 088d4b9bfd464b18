/** What the parts of a cluster in virtual time share. */
import type { JournalStore, Solver } from '@drover/agent/runtime'
import type {
  Decision,
  HostId,
  Message,
  Mode,
  Peer,
  PeerView,
  Policy,
  Reply,
  Resources,
  Rule,
} from '@drover/protocol'
import type { Host } from '../host/host.ts'
import type { Process } from '../host/process.ts'
import type { Disk } from '../host/slow-disk.ts'
import type { World } from '../hypervisor/world.ts'
import type { AgentFeed } from '../invariants/agent-feed.ts'
import type { VirtualNetwork } from '../network/virtual-network.ts'
import type { ManualClock } from '../time/clock.ts'
import type { HostClock } from '../time/host-clock.ts'
import type { AgentWitness } from './agent-witness.ts'
import type { ClusterOptions, SentMessage } from './cluster-api.ts'
import type { CrashWatch } from './crash-point.ts'
import type { Occasions } from './occasions.ts'

/** One host, and what a story has done to it. */
export interface StoryHost {
  readonly id: HostId
  readonly name: string
  /** Its agent comes and goes. */
  readonly host: Host
  readonly journal: JournalStore
  readonly disk: Disk
  /** Of the present life of its agent, or of the last; null before the first. */
  process: Process | null
  /** The monotonic clock of that process. */
  monotonic: HostClock
  /** How fast monotonic clocks run there; 1 = as the world's. */
  clockRate: number
  /** Its agent stands still so long, ms, before it carries out the next effect of that name. */
  freezeAt: { readonly what: string; readonly ms: number } | null
  readonly witness: AgentWitness
  /** What its wall clock shows when the cluster's clock is at 0, ms. */
  wallOffsetMs: number
  /** Its agent is being stopped in order; and is to start again after that. */
  stopping: boolean
  startAgain: boolean
  /** The core of the living agent. */
  peer: Peer | null
  /** Its core is told no time with its next step: an assertion fails there. */
  broken: boolean
  /** What its agent says instead of what its core wants said. */
  lie: ((message: Message, to: HostId) => Message) | null
}

export interface ClusterState {
  readonly options: ClusterOptions
  readonly seed: number
  readonly mode: Mode
  readonly rules: readonly Rule[]
  readonly policy: Policy
  /** Of each host; all of it is usable. */
  readonly capacity: Resources
  readonly clock: ManualClock
  readonly world: World
  /** What the observer hears of the agents. */
  readonly feed: AgentFeed
  readonly network: VirtualNetwork
  readonly solver: Solver
  readonly crash: CrashWatch
  readonly hosts: StoryHost[]
  readonly occasions: Occasions
  readonly decisions: { by: HostId; decision: Decision }[]
  readonly messages: SentMessage[]
  readonly replies: Map<string, Reply>
  /** How many commands were given. */
  requests: number
  /** What must not happen, and happened where no caller could be told. */
  failure: Error | null
}

/** Throws RangeError when the cluster has no such host. */
export const hostAt = ({ hosts }: ClusterState, index: number): StoryHost => {
  const host = hosts[index]
  if (host === undefined) throw new RangeError(`no host ${index}`)
  return host
}

/** What its living agent says of itself now, by its own clock; null when there is none. */
export const viewOf = ({ clock }: ClusterState, { peer, monotonic }: StoryHost): PeerView | null =>
  peer?.view(Math.floor(monotonic.at(clock.now()))) ?? null

/** Throws what went wrong where no caller could be told. */
export const check = ({ failure }: ClusterState): void => {
  if (failure !== null) throw failure
}
