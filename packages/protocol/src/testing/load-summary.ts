/** A load summary with nothing remarkable in it: tests say only what matters to them. */
import type { HostId } from '../data/ids.ts'
import type { LoadSummary } from '../data/summary.ts'

export const summaryOf = (host: HostId, changes: Partial<LoadSummary> = {}): LoadSummary => ({
  host,
  name: host,
  location: '',
  incarnation: 1,
  sequence: 1,
  capacity: { cpuMilli: 8_000, memoryMiB: 16_384 },
  reserve: { cpuMilli: 500, memoryMiB: 1_024 },
  demand: { cpuMilli: 1_000, memoryMiB: 2_048 },
  committedIn: { cpuMilli: 0, memoryMiB: 0 },
  committedOut: { cpuMilli: 0, memoryMiB: 0 },
  forecast: null,
  vms: 3,
  overloaded: false,
  state: 'up',
  able: true,
  partition: null,
  failureDomain: null,
  cpuBaseline: 'x86_64/any',
  migrationUri: 'sim://any',
  mode: 'auto',
  version: '0.1.0',
  policyHash: 'p',
  ...changes,
})
