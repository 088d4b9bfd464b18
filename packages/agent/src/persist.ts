/**
 * Writes records by the contract of `io.ts`. The first record that cannot be written makes the journal unhealthy; from then
 * on every persist fails at once. Those records are owed. When writing works again, they are written in their order before
 * the core hears that the journal is healthy. So the journal always holds the whole story up to some moment.
 */
import type { Decision, Input, JournalRecord } from '@drover/protocol'
import type { Clock } from './clock.ts'
import { wordsOf } from './errors.ts'
import { type Journal, JournalError } from './journal/journal-port.ts'
import type { Log } from './log-port.ts'
import { pauseMs, type RetryPauses } from './retry-pauses.ts'

export interface Persister {
  readonly healthy: boolean
  /** True = durable. False = not written: nothing that relies on it may leave this host. */
  persist(record: JournalRecord): boolean
  remember(decision: Decision): void
  /** Tries no more to write what is owed. */
  stop(): void
}

export interface PersisterInit {
  readonly journal: Journal
  readonly clock: Clock
  readonly log: Log
  /** Before any other input: the core must not go on as if its last records were written. */
  readonly feed: (input: Input) => void
  /** Between two attempts to write again. */
  readonly pauses: RetryPauses
}

/** Records that wait for space; beyond this number the oldest is dropped. A fact that is then missing is found by observing (S12). */
const owedMax = 10_000

export const createPersister = (init: PersisterInit): Persister => {
  const { journal, clock, log, feed } = init
  let healthy = true
  let owed: JournalRecord[] = []
  /** Attempts to write again, since the failure. */
  let attempts = 0
  let cancelProbe = (): void => {}

  const owe = (record: JournalRecord): false => {
    owed.push(record)
    if (owed.length > owedMax) owed = owed.slice(-owedMax)
    return false
  }

  const fail = (error: unknown): void => {
    const code = error instanceof JournalError ? error.code : 'journal.broken'
    healthy = false
    attempts = 0
    // The core warns the operator; this line tells the cause.
    log.error({ code, err: error }, wordsOf(error))
    feed({ kind: 'journal', healthy: false })
    tryLater()
  }

  const tryLater = (): void => {
    attempts += 1
    cancelProbe = clock.after(pauseMs(init.pauses, attempts), attempt)
  }

  const writeOwed = (): boolean => {
    if (!journal.probe()) return false
    try {
      for (let record = owed[0]; record !== undefined; record = owed[0]) {
        journal.append(record)
        owed.shift()
      }
      return true
    } catch (error) {
      log.debug({ err: error }, 'the journal still cannot be written')
      return false
    }
  }

  const attempt = (): void => {
    if (writeOwed()) {
      healthy = true
      log.warn({ code: null }, 'the journal can be written again')
      feed({ kind: 'journal', healthy: true })
      return
    }
    tryLater()
  }

  return {
    get healthy() {
      return healthy
    },
    persist(record) {
      if (!healthy) return owe(record)
      try {
        journal.append(record)
        return true
      } catch (error) {
        owe(record)
        fail(error)
        return false
      }
    },
    remember(decision) {
      if (!healthy) return
      try {
        journal.remember(decision)
      } catch (error) {
        log.warn({ code: 'journal.full', decision: decision.id, err: error }, 'a decision was not kept')
      }
    },
    stop: () => cancelProbe(),
  }
}
