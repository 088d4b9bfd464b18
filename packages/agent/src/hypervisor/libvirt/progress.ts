/** libvirt's job statistics as drover's progress. */
import type { MigrationProgress } from '../hypervisor-port.ts'
import { numberOf, type TypedValues } from './typed-params.ts'

const mib = (bytes: number): number => Math.round(bytes / (1024 * 1024))

/** Null: not told. */
export const sentMiBOf = (stats: TypedValues): number | null => {
  const sent = numberOf(stats, 'data_processed', null)
  return sent === null ? null : mib(sent)
}

export const progressOf = (stats: TypedValues): MigrationProgress => {
  const pages = numberOf(stats, 'memory_dirty_rate', null)
  const pageBytes = numberOf(stats, 'memory_page_size', 4096)
  return {
    transferredMiB: sentMiBOf(stats) ?? 0,
    remainingMiB: mib(numberOf(stats, 'data_remaining', 0)),
    totalMiB: mib(numberOf(stats, 'data_total', 0)),
    dirtyMiBps: pages === null ? null : mib(pages * pageBytes),
    elapsedMs: numberOf(stats, 'time_elapsed', 0),
  }
}

export interface Totals {
  readonly transferredMiB: number
  readonly downtimeMs: number | null
}

/** Of a job that has ended. */
export const totalsOf = (stats: TypedValues): Totals => ({
  transferredMiB: sentMiBOf(stats) ?? 0,
  downtimeMs: numberOf(stats, 'downtime', null),
})
