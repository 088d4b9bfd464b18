/** For tests and simulated worlds: says nothing. */
import { type Logger, pino } from 'pino'

export const silentLog = (): Logger => pino({ level: 'silent' })
