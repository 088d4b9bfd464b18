/** What the local API shows of a peer: plain data, made on request. */

import type { Resources } from '@drover/placement'
import type { Decision } from './decision.ts'
import type { HostId, Instant, PartitionId, VmId } from './ids.ts'
import type { HostDescription } from './io.ts'
import type { ReasonCode } from './reasons.ts'
import type { VmSnapshot } from './snapshot.ts'
import type { LoadSummary, Mode } from './summary.ts'

/** One known host, as `drover members` shows it. */
export interface MemberView {
  readonly summary: LoadSummary
  readonly state: 'self' | 'alive' | 'suspect' | 'dead'
  /** Age of the summary, ms. */
  readonly ageMs: number
  /** Place in the ring, 0-based, and whether it is a direct neighbour. */
  readonly position: number
  readonly neighbour: boolean
}

/** A migration in or out that is not settled yet. */
export interface MigrationView {
  readonly action: string
  readonly vm: VmId
  /** Its id where the name is not known. */
  readonly name: string
  readonly direction: 'out' | 'in'
  readonly peer: HostId
  readonly phase: string
  readonly sinceMs: number
}

/** A start, stop, suspend or resume of a VM here that is not settled yet. */
export interface OperationView {
  readonly action: string
  readonly vm: VmId
  readonly operation: 'start' | 'stop' | 'suspend' | 'resume'
  readonly phase: string
  readonly sinceMs: number
}

/** A word about an ended outgoing migration that its destination has not confirmed. */
export interface DutyView {
  readonly action: string
  readonly vm: VmId
  readonly peer: HostId
  readonly word: 'hand-over' | 'cancelled'
  readonly sinceMs: number
}

/** All codes of alarms. */
export const alarmCodes = [
  'vm.double',
  'vm.paused_by_migration',
  'vm.paused_in_doubt',
  'vm.unconfirmed',
  'vm.autostart_unset',
  'migration.unaccounted',
] as const satisfies readonly ReasonCode[]
export type AlarmCode = (typeof alarmCodes)[number]

/** What an operator has to see for as long as it lasts. */
export interface AlarmView {
  readonly code: AlarmCode
  readonly text: string
  readonly vm: VmId
  readonly sinceMs: number
}

/** Everything the local API shows; plain data, made on request. */
export interface PeerView {
  readonly host: HostId
  readonly description: HostDescription | null
  readonly mode: Mode
  readonly draining: boolean
  readonly able: boolean
  /** Why not able, as codes. */
  readonly troubles: readonly ReasonCode[]
  readonly usable: Resources
  readonly demand: Resources
  readonly committedIn: Resources
  /** Why nothing is done early here, as a reason code; null = the forecast of this host was shown to be right. */
  readonly forecastDoubt: ReasonCode | null
  readonly overloadedSinceMs: number | null
  readonly lease: {
    readonly partition: PartitionId
    readonly epoch: number
    readonly leader: HostId
    readonly executing: boolean
  } | null
  readonly leading: PartitionId | null
  readonly migrations: readonly MigrationView[]
  readonly operations: readonly OperationView[]
  readonly duties: readonly DutyView[]
  readonly alarms: readonly AlarmView[]
  /** Of this host, sorted by name; with the reason each would stay (`fixed`, cool-down …). */
  readonly vms: readonly VmSnapshot[]
  readonly members: readonly MemberView[]
  /** Newest first. */
  readonly decisions: readonly Decision[]
  readonly warnings: readonly {
    readonly code: ReasonCode
    readonly text: string
    readonly vm: VmId | null
    readonly at: Instant
  }[]
}
