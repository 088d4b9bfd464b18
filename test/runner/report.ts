/**
 * What a process that runs tests says to the one that started it: the events of Node's test runner that its reporters
 * show, as plain data. An error is told as the text that it would be shown as, because most of what an assertion knows
 * is lost when the error itself is sent.
 */
import type { TestEvent } from 'node:test/reporters'
import { inspect } from 'node:util'

type FailData = Extract<TestEvent, { type: 'test:fail' }>['data']

/** `tests`, `passed`, `failed` and so on, as Node's runner counts them. */
type Counts = Readonly<Record<string, number>>

/** An event as it is sent: of a failure, the error apart. */
interface Sent {
  readonly kind: 'event'
  readonly event: TestEvent
  readonly error: SentError | null
}
interface SentError {
  readonly failureType: string
  readonly message: string
  /** Indented by nothing, in colours when the terminal has them. */
  readonly shown: string
}
/** Every test of the process has ended. What goes wrong after a test has ended is in no count, only in `success`. */
export interface Done {
  readonly kind: 'done'
  readonly counts: Counts
  readonly success: boolean
}
export type Report = Sent | Done

const shownEvents = ['test:start', 'test:pass', 'test:fail', 'test:diagnostic']
/** The closing lines of each process: the runner writes one set for all. */
const closing = /^(?:tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) [\d.]+$/

const textOf = (value: unknown, key: string): string =>
  typeof value === 'object' && value !== null && key in value ? String(Reflect.get(value, key)) : ''

const sentError = (error: Error, colors: boolean): SentError => {
  const cause = textOf(error, 'code') === 'ERR_TEST_FAILURE' ? error.cause : error
  return {
    failureType: textOf(error, 'failureType'),
    message: cause instanceof Error ? cause.message : String(cause),
    shown: inspect(cause, { colors, breakLength: Number.POSITIVE_INFINITY }),
  }
}

/** An error as the reporters want one, which shows itself as the text that it was sent as. */
const failure = ({ failureType, message, shown }: SentError): FailData['details']['error'] => {
  const cause = Object.assign(new Error(message), { stack: shown, [inspect.custom]: () => shown })
  return Object.assign(new Error(message), { cause, code: 'ERR_TEST_FAILURE', failureType })
}
const unsaid: SentError = { failureType: '', message: '', shown: '' }

const withError = (data: FailData, error: SentError): TestEvent => {
  const said: FailData = { ...data, details: { ...data.details, error: failure(error) } }
  return { type: 'test:fail', data: said }
}

/** null: nothing to tell. */
export const reportOf = (event: TestEvent, colors: boolean): Report | null => {
  if (event.type === 'test:summary')
    return event.data.file === undefined
      ? { kind: 'done', counts: event.data.counts, success: event.data.success }
      : null
  if (!shownEvents.includes(event.type)) return null
  if (event.type === 'test:diagnostic' && closing.test(event.data.message)) return null
  if (event.type !== 'test:fail') return { kind: 'event', event, error: null }
  const error = sentError(event.data.details.error, colors)
  return { kind: 'event', event: withError(event.data, unsaid), error }
}

export const eventOf = ({ event, error }: Sent): TestEvent =>
  event.type === 'test:fail' && error !== null ? withError(event.data, error) : event

/** A process that has ended before its tests, as a failed test of the file that it was at. */
export const lost = (file: string, why: string): TestEvent => {
  const at = { name: file, nesting: 0, testNumber: 1, testId: 1, parentId: undefined, tags: [] }
  const details = { duration_ms: 0, error: failure(unsaid) }
  return withError({ ...at, file, line: 1, column: 1, details }, { ...unsaid, message: why, shown: why })
}
