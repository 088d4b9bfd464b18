/** Small problems, by hand: hosts, VMs and problems with nothing remarkable in them; tests say only what matters to them. */
import { asHostId, asVmId } from '../problem/ids.ts'
import type { ProblemHost, ProblemVm } from '../problem/situation.ts'
import type { PlacementProblem } from '../rules/placement-problem.ts'
import type { PlacementRule, Rule } from '../rules/rule.ts'

/** Online, with these limits. */
export const hostOf = (
  id: string,
  limit: readonly number[],
  changes: Partial<ProblemHost> = {},
): ProblemHost => ({
  id: asHostId(id),
  state: 'online',
  limit,
  cpuBaseline: null,
  failureDomain: null,
  ...changes,
})

/** Running there, movable, with 100 MiB of memory that it does not rewrite. */
export const vmOf = (
  id: string,
  host: string,
  demand: readonly number[],
  changes: Partial<ProblemVm> = {},
): ProblemVm => ({
  id: asVmId(id),
  host: asHostId(host),
  state: 'running',
  wanted: 'running',
  demand,
  memoryMiB: 100,
  dirtyMiBps: 0,
  movable: true,
  ...changes,
})

type Unruled = Omit<PlacementProblem, 'rules'>

/** One dimension, CPU; no rules; two migrations each way at 100 MiB/s. */
export const problemOf = <R extends PlacementRule = never>(
  hosts: readonly ProblemHost[],
  vms: readonly ProblemVm[],
  changes: Partial<Unruled> & { readonly rules?: readonly R[] } = {},
): Unruled & { readonly rules: readonly R[] } => ({
  dimensions: ['cpuMilli'],
  hosts,
  vms,
  rules: [],
  bandwidthMiBps: 100,
  migrationsOutMax: 2,
  migrationsInMax: 2,
  ...changes,
})

/** Hosts `h0…` with these limits; VMs `v0…` of [host, size]; one dimension, memory. */
export const small = (limits: number[], vms: [number, number][], rules: Rule[] = []): PlacementProblem =>
  problemOf(
    limits.map((limit, i) => hostOf(`h${i}`, [limit])),
    vms.map(([host, size], i) => vmOf(`v${i}`, `h${host}`, [size], { memoryMiB: size })),
    { dimensions: ['memoryMiB'], rules },
  )
