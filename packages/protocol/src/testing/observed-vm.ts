/** A VM that a sample shows, and a host as it is described, with nothing remarkable in them: tests say only what matters to them. */
import type { HostDescription, ObservedVm } from '../data/io.ts'

/** All but which VM it is. */
export const ordinaryVm: Omit<ObservedVm, 'vm' | 'name'> = {
  state: 'running',
  pausedBy: null,
  incarnation: 'boot-1',
  cpuMilli: 400,
  vcpus: 1,
  memoryMiB: 256,
  dirtyMiBps: 0,
  fixed: null,
  diskLocked: false,
  autostart: false,
}

/** All but what it has. */
export const ordinaryHost: Omit<HostDescription, 'capacity'> = {
  name: 'self',
  location: '',
  reserve: { cpuMilli: 0, memoryMiB: 0 },
  cpuBaseline: '',
  failureDomain: null,
  migrationUri: '',
  version: '',
}
