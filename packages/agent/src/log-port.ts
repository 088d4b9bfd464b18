/** What the agent asks of a log, which pino's loggers do; and the one for tests and simulated worlds, which says nothing. */
import type { Logger } from 'pino'

export type Log = Pick<Logger, 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal'>

const nothing = (): void => {}
export const silentLog: Log = {
  trace: nothing,
  debug: nothing,
  info: nothing,
  warn: nothing,
  error: nothing,
  fatal: nothing,
}
