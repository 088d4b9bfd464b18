/**
 * A journal in memory for harness and tests: the same answers as the one on disk, kept in a store that survives its agent.
 *
 * ```ts
 * const store = createJournalStore()
 * const agent = createAgent({ …, journal: store.open() })
 * agent.kill()
 * store.tear()                                   // the last record is gone, and that is noticed
 * const again = createAgent({ …, journal: store.open() })
 * ```
 */
import type { Decision, JournalRecord } from '@drover/protocol'
import { type Journal, JournalError } from './journal-port.ts'
import {
  applyRecord,
  emptyState,
  historyLimits,
  type JournalState,
  nextIncarnation,
  restoredFrom,
  vmsOf,
} from './state.ts'

export interface JournalStore {
  /** Throws `journal.locked` while another journal of this store is open. */
  open(): Journal
  /** While true, as a full disk: every write fails with `journal.full`. */
  full: boolean
  /** As a disk that was exchanged: everything is gone. Only between two openings. */
  lose(): void
  /** As a crash that damaged the end of the file: the last record is gone, and the next opening notices. */
  tear(): void
  /** Every record that was appended since the store was made or lost; newest last, at most 10,000. */
  readonly records: readonly JournalRecord[]
}

export interface JournalStoreOptions {
  /**
   * True: as if its host had granted leases before, so that the core need not wait for those of a lost journal to end.
   * Default false, as a new host's.
   */
  readonly intact?: boolean
  readonly wallNow?: () => number
}

const recordsMax = 10_000

export const createJournalStore = (options: JournalStoreOptions = {}): JournalStore => {
  const wallNow = options.wallNow ?? Date.now
  let state: JournalState = { ...emptyState, trusted: options.intact ?? false }
  let before = state
  let incarnation = 0
  let trouble: string | null = null
  let records: JournalRecord[] = []
  let bytes = 0
  const decisions = new Map<string, { readonly atWallMs: number; readonly json: string }>()
  let holder: symbol | null = null

  const store: JournalStore = {
    full: false,
    get records() {
      return records
    },
    lose() {
      if (records.length > 0) trouble = 'the journal is gone: no grants for the longest lease'
      state = emptyState
      before = emptyState
      records = []
      incarnation = 0
      bytes = 0
      decisions.clear()
    },
    tear() {
      if (records.length === 0) return
      state = { ...before, trusted: false }
      records = records.slice(0, -1)
      trouble = 'the last record of the journal is torn: no grants for the longest lease'
    },
    open() {
      if (holder !== null) throw new JournalError('journal.locked', 'this journal is in use by another agent')
      const me = Symbol('journal')
      const writable = () => {
        if (holder !== me) throw new JournalError('journal.broken', 'this journal was closed')
        if (store.full) throw new JournalError('journal.full', 'no space is left for the journal')
      }
      if (store.full) throw new JournalError('journal.full', 'no space is left for the journal')
      holder = me
      incarnation = nextIncarnation(incarnation, wallNow())
      const found = trouble
      trouble = null
      return {
        incarnation,
        trouble: found,
        restored: restoredFrom(state, wallNow()),
        append(record) {
          writable()
          // Through text, as through a file: nothing is shared with the caller.
          const json = JSON.stringify(record)
          const copy = JSON.parse(json) as JournalRecord
          before = state
          state = applyRecord(state, copy, wallNow())
          if (copy.kind === 'renumbered') incarnation = Math.max(incarnation, copy.incarnation)
          records.push(copy)
          if (records.length > recordsMax) records = records.slice(-recordsMax / 2)
          bytes += json.length
        },
        remember(decision) {
          writable()
          const json = JSON.stringify(decision)
          decisions.set(decision.id, { atWallMs: decisions.get(decision.id)?.atWallMs ?? wallNow(), json })
          const oldest = decisions.keys().next()
          if (decisions.size > historyLimits.decisionsMax && !oldest.done) decisions.delete(oldest.value)
        },
        history({ vm, sinceMs = 0, limit = historyLimits.answerDefault }) {
          return [...decisions.values()]
            .reverse()
            .filter((one) => one.atWallMs >= sinceMs)
            .map((one) => ({ atWallMs: one.atWallMs, decision: JSON.parse(one.json) as Decision }))
            .filter((one) => vm === undefined || vmsOf(one.decision).has(vm))
            .slice(0, Math.max(0, Math.floor(limit)))
        },
        probe: () => holder === me && !store.full,
        size: () => bytes,
        close() {
          if (holder === me) holder = null
        },
      }
    },
  }
  return store
}

/** A store that is not kept: for agents that are never restarted. */
export const createMemoryJournal = (): Journal => createJournalStore().open()
