/** The log of a daemon: JSON lines for journald, a readable line where a person looks on. */
import { type DestinationStream, destination, type Logger, pino } from 'pino'
import { PinoPretty } from 'pino-pretty'

export type { Logger } from 'pino'

export interface LogOptions {
  readonly level: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent'
  /** Default: pretty exactly where stdout is a terminal. */
  readonly pretty?: boolean
  /** Default: stdout. Written synchronously, so that the last line before an end is not lost. */
  readonly to?: DestinationStream
}

/** The fields that INFO lines carry: `decision`, `vm`, `peer`, `code`. */
export const createLog = (options: LogOptions): Logger => {
  const pretty = options.pretty ?? (options.to === undefined && process.stdout.isTTY === true)
  const to = options.to ?? destination({ dest: 1, sync: true })
  const settings = {
    level: options.level,
    // One process, one host: neither changes from line to line.
    base: null,
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
  }
  return pretty
    ? pino(settings, PinoPretty({ destination: to, translateTime: 'SYS:HH:MM:ss.l', ignore: 'pid,hostname' }))
    : pino(settings, to)
}
