/** Problems of one dimension, by hand. */
import { asHostId, asVmId } from '../problem/ids.ts'
import type { PlacementProblem } from '../rules/placement-problem.ts'
import type { Rule } from '../rules/rule.ts'

/** Hosts `h0…` with these limits; VMs `v0…` of [host, size]; one dimension. */
export const small = (limits: number[], vms: [number, number][], rules: Rule[] = []): PlacementProblem => ({
  dimensions: ['memoryMiB'],
  hosts: limits.map((limit, i) => ({
    id: asHostId(`h${i}`),
    state: 'online',
    limit: [limit],
    cpuBaseline: null,
    failureDomain: null,
  })),
  vms: vms.map(([host, size], i) => ({
    id: asVmId(`v${i}`),
    host: asHostId(`h${host}`),
    state: 'running',
    wanted: 'running',
    demand: [size],
    memoryMiB: size,
    dirtyMiBps: 0,
    movable: true,
  })),
  rules,
  bandwidthMiBps: 100,
  migrationsOutMax: 2,
  migrationsInMax: 2,
})
