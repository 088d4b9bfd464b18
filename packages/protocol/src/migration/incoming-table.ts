/** The migrations that come to this host: what is known of each, and how one is closed here. */
import type { ActionResult } from '@drover/placement'
import type { ClosedActions } from '../actions/closed-actions.ts'
import type { ActionId, HostId, Instant, PartitionId, PeerUri, VmId } from '../data/ids.ts'
import type { Cancelled } from '../data/message.ts'
import type { ReasonCode } from '../data/reasons.ts'
import type { VmSnapshot } from '../data/snapshot.ts'
import type { Promised } from '../snapshot/ledger.ts'
import type { StepContext } from '../step-context.ts'
import type { Elsewhere } from './elsewhere.ts'
import { checkIncomingChange, checkIncomingEnd } from './migration-invariants.ts'
import type { Rounds } from './question-rounds.ts'

export interface IncomingMigration extends Promised {
  readonly partition: PartitionId
  /** Our lease's epoch. */
  readonly epoch: number
  readonly from: HostId
  readonly sourceUri: string
  readonly snapshot: VmSnapshot
  readonly cooldownMs: number
  /** It is to start with this host, as it does with that from which it comes. */
  readonly autostart: boolean
  readonly since: Instant
  readonly nextAt: Instant
  /** What both ends answer since the promise should have been used. */
  readonly rounds: Rounds
  /** The source has said that it has let go. */
  readonly letGo: boolean
  /** Ours was asked to run, and that is not answered yet. */
  readonly taking: boolean
  /**
   * Found here without a record, or with one of a damaged journal; an old word may have been said again, so only the source's answer to
   * our question counts.
   */
  readonly adopted: boolean
}

export interface IncomingHooks {
  /** What was to come is defined here, and is to start with this host. */
  owesAutostart(migration: IncomingMigration): void
  /** Before it runs here without a sure record: does it run on a third host? */
  elsewhere(migration: IncomingMigration): Elsewhere
  /** Our hypervisor is asked to let it run. */
  asked(action: ActionId, vm: VmId): void
  /** It runs here now. */
  arrived(migration: IncomingMigration): void
  /** The promise is over, either way. */
  ended(migration: IncomingMigration): void
  /** The URI of the other end, if it may be opened from here; else it is said, and null. */
  reach(peer: HostId, uri: string, vm: VmId): PeerUri | null
}

/** All incoming migrations of this host. */
export interface IncomingState {
  readonly context: StepContext
  readonly closed: ClosedActions
  readonly hooks: IncomingHooks
  /** The open ones: each is a promise in the ledger. */
  readonly all: Map<ActionId, IncomingMigration>
}

export const put = ({ all }: IncomingState, migration: IncomingMigration): IncomingMigration => {
  checkIncomingChange(all.get(migration.action) ?? null, migration)
  all.set(migration.action, migration)
  return migration
}

/** What every message about the incoming migration names. */
export const about = (migration: IncomingMigration) => ({
  partition: migration.partition,
  epoch: migration.epoch,
  action: migration.action,
})

/** `refused`: why the VM did not come; null = it runs here. */
export const close = (
  { context, closed, hooks, all }: IncomingState,
  migration: IncomingMigration,
  refused: ReasonCode | null,
): void => {
  checkIncomingEnd(all.get(migration.action) ?? null, refused)
  all.delete(migration.action)
  const result: ActionResult = refused === null ? { kind: 'done' } : { kind: 'refused', code: refused }
  const { action, vm, from: peer } = migration
  const record = { action, vm, end: 'arrival', result, peer } as const
  closed.remember(record)
  context.emit({ kind: 'persist', record: { kind: 'closed', ...record, duty: null } })
  hooks.ended(migration)
}

export const sayForgotten = (
  { context }: IncomingState,
  to: HostId,
  { partition, epoch, action }: IncomingMigration | Cancelled,
  vm: VmId,
): void => context.send(to, { kind: 'forgotten', partition, epoch, action, vm })
