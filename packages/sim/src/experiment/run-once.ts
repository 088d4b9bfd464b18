/** One run: one workload, one scheduler, one seed, from time 0 to the end, with everything measured. */
import { createRun } from '../run/create-run.ts'
import type { Run } from '../run/result.ts'
import { generateVmplaces } from '../workload/vmplaces.ts'
import { type AlgorithmSpec, createScheduler } from './algorithms.ts'
import { QuestionError } from './question-error.ts'
import type { RunSpec } from './spec.ts'
import { loadWorkload, powerManagementOf } from './workloads.ts'

export interface RunOptions {
  /** Hears the share of simulated time that has passed; true = it has said so, and wants the process to see to its mail. */
  readonly progress?: (share: number) => boolean
  /** Measures the heap; the process needs `--expose-gc`. */
  readonly heap?: boolean
}

/** Events between two looks at the progress: some milliseconds' worth. */
const eventsPerLook = 1_024

const usedHeap = (): number => {
  if (globalThis.gc === undefined) throw new Error('to measure the heap, Node.js needs --expose-gc')
  // Once more for what the first one only found out to be free.
  globalThis.gc()
  globalThis.gc()
  return process.memoryUsage().heapUsed
}

/** What the first run of a process allocates once and for all (code, tables of the solver) is no agent's. Small: some of it may linger. */
const warmUp = (algorithm: AlgorithmSpec): void => {
  const workload = generateVmplaces({ hosts: 12, seed: 0, meanLoad: 64, durationS: 900 })
  const { run, play } = createRun({ workload, seed: 0 })
  createScheduler(algorithm).begin(run)
  play()
}

const breathe = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** A workload or an option that makes no sense is a wrong question; later on it would be a fault. */
const asked = <T>(make: () => T): T => {
  try {
    return make()
  } catch (error) {
    if (error instanceof RangeError) throw new QuestionError(error.message)
    throw error
  }
}

/** Throws `QuestionError` for what the specification asks for and is not there. */
export const runOnce = async (spec: RunSpec, options: RunOptions = {}): Promise<Run> => {
  const { algorithm, seed } = spec
  if (options.heap === true) warmUp(algorithm)
  const workload = asked(() => loadWorkload(spec.workload, seed))
  const cpuBefore = process.cpuUsage()
  const { run, measures } = createRun({ workload, seed, powerManagement: powerManagementOf(spec) })
  const heapBefore = options.heap === true ? usedHeap() : null
  asked(() => createScheduler(algorithm).begin(run))

  const { kernel } = run
  while (kernel.step(workload.durationMs))
    if (
      kernel.events % eventsPerLook === 0 &&
      options.progress?.(kernel.now() / workload.durationMs) === true
    )
      await breathe()
  kernel.pass(workload.durationMs)

  const { measured, partitionSizes, timeline } = measures()
  const { user, system } = process.cpuUsage(cpuBefore)
  const heapGrown = heapBefore === null ? null : usedHeap() - heapBefore
  return {
    result: {
      schemaVersion: 1,
      algorithm: algorithm.name,
      hosts: measured.hosts,
      vms: measured.vms,
      seed,
      overloadSeconds: measured.overloadSeconds,
      overloads: measured.overloads,
      overloadMedianS: measured.overloadMedianS,
      overloadP95S: measured.overloadP95S,
      migrations: measured.migrations,
      movedMiB: measured.movedMiB,
      partitionSizeMedian: measured.partitionSizeMedian,
      partitionSizeMax: measured.partitionSizeMax,
      bookedHostSeconds: measured.bookedHostSeconds,
      messages: measured.messages,
      bytes: measured.bytes,
      energyKwh: measured.energyKwh,
      cpuSeconds: (user + system) / 1_000_000,
      peakRssMiB: Math.round(process.resourceUsage().maxRSS / 1_024),
      traceHash: measured.traceHash,
      workload: measured.workload,
      preset: algorithm.preset,
      durationS: measured.durationS,
      overloadsCured: measured.overloadsCured,
      events: kernel.events,
      heapKiBPerHost: heapGrown === null ? null : heapGrown / 1_024 / measured.hosts,
      powerManagement: measured.powerManagement,
      energyFullKwh: measured.energyFullKwh,
      energyIdleOnKwh: measured.energyIdleOnKwh,
      energyIdleOffKwh: measured.energyIdleOffKwh,
      energySampledKwh: measured.energySampledKwh,
      overloadDurationsS: measured.overloadDurationsS,
    },
    partitionSizes,
    timeline,
  }
}
