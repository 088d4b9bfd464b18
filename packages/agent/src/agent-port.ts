/** One agent, as the daemon, the local API and the harness see it. */
import type {
  ActionId,
  ActionResult,
  Answer,
  Command,
  Decision,
  HostId,
  LifecycleKind,
  PeerView,
  Reply,
  Resources,
} from '@drover/protocol'
import type { Settings } from './config/settings.ts'
import { CodedError } from './errors.ts'
import type { Hypervisor, MigrationResult } from './hypervisor/hypervisor-port.ts'
import type { Immediate } from './immediate.ts'
import type { Journal } from './journal/journal-port.ts'
import type { Log } from './log-port.ts'
import type { Solver } from './solve/solver.ts'
import type { Transport, TransportCounters } from './transport/transport-port.ts'

export interface AgentInit {
  readonly settings: Settings
  /** Its own: the agent opens it, and closes it when it stops or is killed. */
  readonly hypervisor: Immediate<Hypervisor>
  /** Its own: the agent starts and stops it. */
  readonly transport: Transport
  /** Its own: the agent closes it. */
  readonly journal: Journal
  /** May be shared by many agents of one process; its maker closes it. */
  readonly solver: Immediate<Solver>
  readonly log: Log
  /** Seeds jitter and start counts; default drawn anew in each life. */
  readonly seed?: number
}

export type AgentEvent =
  /** A decision began (`running`) or ended. */
  | { readonly kind: 'decision'; readonly decision: Decision }
  | { readonly kind: 'warning'; readonly code: string; readonly text: string; readonly vm: string | null }
  /** A migration away from here was handed to the hypervisor. */
  | {
      readonly kind: 'moving'
      readonly action: ActionId
      readonly vm: string
      readonly peer: HostId
    }
  | {
      readonly kind: 'progress'
      readonly vm: string
      readonly transferredMiB: number
      readonly remainingMiB: number
    }
  /** That migration has ended, as the hypervisor says. */
  | {
      readonly kind: 'moved'
      readonly action: ActionId
      readonly vm: string
      readonly peer: HostId
      readonly result: MigrationResult
      readonly durationMs: number
    }
  /** A start, stop, suspend or resume of a VM here was handed to the hypervisor. */
  | {
      readonly kind: 'operating'
      readonly action: ActionId
      readonly vm: string
      readonly operation: LifecycleKind
    }
  /** It has answered. `done`: it says that it did so. */
  | {
      readonly kind: 'operated'
      readonly action: ActionId
      readonly vm: string
      readonly operation: LifecycleKind
      readonly result: ActionResult
      readonly durationMs: number
    }
  /** The host was looked at. `load` is null while it is not known what its VMs want; pressure is PSI `some avg10`, percent. */
  | {
      readonly kind: 'sampled'
      readonly load: { readonly demand: Resources; readonly usable: Resources } | null
      readonly pressure: { readonly cpu: number; readonly memory: number } | null
    }
  | { readonly kind: 'solved'; readonly answer: Answer['kind']; readonly durationMs: number }
  /** An assertion failed: the agent has stopped itself; its VMs go on. The process should end with an error. */
  | { readonly kind: 'fatal'; readonly text: string }

export interface AgentStatus {
  readonly view: PeerView
  readonly hypervisor: {
    readonly driver: string
    readonly connected: boolean
    readonly trouble: string | null
    readonly version: string | null
  }
  readonly transport: TransportCounters
  readonly peersConnected: number
  readonly journal: { readonly healthy: boolean; readonly bytes: number }
  readonly addresses: readonly string[]
  readonly startedAtWallMs: number
  readonly incarnation: number
}

export interface Agent {
  readonly host: HostId
  /** Rejects when the transport cannot listen; a hypervisor that does not answer is no error. */
  start(): Promise<void>
  status(): AgentStatus
  /** Inputs that wait for its loop: more than what one input brings is a fault (S14). */
  readonly waiting: number
  /** Rejects with `AgentError` when there is no answer in time, or the agent stops. */
  command(command: Command): Promise<Reply>
  history: Journal['history']
  events(listener: (event: AgentEvent) => void): () => void
  /**
   * An orderly end. No further migration begins. Those under way may end, for at most `limits.leaveMs`: then each of their
   * VMs runs, here or there. A migration that takes longer than `limits.leaveMoveMs` is stopped, and its VM runs on here.
   */
  stop(): Promise<void>
  /** As kill -9: tells no other host, and writes nothing. */
  kill(): void
}

/** `agent.timeout`: the core has not answered in time; what it does goes on. */
export class AgentError extends CodedError<'agent.stopped' | 'agent.timeout' | 'agent.busy'> {}
