/** The journal keeps what must survive a restart. It is synchronous: a record is on disk when `append` returns. */
import type { Decision, JournalRecord, Restored } from '@drover/protocol'
import { CodedError } from '../errors.ts'

/** `journal.full` (no space), `journal.locked` (a second agent), `journal.broken` (unreadable: moved aside). */
export class JournalError extends CodedError<'journal.full' | 'journal.locked' | 'journal.broken'> {}

export interface Journal {
  /** Start count of this agent on this host, this start included; strictly greater than any before. */
  readonly incarnation: number
  /** What was wrong with it when it was opened (lost, torn, moved aside), in one sentence for people; or null. */
  readonly trouble: string | null
  /** The state from which the core goes on. Read once, right after opening. */
  readonly restored: Restored
  /** Durable when it returns (fsync); throws JournalError. */
  append(record: JournalRecord): void
  /** Insert or replace by decision id; need not be fsynced. Bounded: old ones are pruned. */
  remember(decision: Decision): void
  /**
   * Newest first. `vm`: id or name of a VM that moved or stayed. `sinceMs`: wall clock ms since 1970; only decisions
   * that began then or later. `limit`: default 100.
   */
  history(query: {
    vm?: string
    sinceMs?: number
    limit?: number
  }): readonly { readonly atWallMs: number; readonly decision: Decision }[]
  /** Tries a small durable write. True = writing is possible. */
  probe(): boolean
  /** Bytes on disk, for metrics. */
  size(): number
  /** Releases the lock, too; writes nothing that matters. Any use afterwards is a JournalError. */
  close(): void
}
