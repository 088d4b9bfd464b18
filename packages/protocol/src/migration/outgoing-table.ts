/** The migrations that leave this host: what is known of each, and how one is closed here. */

import type { ActionResult, Resources } from '@drover/placement'
import type { ClosedActions } from '../actions/closed-actions.ts'
import { boundTo } from '../data/bound-to.ts'
import { limits } from '../data/config.ts'
import type { ActionId, HostId, Instant, PartitionId, PeerUri, VmId } from '../data/ids.ts'
import type { Duty } from '../data/io.ts'
import type { AnyCode } from '../data/reasons.ts'
import type { StepContext } from '../step-context.ts'
import type { Duties } from './duties.ts'
import { checkOutgoingChange, checkOutgoingEnd } from './migration-invariants.ts'
import type { Job } from './migration-job.ts'
import type { Rounds } from './question-rounds.ts'

/**
 * `asking`: for admission. `moving`: the hypervisor works. `settling`: in doubt. `handing`: gone from here, told the other end.
 * In this order: none goes back.
 */
export type OutgoingPhase = 'asking' | 'moving' | 'settling' | 'handing'

export interface OutgoingMigration {
  readonly action: ActionId
  readonly partition: PartitionId
  readonly leader: HostId | null
  /** Our lease's epoch, and the destination's. */
  readonly epoch: number
  readonly toEpoch: number
  readonly vm: VmId
  /** Which start of the VM is to move (S10); '' = not known here. */
  readonly vmIncarnation: string
  readonly to: HostId
  readonly demand: Resources
  readonly paused: boolean
  /** It starts with its host here, and is to do so there. */
  readonly autostart: boolean
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
  /** A resume is under way, here while it is in doubt, there while it is handed over: not to be doubled. */
  readonly resuming: boolean
  /** Of a damaged journal, which may have lost what came after: it lets no copy run by itself, here or there. */
  readonly uncertain: boolean
  /** When the VM was last here for certain; null = this life of the agent has not seen it here. */
  readonly seenHereAt: Instant | null
  /** Requests to let it run there, of this life or an earlier one, that have no good answer: each may be unread. */
  readonly unreadThere: number
  /** What is known of the migration itself. */
  readonly job: Job
}

export interface OutgoingHooks {
  /** Why its migration may not begin now, as a code, or null. */
  hindrance(migration: Pick<OutgoingMigration, 'vm' | 'vmIncarnation'>): AnyCode | null
  /** The hypervisor was told to move it. */
  started(action: ActionId): void
  /** Our hypervisor is asked to let it run here. */
  asked(action: ActionId, vm: VmId): void
  /** It is positively gone from here: credit it now. */
  gone(vm: VmId): void
  ended(migration: OutgoingMigration, result: ActionResult): void
  /** The URI of the other end, if it may be opened from here; else it is said, and null. */
  reach(peer: HostId, uri: string, vm: VmId, isNew?: boolean): PeerUri | null
}

/** All outgoing migrations of this host. */
export interface OutgoingState {
  readonly context: StepContext
  readonly closed: ClosedActions
  readonly duties: Duties
  readonly hooks: OutgoingHooks
  /** The open ones. */
  readonly all: Map<ActionId, OutgoingMigration>
  /** Those that ended well in this life, with no request at the destination's hypervisor that may be unread. */
  readonly settled: Set<ActionId>
}

export const put = ({ all }: OutgoingState, migration: OutgoingMigration): OutgoingMigration => {
  checkOutgoingChange(all.get(migration.action) ?? null, migration)
  all.set(migration.action, migration)
  return migration
}

/** The outgoing migration to this host, if it is in one of these phases. */
export const outgoingTo = (
  { all }: OutgoingState,
  action: ActionId,
  to: HostId,
  ...phases: readonly OutgoingPhase[]
): OutgoingMigration | null => {
  const migration = all.get(action)
  return migration !== undefined && migration.to === to && phases.includes(migration.phase) ? migration : null
}

/**
 * What it says with a hand-over, for a destination that has lost its record. Only a life of this agent that has seen the VM here knows that
 * the copy there waits: while no agent was here to hear it, the destination may have taken over, and have moved the VM on (S1).
 */
export const ifUnrecorded = ({
  uncertain,
  seenHereAt,
  demand,
  autostart,
}: Pick<OutgoingMigration, 'uncertain' | 'seenHereAt' | 'demand' | 'autostart'>) => ({
  demand: uncertain || seenHereAt === null ? null : demand,
  autostart,
})

/** What every message about the outgoing migration names. */
export const about = (migration: OutgoingMigration) => ({
  partition: migration.partition,
  epoch: migration.toEpoch,
  action: migration.action,
})

const noteSettled = (settled: Set<ActionId>, action: ActionId): void => {
  settled.add(action)
  boundTo(limits.closedActionsMax, settled)
}

/** The VM is here, as a look has shown that began no sooner: of what an earlier life asked there nothing can be unread. */
export const seenHere = (migration: OutgoingMigration, at: Instant): OutgoingMigration => ({
  ...migration,
  seenHereAt: Math.max(at, migration.seenHereAt ?? at),
  unreadThere: 0,
})

/**
 * `told`: what its leader hears, where that differs from what is remembered here. `word`: what the destination has just
 * been told, and must confirm.
 */
export const end = (
  { context, closed, duties, hooks, all, settled }: OutgoingState,
  migration: OutgoingMigration,
  result: ActionResult,
  { told = result, word }: { readonly told?: ActionResult; readonly word?: Duty['word'] } = {},
): void => {
  const { vm, to: peer } = migration
  checkOutgoingEnd(all.get(migration.action) ?? null, result, word ?? null)
  all.delete(migration.action)
  const record = { action: migration.action, vm, end: 'departure', result, peer } as const
  const duty = word === undefined ? null : { ...about(migration), vm, peer, word, ...ifUnrecorded(migration) }
  closed.remember(record)
  if (result.kind === 'done' && migration.unreadThere === 0) noteSettled(settled, migration.action)
  // While it is asking, the journal knows nothing of it.
  if (migration.phase !== 'asking')
    context.emit({ kind: 'persist', record: { kind: 'closed', ...record, duty } })
  if (duty !== null) duties.take(duty)
  hooks.ended(migration, told)
}

/** It will not leave: the destination is told to forget it. `owed`: until it confirms that. */
export const refuse = (
  state: OutgoingState,
  migration: OutgoingMigration,
  code: AnyCode,
  detail: string,
  owed = false,
): void => {
  state.context.send(migration.to, { kind: 'cancelled', ...about(migration), vm: migration.vm })
  end(state, migration, { kind: 'refused', code, detail }, owed ? { word: 'cancelled' } : {})
}
