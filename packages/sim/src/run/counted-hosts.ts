/**
 * The hosts of a run, counted as schedulers ask for them. A VM counts where it runs until its migration has
 * completed, its last moment of stop-and-copy included (VMPlaceS: docs/simulation-fidelity.md).
 */
import { asHostId, byText, type HostId } from '@drover/protocol'
import { type Copy, type HostRecord, isActive, type VmRecord } from '../hypervisor/state.ts'
import type { RunHost } from './simulated-run.ts'

export interface CountedHost extends RunHost {
  cpuMilli: number
  memoryMiB: number
  arrivingMilli: number
  arrivingMiB: number
  leavingMilli: number
  vms: ReadonlySet<VmRecord>
  /** VMs on their way out. */
  readonly departing: Set<VmRecord>
}

export const newCountedHost = (record: HostRecord, index: number): CountedHost => {
  const { name, capacity } = record.spec
  const id: HostId = asHostId(name)
  return {
    index,
    id,
    record,
    capacityMilli: capacity.cpuMilli,
    capacityMiB: capacity.memoryMiB,
    cpuMilli: 0,
    memoryMiB: 0,
    arrivingMilli: 0,
    arrivingMiB: 0,
    leavingMilli: 0,
    vms: new Set(),
    departing: new Set(),
  }
}

/** It runs here, or stands still for the last moment of its migration only. */
export const demands = (copy: Copy): boolean =>
  copy.state === 'running' || (copy.state === 'paused' && copy.pausedBy === 'migration')

/** Demands or places changed here: sums them anew, over the few VMs of one host. */
export const recount = (host: CountedHost): void => {
  let [cpuMilli, memoryMiB, arrivingMilli, arrivingMiB, leavingMilli] = [0, 0, 0, 0, 0]
  for (const copy of host.record.copies.values()) {
    const { vm } = copy
    if (copy.state === 'incoming') {
      arrivingMilli += vm.cpuMilli
      arrivingMiB += vm.memoryMiB
    } else if (isActive(copy)) {
      memoryMiB += vm.memoryMiB
      if (demands(copy)) cpuMilli += vm.cpuMilli
    }
  }
  for (const vm of host.departing) leavingMilli += vm.cpuMilli
  host.cpuMilli = cpuMilli
  host.memoryMiB = memoryMiB
  host.arrivingMilli = arrivingMilli
  host.arrivingMiB = arrivingMiB
  host.leavingMilli = leavingMilli
}

/** A VM came, went, or is no longer what it was: lists them anew. */
export const relist = (host: CountedHost): void => {
  const here: VmRecord[] = []
  for (const copy of host.record.copies.values()) if (isActive(copy)) here.push(copy.vm)
  host.vms = new Set(here.sort((a, b) => byText(a.spec.vm, b.spec.vm)))
  recount(host)
}
