/** One live migration in flight, and all of those of a world: what the files that begin, drive and end them share. */
import type { VmId } from '@drover/protocol'
import type { MigrationTruth } from './events.ts'
import type { Faults, MigrationFault } from './faults.ts'
import type { Links, Transfer } from './links.ts'
import { advance, type Precopy } from './precopy.ts'
import { type Copy, dirtyMiBpsOf, type HostRecord, type State } from './state.ts'

/** What the hypervisor reports to the caller. `error` null = success; it may lie (`fail-after-success`). */
export interface MigrationReport {
  readonly error: string | null
  readonly transferredMiB: number
  readonly downtimeMs: number | null
}

export interface MigrationOrder {
  readonly source: Copy
  readonly to: HostRecord
  readonly paused: boolean
  readonly capMiBps: number
  readonly onEnd: (report: MigrationReport) => void
}

export interface Refusal {
  readonly code: string
  readonly detail: string
}

export interface Migration extends Precopy, Transfer {
  rateMiBps: number
  readonly source: Copy
  readonly target: Copy
  readonly paused: boolean
  readonly onEnd: (report: MigrationReport) => void
  readonly startedAt: number
  /** Until when its progress is counted. */
  settledAt: number
  /** Counts its progress before the CPU of its source is divided anew: what the guest rewrites follows it. */
  readonly follow: () => void
  /** The source's state before, and to return to. */
  readonly was: { readonly state: Copy['state']; readonly pausedBy: Copy['pausedBy'] }
  fault: MigrationFault | null
  capMiBps: number
  phase: 'copying' | 'finishing'
  hung: boolean
  stoppedAt: number
  /** Cancels the timer of its next event. */
  disarm: () => void
}

export interface MigrationsState {
  readonly world: State
  readonly faults: Faults
  /** From the last page sent to the guest running there, ms. */
  readonly finishMs: number
  /** Each VM has at most one. */
  readonly inFlight: Map<VmId, Migration>
  /** Requests that the daemon of that host has not read, by VM; they die with it. */
  readonly unread: Map<VmId, HostRecord>
  readonly links: Links<Migration>
}

export const truthOf = (m: Migration): MigrationTruth => ({
  vm: m.source.vm.spec.vm,
  from: m.source.host.spec.name,
  to: m.target.host.spec.name,
  phase: m.phase,
  transferredMiB: m.transferredMiB,
  remainingMiB: m.phase === 'finishing' ? 0 : m.toSendMiB + m.dirtiedMiB,
  memoryMiB: m.source.vm.memoryMiB,
  rateMiBps: m.rateMiBps,
  startedAt: m.startedAt,
  paused: m.paused,
})

/** Counts its progress up to now. */
export const settle = ({ clock }: State, m: Migration): void => {
  const seconds = (clock.now() - m.settledAt) / 1000
  m.settledAt = clock.now()
  if (seconds > 0 && m.phase === 'copying') advance(m, seconds, m.source.vm.memoryMiB, dirtyMiBpsOf(m.source))
}
