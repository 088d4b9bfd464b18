/**
 * Simulated hypervisors, an observer that checks drover's promises, and a cluster of real agents in one process.
 *
 * ```ts
 * import assert from 'node:assert/strict'
 * import { startCluster } from '@drover/sim'
 *
 * await using cluster = await startCluster({ hosts: 4, seed: 7 })
 * cluster.overload('h02')
 * cluster.killAgent('h03')
 * await cluster.waitFor(() => cluster.overloadedHosts().length === 0, 10_000)
 * await cluster.settled()
 * assert.deepEqual(cluster.checkInvariants(true), [])
 * ```
 *
 * Without agents, in time that stands still until told:
 *
 * ```ts
 * const clock = manualClock()
 * const world = createWorld({ clock })
 * world.addHost({ name: 'a', capacity: { cpuMilli: 8_000, memoryMiB: 32_768 } })
 * world.addHost({ name: 'b', capacity: { cpuMilli: 8_000, memoryMiB: 32_768 } })
 * world.addVm({ vm: asVmId('web'), name: 'web', host: 'a', vcpus: 1, memoryMiB: 1_024, cpuMilli: 600 })
 * const hypervisor = simulatedHypervisor(world, 'a')
 * hypervisor.open()
 * const moving = hypervisor.migrate({ vm: asVmId('web'), to: uriOf('b'), handOverPaused: false, bandwidthMiBps: null })
 * await clock.advance(10_000)
 * console.log(await moving, world.vm(asVmId('web')).copies)
 * ```
 */

export * from './curable.ts'
export * from './harness/cluster.ts'
export type { DecisionHistory } from './harness/decision-history.ts'
export type { OverloadOptions } from './harness/load-changes.ts'
export type { Member } from './harness/member.ts'
export { sleep, WaitError, waitUntil } from './harness/wait.ts'
export { type SimulatedOptions, uriOf } from './hypervisor/driver-state.ts'
export type { DaemonState, MigrationEnd, MigrationTruth, WorldEvent } from './hypervisor/events.ts'
export type { FaultRule, MigrationFault } from './hypervisor/faults.ts'
export { simulatedHypervisor } from './hypervisor/simulated.ts'
export type { CopyState, HostSpec, VmSpec } from './hypervisor/state.ts'
export type { CopyTruth, HostTruth, VmTruth } from './hypervisor/truth.ts'
export { createWorld, type World, type WorldOptions } from './hypervisor/world.ts'
export * from './invariants.ts'
export * from './random.ts'
export { type ReportInput, renderReport } from './report/report.ts'
export { createRun, type PlayableRun, type SimulatedRunOptions } from './run/create-run.ts'
export type { RunHost, RunMetrics, Scheduler, SimulatedRun } from './run/simulated-run.ts'
export * from './time/clock.ts'
export { FileError } from './workload/csv.ts'
export { generateVmplaces, type VmplacesLaw, type VmplacesModel } from './workload/vmplaces.ts'
export * from './workload/vmplaces-files.ts'
