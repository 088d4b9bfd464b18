/** One live migration in flight, and all of those of a world: what the files that begin, drive and end them share. */
import type { VmId } from '@drover/protocol'
import type { MigrationPhase, MigrationTruth } from './events.ts'
import type { DeathFault, Faults, MigrationFault } from './faults.ts'
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
  /** Its owner's doing. Default false. */
  readonly byHand?: boolean
  readonly onEnd: (report: MigrationReport) => void
  /** There was no answer in time; the migration goes on. Default: its caller waits for ever. */
  readonly onTimeout?: () => void
}

export interface Refusal {
  readonly code: string
  readonly detail: string
}

/** What the phases of a migration take, ms. A phase that takes no time is not to be seen from outside. */
export interface Phases {
  beginMs: number
  prepareMs: number
  /** Beside the last pages. */
  finishMs: number
  finishedMs: number
  confirmMs: number
  /** Until a hypervisor notices that the other's host is dead, or cut off. A cut that is healed before is never noticed. */
  noticeMs: number
  /** For so long a copy that will not be used is still to be seen at the destination. */
  lingerMs: number
}

export interface Migration extends Precopy, Transfer {
  rateMiBps: number
  readonly source: Copy
  readonly target: Copy
  readonly paused: boolean
  readonly byHand: boolean
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
  phase: MigrationPhase
  hung: boolean
  /** It has a share of the links. */
  sending: boolean
  /** The other end is out of reach, and that is not noticed yet. */
  severed: boolean
  /** Why it is to stop as soon as it can; null = it is not. */
  stopping: string | null
  stoppedAt: number
  /** Cancels the timer of its next event. */
  disarm: () => void
  /** What comes when the present phase is over, `perform` excepted. */
  next: () => void
}

/** What a fault does to hosts, daemons and links in the middle of a migration. */
export interface Deaths {
  strike(fault: DeathFault, source: HostRecord, destination: HostRecord): void
}

export interface MigrationsState {
  readonly world: State
  readonly faults: Faults
  readonly phases: Phases
  readonly deaths: Deaths
  /** Each VM has at most one. */
  readonly inFlight: Map<VmId, Migration>
  /** VMs whose hypervisor has an unread request to move them. */
  readonly unread: Set<VmId>
  readonly links: Links<Migration>
}

/** False: a listener to what happened to it has ended it. */
export const isInFlight = ({ inFlight }: MigrationsState, m: Migration): boolean =>
  inFlight.get(m.source.vm.spec.vm) === m

/** Its destination's copy is a VM of its own already. */
export const hasLanded = ({ phase }: Migration): boolean => phase === 'finished' || phase === 'confirm'

export const truthOf = (m: Migration): MigrationTruth => ({
  vm: m.source.vm.spec.vm,
  from: m.source.host.spec.name,
  to: m.target.host.spec.name,
  phase: m.phase,
  transferredMiB: m.transferredMiB,
  remainingMiB: m.phase === 'finish' || hasLanded(m) ? 0 : m.toSendMiB + m.dirtiedMiB,
  memoryMiB: m.source.vm.memoryMiB,
  rateMiBps: m.rateMiBps,
  startedAt: m.startedAt,
  paused: m.paused,
  byHand: m.byHand,
})

/** Counts its progress up to now. */
export const settle = ({ clock }: State, m: Migration): void => {
  const seconds = (clock.now() - m.settledAt) / 1000
  m.settledAt = clock.now()
  if (seconds > 0 && m.phase === 'perform') advance(m, seconds, m.source.vm.memoryMiB, dirtyMiBpsOf(m.source))
}
