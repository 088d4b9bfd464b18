/** What is told of a seed in which nothing has happened. */
import type { Outcome } from './play.ts'

export const noOutcome: Omit<Outcome, 'seed' | 'hosts' | 'kinds' | 'violations'> = {
  decisions: { cured: 0, failed: 0, other: 0 },
  migrations: 0,
  curesMs: [],
  traceHash: '',
  cpuMs: 0,
  longestMs: {},
}
