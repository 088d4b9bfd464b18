/**
 * The idealised central scheduler: it knows everything at no cost, looks every second, and for each host in need begins
 * the one migration that is over first, of those that relieve it, to the least loaded host. No forecast. The one
 * to beat: nothing real is so well informed.
 */

import { migrationMs } from '@drover/placement'
import { byText } from '@drover/protocol'
import type { VmRecord } from '../hypervisor/state.ts'
import type { RunHost, Scheduler, SimulatedRun } from '../run/simulated-run.ts'

export interface GreedyCentralOptions {
  readonly periodMs?: number
  /** It acts when less than this is left of a host's capacity, cpuMilli. Default 0: when it is overloaded. */
  readonly actReserveMilli?: number
  /** And then leaves at least this free, on the source and on the destination, cpuMilli. */
  readonly relieveReserveMilli?: number
}

export const greedyCentral = ({
  periodMs = 1000,
  actReserveMilli = 0,
  relieveReserveMilli = actReserveMilli,
}: GreedyCentralOptions = {}): Scheduler => ({
  name: 'greedy-central',
  begin(run) {
    const { kernel, hosts, metrics } = run
    const tick = (): void => {
      const inNeed = hosts
        .filter((host) => excessMilli(host) > -actReserveMilli)
        .sort((a, b) => excessMilli(b) - excessMilli(a) || a.index - b.index)
      for (const host of inNeed) relieve(host)
      kernel.after(periodMs, tick)
    }
    const relieve = (from: RunHost): void => {
      const vm = fastest(run, from, excessMilli(from) + relieveReserveMilli)
      if (vm === null) return
      const to = leastLoaded(hosts, from, vm, relieveReserveMilli)
      if (to === null) return
      const begunMs = kernel.now()
      const began = run.migrate(vm.spec.vm, to, (end) => {
        metrics.held(from, begunMs, kernel.now())
        metrics.held(to, begunMs, kernel.now())
        if (end === 'moved') metrics.cured()
      })
      if (began) metrics.solved([from, to])
    }
    kernel.after(periodMs, tick)
  },
})

/** Demand above capacity once all that is on its way has left; negative = what is free. */
const excessMilli = (host: RunHost): number =>
  host.cpuMilli + host.arrivingMilli - host.leavingMilli - host.capacityMilli

/** Of the VMs that are large enough, the one that has moved first; when none is, the largest. */
const fastest = (run: SimulatedRun, from: RunHost, neededMilli: number): VmRecord | null => {
  let best: VmRecord | null = null
  let bestMs = 0
  for (const vm of from.vms) {
    if (run.moving(vm.spec.vm)) continue
    const ms = expectedMs(run, vm)
    const enough = vm.cpuMilli >= neededMilli
    const bestEnough = best !== null && best.cpuMilli >= neededMilli
    const better =
      best === null ||
      (enough !== bestEnough
        ? enough
        : enough
          ? ms < bestMs || (ms === bestMs && byText(vm.spec.vm, best.spec.vm) < 0)
          : vm.cpuMilli > best.cpuMilli)
    if (!better) continue
    best = vm
    bestMs = ms
  }
  return best
}

const expectedMs = (run: SimulatedRun, vm: VmRecord): number => {
  const { dirtyMiBps } = vm.spec
  const dirty = typeof dirtyMiBps === 'number' ? dirtyMiBps : dirtyMiBps(vm.cpuMilli, vm.cpuMilli)
  return migrationMs(vm.memoryMiB, dirty, run.workload.migrationMiBps)
}

/** Null when it fits nowhere. */
const leastLoaded = (
  hosts: readonly RunHost[],
  from: RunHost,
  vm: VmRecord,
  reserveMilli: number,
): RunHost | null => {
  let best: RunHost | null = null
  for (const host of hosts) {
    if (host === from || host.memoryMiB + host.arrivingMiB + vm.memoryMiB > host.capacityMiB) continue
    // What leaves still counts on its source until it has arrived.
    const filled = host.cpuMilli + host.arrivingMilli + vm.cpuMilli + reserveMilli
    if (filled > host.capacityMilli) continue
    if (best === null || freeMilli(host) > freeMilli(best)) best = host
  }
  return best
}

const freeMilli = (host: RunHost): number => host.capacityMilli - host.cpuMilli - host.arrivingMilli
