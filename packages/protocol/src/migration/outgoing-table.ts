/** The migrations that leave this host: what is known of each, and how one is closed here. */

import type { ActionResult, Resources } from '@drover/placement'
import type { ClosedActions } from '../actions/closed-actions.ts'
import type { ActionId, HostId, Instant, PartitionId, PeerUri, VmId } from '../data/ids.ts'
import type { Duty } from '../data/io.ts'
import type { AnyCode } from '../data/reasons.ts'
import type { StepContext } from '../step-context.ts'
import type { Duties } from './duties.ts'
import type { Job } from './migration-job.ts'
import type { Rounds } from './question-rounds.ts'

/** `asking`: for admission. `moving`: the hypervisor works. `handing`: gone from here, told the other end. `settling`: in doubt. */
export type OutgoingPhase = 'asking' | 'moving' | 'handing' | 'settling'

export interface OutgoingMigration {
  readonly action: ActionId
  readonly partition: PartitionId
  readonly leader: HostId | null
  /** Our lease's epoch, and the destination's. */
  readonly epoch: number
  readonly toEpoch: number
  readonly vm: VmId
  readonly to: HostId
  readonly demand: Resources
  readonly paused: boolean
  readonly since: Instant
  readonly phase: OutgoingPhase
  readonly uri: string | null
  readonly nextAt: Instant
  /** What both ends answer while it is settled. */
  readonly rounds: Rounds
  /** The destination has said that the VM ran there, which no later answer takes back. */
  readonly takenOver: boolean
  /** How often the hand-over was said again in vain. */
  readonly tries: number
  /** A resume is under way: not to be doubled. */
  readonly resuming: boolean
  /** What is known of the migration itself. */
  readonly job: Job
}

export interface OutgoingHooks {
  /** Why its migration may not begin now, as a code, or null. */
  hindrance(vm: VmId): AnyCode | null
  /** The hypervisor was told to move it. */
  started(action: ActionId): void
  /** It is positively gone from here: credit it now. */
  gone(vm: VmId): void
  ended(migration: OutgoingMigration, result: ActionResult): void
  /** The URI of the other end, if it may be opened from here; else it is said, and null. */
  reach(peer: HostId, uri: string, vm: VmId): PeerUri | null
}

export interface OutgoingTable {
  readonly all: ReadonlyMap<ActionId, OutgoingMigration>
  put(migration: OutgoingMigration): OutgoingMigration
  /** The outgoing migration to this host, if it is in one of these phases. */
  mine(action: ActionId, from: HostId, ...phases: readonly OutgoingPhase[]): OutgoingMigration | null
  /**
   * `told`: what its leader hears, where that differs from what is remembered here. `word`: what the destination has just
   * been told, and must confirm.
   */
  end(
    migration: OutgoingMigration,
    result: ActionResult,
    durable: boolean,
    more?: { readonly told?: ActionResult; readonly word?: Duty['word'] },
  ): void
  /** It will not leave: the destination is told to forget it. `owed`: until it confirms that. */
  refuse(migration: OutgoingMigration, code: AnyCode, detail: string, durable: boolean, owed?: boolean): void
}

/** What every message about the outgoing migration names. */
export const about = (migration: OutgoingMigration) => ({
  partition: migration.partition,
  epoch: migration.toEpoch,
  action: migration.action,
})

export const createOutgoingTable = (
  context: StepContext,
  closed: ClosedActions,
  duties: Duties,
  hooks: OutgoingHooks,
): OutgoingTable => {
  const all = new Map<ActionId, OutgoingMigration>()

  const put = (migration: OutgoingMigration): OutgoingMigration => {
    all.set(migration.action, migration)
    return migration
  }

  const end: OutgoingTable['end'] = (migration, result, durable, { told = result, word } = {}) => {
    const { vm, to: peer, demand } = migration
    all.delete(migration.action)
    const record = { action: migration.action, vm, end: 'departure', result } as const
    const duty = word === undefined ? null : { ...about(migration), vm, peer, word, demand }
    closed.remember(record)
    if (durable) context.emit({ kind: 'persist', record: { kind: 'closed', ...record, duty } })
    if (duty !== null) duties.take(duty)
    hooks.ended(migration, told)
  }

  const refuse: OutgoingTable['refuse'] = (migration, code, detail, durable, owed = false) => {
    context.send(migration.to, { kind: 'cancelled', ...about(migration), vm: migration.vm })
    end(migration, { kind: 'refused', code, detail }, durable, owed ? { word: 'cancelled' } : {})
  }

  return {
    all,
    put,
    mine(action, from, ...phases) {
      const migration = all.get(action)
      return migration !== undefined && migration.to === from && phases.includes(migration.phase)
        ? migration
        : null
    },
    end,
    refuse,
  }
}
