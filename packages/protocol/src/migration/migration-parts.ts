/** The parts of all migrations of this host, and what they ask of the rest of it. */

import type { ClosedActions } from '../actions/closed-actions.ts'
import type { UnreadResumes } from '../actions/unread-resumes.ts'
import type { ActionId, HostId, Instant, PeerUri, VmId } from '../data/ids.ts'
import type { Lease } from '../data/lease.ts'
import type { ReasonCode } from '../data/reasons.ts'
import type { HostState } from '../snapshot/host.ts'
import type { Expected } from '../snapshot/ledger.ts'
import type { StepContext } from '../step-context.ts'
import type { Adoption } from './adoption.ts'
import type { Alarms } from './alarms.ts'
import type { Autostarts } from './autostarts.ts'
import type { Duties } from './duties.ts'
import type { EarlyAdmissions } from './early-admissions.ts'
import type { Search } from './elsewhere.ts'
import type { ForeignArrivals } from './foreign-arrivals.ts'
import type { IncomingMigrations } from './incoming.ts'
import type { IncomingMigration } from './incoming-table.ts'
import type { OutgoingMigrations } from './outgoing.ts'
import type { PresenceAnswers } from './presence.ts'
import type { UnderWay } from './unaccounted-jobs.ts'

/** What migrations ask of the rest of their host. */
export interface MigrationHooks {
  lease(): Lease | null
  /** Why this host may begin and admit nothing now, as a code, or null. */
  trouble(): ReasonCode | null
  /** A promise was given: the lease can no longer be wounded. */
  admitted(): void
  /** Our hypervisor was told to move a VM. */
  started(action: ActionId): void
  /** The migration URI that a host's own summary says; null = no summary of it is known. */
  announced(host: HostId): string | null
  /** Records of an earlier life of this host may be lost. */
  mayLack(): boolean
  /** All other hosts that are not taken for dead. */
  others(): readonly HostId[]
  /** So short a time after its start this host has not heard of all others yet. */
  isYoung(): boolean
  /** An open action of this host that is no migration is about this VM. */
  operates(vm: VmId): boolean
  /** All that is to come to this host: promised, or brought by an operator. */
  coming(): readonly Expected[]
}

/** The parts of all migrations, and what only they share. */
export interface MigrationParts {
  readonly context: StepContext
  readonly host: HostState
  readonly hooks: MigrationHooks
  /**
   * The URI of the other end, if it may be opened from here; else it is said, and null. `isNew`: the peer has just named it, so it must be the one
   * that it announces. One that is on record was looked at before.
   */
  readonly reach: (peer: HostId, said: string, vm: VmId, isNew?: boolean) => PeerUri | null
  readonly closed: ClosedActions
  readonly duties: Duties
  readonly autostarts: Autostarts
  readonly unread: UnreadResumes
  readonly outgoing: OutgoingMigrations
  readonly incoming: IncomingMigrations
  readonly early: EarlyAdmissions
  readonly presence: PresenceAnswers
  readonly adoption: Adoption
  readonly search: Search
  readonly alarms: Alarms
  /** VMs of all migrations that run, drover's own and others, as the hypervisor last told. */
  jobs: ReadonlySet<VmId>
  /** Of those that leave, what is known of their progress. */
  outgoingJobs: UnderWay
  /** Of those that come in, since when. */
  incomingJobs: UnderWay
  /** When our hypervisor first told its jobs; null = not yet. */
  firstLookAt: Instant | null
  readonly journalIntact: boolean
  /** What an operator brings here. */
  arrivals: ForeignArrivals
}

/** Most of the time nothing is under way. */
const nothingPromised: readonly IncomingMigration[] = []

export const promisesOf = ({ incoming }: MigrationParts): readonly IncomingMigration[] =>
  incoming.all.size === 0 ? nothingPromised : [...incoming.all.values()]

export const moves = (parts: MigrationParts, vm: VmId): boolean =>
  [...parts.outgoing.all.values(), ...promisesOf(parts)].some((one) => one.vm === vm)

/** As the last sample says of its definition; or as it is to be, where that is not done yet. */
export const startsWithHost = ({ host, autostarts }: MigrationParts, vm: VmId): boolean =>
  autostarts.has(vm) || host.vms.get(vm)?.autostart === true

/** So many migrations enter this host and leave it, an operator's included. */
export const migrationsIn = (parts: MigrationParts): number => parts.incoming.all.size + parts.arrivals.size
export const migrationsOut = (parts: MigrationParts): number =>
  parts.outgoing.all.size + [...parts.outgoingJobs.keys()].filter((vm) => !accounts(parts, vm)).length

/** An open action of this host is about it: no stranger's job, and no VM left alone. */
export const accounts = (parts: MigrationParts, vm: VmId): boolean =>
  moves(parts, vm) || parts.hooks.operates(vm)
