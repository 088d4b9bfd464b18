/** The migrations that leave this host: what is known of each, and how one is closed here. */

import type { ActionResult, Resources } from '@drover/placement'
import type { ActionId, HostId, Instant, PartitionId, PeerUri, VmId } from '../data/ids.ts'
import type { Duty } from '../data/io.ts'
import type { Desk } from '../step-context.ts'
import type { Duties } from './duties.ts'
import type { ClosedActions } from './ended.ts'
import type { Job } from './migration-job.ts'
import type { Rounds } from './question-rounds.ts'

/** `asking`: for admission. `moving`: the hypervisor works. `handing`: gone from here, told the other end. `settling`: in doubt. */
export type DeparturePhase = 'asking' | 'moving' | 'handing' | 'settling'

export interface Departure {
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
  readonly phase: DeparturePhase
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

export interface DepartureHooks {
  /** Why its migration may not begin now, as a code, or null. */
  hindrance(vm: VmId): string | null
  /** The hypervisor was told to move it. */
  started(action: ActionId): void
  /** It is positively gone from here: credit it now. */
  gone(vm: VmId): void
  ended(departure: Departure, result: ActionResult): void
  /** The URI of the other end, if it may be opened from here; else it is said, and null. */
  reach(peer: HostId, uri: string, vm: VmId): PeerUri | null
}

export interface DepartureTable {
  readonly all: ReadonlyMap<ActionId, Departure>
  put(departure: Departure): Departure
  /** The departure to this host, if it is in one of these phases. */
  mine(action: ActionId, from: HostId, ...phases: readonly DeparturePhase[]): Departure | null
  /**
   * `told`: what its leader hears, where that differs from what is remembered here. `word`: what the destination has just
   * been told, and must confirm.
   */
  end(
    departure: Departure,
    result: ActionResult,
    durable: boolean,
    more?: { readonly told?: ActionResult; readonly word?: Duty['word'] },
  ): void
  /** It will not leave: the destination is told to forget it. `owed`: until it confirms that. */
  refuse(departure: Departure, code: string, detail: string, durable: boolean, owed?: boolean): void
}

/** What every message about the departure names. */
export const about = (departure: Departure) => ({
  partition: departure.partition,
  epoch: departure.toEpoch,
  action: departure.action,
})

export const createDepartureTable = (
  desk: Desk,
  closed: ClosedActions,
  duties: Duties,
  hooks: DepartureHooks,
): DepartureTable => {
  const all = new Map<ActionId, Departure>()

  const put = (departure: Departure): Departure => {
    all.set(departure.action, departure)
    return departure
  }

  const end: DepartureTable['end'] = (departure, result, durable, { told = result, word } = {}) => {
    const { vm, to: peer, demand } = departure
    all.delete(departure.action)
    const record = { action: departure.action, vm, end: 'departure', result } as const
    const duty = word === undefined ? null : { ...about(departure), vm, peer, word, demand }
    closed.remember(record)
    if (durable) desk.emit({ kind: 'persist', record: { kind: 'closed', ...record, duty } })
    if (duty !== null) duties.take(duty)
    hooks.ended(departure, told)
  }

  const refuse: DepartureTable['refuse'] = (departure, code, detail, durable, owed = false) => {
    desk.send(departure.to, { kind: 'cancelled', ...about(departure), vm: departure.vm })
    end(departure, { kind: 'refused', code, detail }, durable, owed ? { word: 'cancelled' } : {})
  }

  return {
    all,
    put,
    mine(action, from, ...phases) {
      const departure = all.get(action)
      return departure !== undefined && departure.to === from && phases.includes(departure.phase)
        ? departure
        : null
    },
    end,
    refuse,
  }
}
