/** One agent: the loop that feeds the core and carries out its effects. The daemon runs one; the harness many. */
import type { Command, Decision, HostId, PeerView, Reply } from '@drover/protocol'
import type { Logger } from 'pino'
import type { Settings } from './config/settings.ts'
import type { Hypervisor } from './hypervisor/port.ts'
import type { Journal } from './journal/port.ts'
import type { Solver } from './solve/solver.ts'
import type { Transport, TransportCounters } from './transport/port.ts'

export interface AgentInit {
  readonly settings: Settings
  readonly hypervisor: Hypervisor
  readonly transport: Transport
  readonly journal: Journal
  /** May be shared by many agents of one process. */
  readonly solver: Solver
  readonly log: Logger
  /** Seeds jitter; default from the host id and incarnation. */
  readonly seed?: number
}

export type AgentEvent =
  | { readonly kind: 'decision'; readonly decision: Decision }
  | { readonly kind: 'warning'; readonly code: string; readonly text: string; readonly vm: string | null }
  | {
      readonly kind: 'progress'
      readonly vm: string
      readonly transferredMiB: number
      readonly remainingMiB: number
    }

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
  start(): Promise<void>
  status(): AgentStatus
  command(command: Command): Promise<Reply>
  history: Journal['history']
  events(listener: (event: AgentEvent) => void): () => void
  /** Clean: starts no further migration, lets running ones go on by themselves (peer-to-peer), moves no VM. */
  stop(): Promise<void>
  /** As kill -9: no goodbye, nothing written. */
  kill(): void
}
