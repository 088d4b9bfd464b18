/** The events that a daemon sends on its own, decoded, and the words for them. */
import type { VmId } from '@drover/protocol'
import { type Domain, readDomain } from './domain.ts'
import { jobStatsMax } from './procedures.ts'
import { jobFields } from './told-bounds.ts'
import { readTypedParams, type TypedValues } from './typed-params.ts'
import { XdrReader } from './xdr.ts'

/** Ids to register for, and the procedure numbers under which they arrive. */
const kinds = {
  lifecycle: { event: 0, procedure: 318 },
  blockJob: { event: 8, procedure: 326 },
  deviceRemoved: { event: 15, procedure: 333 },
  deviceAdded: { event: 19, procedure: 354 },
  migrationIteration: { event: 20, procedure: 359 },
  jobCompleted: { event: 21, procedure: 363 },
  metadataChange: { event: 23, procedure: 379 },
} as const

/** Under which `decodeEvent` knows messages. */
export const eventProcedures: readonly number[] = Object.values(kinds).map(({ procedure }) => procedure)

/** A daemon that knows none of the optional ones is still of use. */
export const registrations: readonly { readonly event: number; readonly needed: boolean }[] = [
  { event: kinds.lifecycle.event, needed: true },
  { event: kinds.jobCompleted.event, needed: false },
  { event: kinds.migrationIteration.event, needed: false },
  { event: kinds.metadataChange.event, needed: false },
  { event: kinds.deviceAdded.event, needed: false },
  { event: kinds.deviceRemoved.event, needed: false },
  { event: kinds.blockJob.event, needed: false },
]

const lifecycleWords: readonly (readonly [string, ...string[]])[] = [
  ['defined', 'added', 'updated', 'renamed', 'from_snapshot'],
  ['undefined', 'removed', 'renamed'],
  ['started', 'booted', 'migrated', 'restored', 'from_snapshot', 'wakeup'],
  [
    'suspended',
    'paused',
    'migrated',
    'ioerror',
    'watchdog',
    'restored',
    'from_snapshot',
    'api_error',
    'postcopy',
    'postcopy_failed',
  ],
  ['resumed', 'unpaused', 'migrated', 'from_snapshot', 'postcopy', 'postcopy_failed'],
  ['stopped', 'shutdown', 'destroyed', 'crashed', 'migrated', 'saved', 'failed', 'from_snapshot'],
  ['shutdown', 'finished', 'guest', 'host'],
  ['pmsuspended', 'memory', 'disk'],
  ['crashed', 'panicked', 'crashloaded'],
]

export type DomainEvent =
  | { readonly kind: 'lifecycle'; readonly vm: VmId; readonly event: string; readonly detail: string }
  | { readonly kind: 'job_completed'; readonly vm: VmId; readonly stats: TypedValues }
  | { readonly kind: 'migration_iteration'; readonly vm: VmId; readonly iteration: number }
  | { readonly kind: 'configuration'; readonly vm: VmId; readonly what: 'metadata' | 'devices' | 'disks' }

const readLifecycle = (reader: XdrReader, domain: Domain): DomainEvent => {
  const event = reader.int()
  const detail = reader.int()
  const words = lifecycleWords[event] ?? [`event_${event}`]
  return {
    kind: 'lifecycle',
    vm: domain.vm,
    event: words[0],
    detail: words[detail + 1] ?? `detail_${detail}`,
  }
}

/** Null for a message that is none of ours. Throws `XdrError` on garbage. */
export const decodeEvent = (
  procedure: number,
  payload: Uint8Array,
  odd?: (what: string) => void,
): DomainEvent | null => {
  if (!eventProcedures.includes(procedure)) return null
  const reader = new XdrReader(payload, odd)
  reader.int() // the id that the daemon gave to the registration
  const domain = readDomain(reader)
  switch (procedure) {
    case kinds.lifecycle.procedure:
      return readLifecycle(reader, domain)
    case kinds.jobCompleted.procedure:
      return { kind: 'job_completed', vm: domain.vm, stats: readTypedParams(reader, jobStatsMax, jobFields) }
    case kinds.migrationIteration.procedure:
      return { kind: 'migration_iteration', vm: domain.vm, iteration: reader.int() }
    case kinds.metadataChange.procedure:
      return { kind: 'configuration', vm: domain.vm, what: 'metadata' }
    case kinds.blockJob.procedure: // which disk, and how far its job is: its XML tells
      return { kind: 'configuration', vm: domain.vm, what: 'disks' }
    default:
      return { kind: 'configuration', vm: domain.vm, what: 'devices' }
  }
}
