/**
 * Worlds for agents: simulated hypervisors and networks, a checker of drover's promises, clusters in real
 * and in virtual time, and thousands of hosts beside other schedulers. The agent in all of them is the product's own.
 *
 * The story of one simulated migration, file by file; a folder imports only those before it in `test/tidy/directions.ts`:
 *
 * 1. `time/kernel.ts` is the queue of what happens when; `time/clock.ts` makes a clock of it. `random.ts` gives each concern a
 *    stream of its own from one seed.
 * 2. `network/model.ts` says when a message arrives, twice, or not at all; `network/virtual-network.ts` carries it.
 * 3. `hypervisor/world.ts` is the truth about hosts and VMs, `hypervisor/migrations.ts` how long a migration takes on a shared
 *    line, `hypervisor/faults.ts` what goes wrong. An agent sees of it what `hypervisor/simulated.ts` shows.
 *    Agents in processes of their own ask for it over a socket (`wire/serve-world.ts`), by a driver (`wire/socket-hypervisor.ts`).
 * 4. `host/host.ts` is one host, whose agent can be killed, restarted and robbed of its journal.
 * 5. `invariants/checker.ts` judges: is a VM lost, does one run twice? `curable.ts` says which overloads had a cure.
 * 6. `story/virtual-cluster.ts` puts these together in virtual time, for tests; `harness/cluster.ts` does so over real sockets,
 *    and `demo/demo.ts` shows it on a screen.
 * 7. A workload (`workload/workload.ts`) becomes a run (`run/create-run.ts`) with meters (`run/meters.ts`). A scheduler drives
 *    it: drover (`baselines/drover/drover.ts`) or another (`baselines/baselines.ts`).
 * 8. `experiment/run-once.ts` makes one run of an experiment, `experiment/pool.ts` many side by side; `report/report.ts` draws
 *    them, and `cli/sim-command.ts` is `drover sim`.
 *
 * A cluster of real agents over real sockets:
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
export * from './invariants/checker.ts'
export * from './random.ts'
export { type ReportInput, renderReport } from './report/report.ts'
export { createRun, type PlayableRun, type SimulatedRunOptions } from './run/create-run.ts'
export type { RunHost, RunMetrics, Scheduler, SimulatedRun } from './run/simulated-run.ts'
export * from './time/clock.ts'
export { type ServedWorld, type ServeWorldInit, serveWorld } from './wire/serve-world.ts'
export { createSocketHypervisor, type SocketHypervisorInit } from './wire/socket-hypervisor.ts'
export { FileError } from './workload/csv.ts'
export { generateVmplaces, type VmplacesLaw, type VmplacesModel } from './workload/vmplaces.ts'
export * from './workload/vmplaces-files.ts'
