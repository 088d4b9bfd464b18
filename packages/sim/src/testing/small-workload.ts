/** A small workload for tests: hosts h0, h1, … of 7 cores in VMPlaceS's size, and VMs on them. */
import { asVmId } from '@drover/protocol'
import type { DemandChange, Workload, WorkloadVm } from '../workload/workload.ts'

export interface SmallWorkload {
  readonly hosts: number
  /** [VM, host, demand at the beginning (cpuMilli)] */
  readonly vms: readonly (readonly [vm: string, host: string, cpuMilli: number])[]
  /** [when (ms), VM, demand from then on (cpuMilli)] */
  readonly changes?: readonly (readonly [atMs: number, vm: string, cpuMilli: number])[]
  readonly durationMs?: number
  /** Of all VMs. Default: 1 vCPU, 1024 MiB, rewrites nothing. */
  readonly vm?: Partial<Pick<WorkloadVm, 'vcpus' | 'memoryMiB' | 'dirtyMiBpsPerCore'>>
}

export const smallWorkload = ({
  hosts,
  vms,
  changes = [],
  durationMs = 60_000,
  vm: common = {},
}: SmallWorkload): Workload => ({
  name: 'small',
  durationMs,
  migrationMiBps: 125,
  hosts: Array.from({ length: hosts }, (_, i) => ({
    name: `h${i}`,
    capacity: { cpuMilli: 7_000, memoryMiB: 32_768 },
    linkMiBps: 1_250,
    power: [100, 110, 120, 130, 140, 150, 160, 170, 180, 190, 200],
  })),
  vms: vms.map(([vm, host, cpuMilli]) => ({
    vm: asVmId(vm),
    host,
    cpuMilli,
    vcpus: 4,
    memoryMiB: 1_024,
    dirtyMiBpsPerCore: 0,
    ...common,
  })),
  changes: (): Iterable<DemandChange> =>
    changes.map(([atMs, vm, cpuMilli]) => ({ atMs, vm: asVmId(vm), cpuMilli })),
})
