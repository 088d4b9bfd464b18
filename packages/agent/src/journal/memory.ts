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
  /** As a disk that was exchanged, or files deleted under a running agent: the next opening finds nothing. */
  lose(): void
  /**
   * As a crash that damaged the end of the file: the last records (default 1, at most 16) are gone, and the next opening
   * notices. Only between two openings.
   */
  tear(count?: number): void
  /**
   * What it holds now. Calling the result puts that back, unnoticed: what was appended since had not reached the
   * disk when its agent died.
   */
  checkpoint(): () => void
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
/** So many records can be torn off the end. */
const tornMax = 16

/** What a store keeps, whatever agent comes and goes. */
interface Kept {
  state: JournalState
  /** Before each of the last records; newest last. */
  earlier: Pick<Kept, 'state' | 'incarnation'>[]
  records: JournalRecord[]
  incarnation: number
  bytes: number
  /** What the next opening has to say. */
  trouble: string | null
  /** Of the journal that is open. */
  holder: symbol | null
  /** It was lost while it was open. */
  doomed: boolean
  readonly decisions: Map<string, { readonly atWallMs: number; readonly json: string }>
}

const wipe = (kept: Kept): void => {
  if (kept.records.length > 0)
    kept.trouble = 'the journal is gone: no grants until nothing from before is in force'
  Object.assign(kept, {
    state: emptyState,
    earlier: [],
    records: [],
    incarnation: 0,
    bytes: 0,
    doomed: false,
  } satisfies Partial<Kept>)
  kept.decisions.clear()
}

const tear = (kept: Kept, count: number): void => {
  const torn = Math.min(count, kept.earlier.length)
  const before = kept.earlier[kept.earlier.length - torn]
  if (before === undefined) return
  kept.state = { ...before.state, trusted: false }
  kept.incarnation = before.incarnation
  kept.earlier = kept.earlier.slice(0, -torn)
  kept.records = kept.records.slice(0, -torn)
  kept.trouble = 'the end of the journal is torn: no grants until nothing from before is in force'
}

const checkpoint = (kept: Kept): (() => void) => {
  const { state, incarnation, earlier, records, bytes } = kept
  const [then, count] = [[...earlier], records.length]
  return () => {
    kept.state = state
    kept.incarnation = incarnation
    kept.earlier = then
    kept.records = kept.records.slice(0, count)
    kept.bytes = bytes
  }
}

const append = (kept: Kept, record: JournalRecord, wallMs: number): void => {
  // Through text, as through a file: nothing is shared with the caller.
  const json = JSON.stringify(record)
  const copy = JSON.parse(json) as JournalRecord
  kept.earlier.push({ state: kept.state, incarnation: kept.incarnation })
  if (kept.earlier.length > tornMax) kept.earlier.shift()
  kept.state = applyRecord(kept.state, copy, wallMs)
  if (copy.kind === 'renumbered') kept.incarnation = Math.max(kept.incarnation, copy.incarnation)
  kept.records.push(copy)
  if (kept.records.length > recordsMax) kept.records = kept.records.slice(-recordsMax / 2)
  kept.bytes += json.length
}

const remember = ({ decisions }: Kept, decision: Decision, wallMs: number): void => {
  const json = JSON.stringify(decision)
  decisions.set(decision.id, { atWallMs: decisions.get(decision.id)?.atWallMs ?? wallMs, json })
  const oldest = decisions.keys().next()
  if (decisions.size > historyLimits.decisionsMax && !oldest.done) decisions.delete(oldest.value)
}

const history = (
  { decisions }: Kept,
  { vm, sinceMs = 0, limit = historyLimits.answerDefault }: Parameters<Journal['history']>[0],
): ReturnType<Journal['history']> =>
  [...decisions.values()]
    .reverse()
    .filter((one) => one.atWallMs >= sinceMs)
    .map((one) => ({ atWallMs: one.atWallMs, decision: JSON.parse(one.json) as Decision }))
    .filter((one) => vm === undefined || vmsOf(one.decision).has(vm))
    .slice(0, Math.max(0, Math.floor(limit)))

const open = (kept: Kept, isFull: () => boolean, wallNow: () => number): Journal => {
  if (kept.holder !== null)
    throw new JournalError('journal.locked', 'this journal is in use by another agent')
  const me = Symbol('journal')
  const writable = (): void => {
    if (isFull()) throw new JournalError('journal.full', 'no space is left for the journal')
  }
  const mine = (): void => {
    if (kept.holder !== me) throw new JournalError('journal.broken', 'this journal was closed')
  }
  writable()
  kept.holder = me
  kept.incarnation = nextIncarnation(kept.incarnation, wallNow())
  const { incarnation, trouble } = kept
  kept.trouble = null
  return {
    incarnation,
    trouble,
    restored: restoredFrom(kept.state, wallNow()),
    append(record) {
      mine()
      writable()
      append(kept, record, wallNow())
    },
    remember(decision) {
      mine()
      writable()
      remember(kept, decision, wallNow())
    },
    history: (query) => history(kept, query),
    probe: () => kept.holder === me && !isFull(),
    size: () => kept.bytes,
    close() {
      if (kept.holder !== me) return
      kept.holder = null
      if (kept.doomed) wipe(kept)
    },
  }
}

export const createJournalStore = (options: JournalStoreOptions = {}): JournalStore => {
  const wallNow = options.wallNow ?? Date.now
  const kept: Kept = {
    state: { ...emptyState, trusted: options.intact ?? false },
    earlier: [],
    records: [],
    incarnation: 0,
    bytes: 0,
    trouble: null,
    holder: null,
    doomed: false,
    decisions: new Map(),
  }
  const store: JournalStore = {
    full: false,
    get records() {
      return kept.records
    },
    lose() {
      // An agent that has the files open goes on writing to them.
      if (kept.holder === null) wipe(kept)
      else kept.doomed = true
    },
    tear: (count = 1) => tear(kept, count),
    checkpoint: () => checkpoint(kept),
    open: () => open(kept, () => store.full, wallNow),
  }
  return store
}

/** A store that is not kept: for agents that are never restarted. */
export const createMemoryJournal = (): Journal => createJournalStore().open()
