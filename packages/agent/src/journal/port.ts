/** What must survive a restart. Synchronous: a record is on disk when `append` returns. */
import type { Decision, JournalRecord, Restored } from '@drover/protocol'

export class JournalError extends Error {
  /** `journal.full` (no space), `journal.locked` (a second agent), `journal.broken` (unreadable: moved aside). */
  readonly code: 'journal.full' | 'journal.locked' | 'journal.broken'
  constructor(code: JournalError['code'], message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = 'JournalError'
    this.code = code
  }
}

export interface Journal {
  /** Start count of this agent on this host, this start included; strictly greater than any before. */
  readonly incarnation: number
  /** What `peer` needs to go on; read once, right after opening. */
  readonly restored: Restored
  /** Durable when it returns (fsync); throws JournalError. */
  append(record: JournalRecord): void
  /** Insert or replace by decision id; need not be fsynced. Bounded: old ones are pruned. */
  remember(decision: Decision): void
  /** Newest first. */
  history(query: {
    vm?: string
    sinceMs?: number
    limit?: number
  }): readonly { readonly atWallMs: number; readonly decision: Decision }[]
  /** Tries a small durable write: did writing become possible again? */
  probe(): boolean
  /** Bytes on disk, for metrics. */
  size(): number
  close(): void
}
