/** What happens in the world of a run: it is counted, traced, and told to the scheduler. */
import type { VmId } from '@drover/protocol'
import type { MigrationEnd, MigrationTruth, WorldEvent } from '../hypervisor/events.ts'
import { type HostRecord, isActive, type State } from '../hypervisor/state.ts'
import type { Kernel } from '../time/kernel.ts'
import { type CountedHost, recount, relist } from './counted-hosts.ts'
import type { Meters } from './meters.ts'
import type { RunHost } from './simulated-run.ts'

export interface RunState {
  readonly kernel: Kernel
  /** The world's records. */
  readonly records: State
  readonly meters: Meters
  readonly hosts: readonly CountedHost[]
  readonly hostAt: ReadonlyMap<HostRecord, CountedHost>
  /** Where each VM was seen last. */
  readonly places: Map<VmId, CountedHost>
  /** VMs that migrate. */
  readonly moving: Map<VmId, { readonly from: CountedHost; readonly to: CountedHost }>
  /** The callers of `migrate` that wait for an end. */
  readonly endings: Map<VmId, (end: MigrationEnd) => void>
  readonly listeners: ((host: RunHost) => void)[]
}

const counted = ({ hostAt }: RunState, record: HostRecord): CountedHost => hostAt.get(record)!
const named = (run: RunState, name: string): CountedHost => counted(run, run.records.hosts.get(name)!)

const trace = ({ kernel, meters }: RunState, line: string): void => meters.trace.add(kernel.now(), line)

const tell = ({ listeners }: RunState, host: RunHost): void => {
  for (const listener of listeners) listener(host)
}

/** A VM came to this host, or left it. */
export const vmsChanged = ({ places, meters }: RunState, host: CountedHost): void => {
  relist(host)
  for (const vm of host.vms) places.set(vm.spec.vm, host)
  meters.host(host)
}

const demandChanged = (run: RunState, vm: VmId, cpuMilli: number): void => {
  trace(run, `demand ${vm} ${cpuMilli}`)
  const copies = [...run.records.vms.get(vm)!.copies]
  for (const copy of copies) {
    const host = counted(run, copy.host)
    recount(host)
    run.meters.host(host)
  }
  // To the host where it is on its way, nothing happened yet.
  for (const copy of copies) if (isActive(copy)) tell(run, counted(run, copy.host))
}

const migrationStarted = (run: RunState, { vm, from, to }: MigrationTruth): void => {
  const ends = { from: named(run, from), to: named(run, to) }
  run.moving.set(vm, ends)
  ends.from.departing.add(run.records.vms.get(vm)!)
  run.meters.begun()
  trace(run, `begun ${vm} ${from} ${to}`)
  recount(ends.from)
  recount(ends.to)
}

const migrationEnded = (run: RunState, migration: MigrationTruth, end: MigrationEnd): void => {
  const { vm } = migration
  const { from, to } = run.moving.get(vm)!
  run.moving.delete(vm)
  from.departing.delete(run.records.vms.get(vm)!)
  run.meters.ended(migration, from, to)
  trace(run, `ended ${vm} ${migration.from} ${migration.to} ${end}`)
  vmsChanged(run, from)
  vmsChanged(run, to)
  const ending = run.endings.get(vm)
  run.endings.delete(vm)
  tell(run, from)
  tell(run, to)
  ending?.(end)
}

const hostChanged = (run: RunState, name: string, line: string): void => {
  const host = named(run, name)
  trace(run, line)
  vmsChanged(run, host)
  tell(run, host)
}

export const hear = (run: RunState, event: WorldEvent): void => {
  switch (event.kind) {
    case 'demand':
      return demandChanged(run, event.vm, event.cpuMilli)
    case 'migration-started':
      return migrationStarted(run, event.migration)
    case 'migration-ended':
      return migrationEnded(run, event.migration, event.end)
    case 'migration-refused':
      return trace(run, `refused ${event.vm} ${event.from} ${event.to} ${event.code}`)
    case 'vm':
      return hostChanged(run, event.host, `${event.what} ${event.vm} ${event.host}`)
    case 'host':
      return hostChanged(run, event.host, `host ${event.host} ${event.alive}`)
    case 'migration-finished':
    case 'autostart-set':
    case 'daemon':
    case 'links':
    case 'by-hand':
      return
    default:
      event satisfies never
  }
}
