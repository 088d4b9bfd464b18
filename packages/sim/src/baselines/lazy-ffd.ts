/**
 * Lazy first fit decreasing (VMPlaceS, `LazyFirstFitDecreased`): from each overloaded host VMs are evicted in the host's
 * order until the rest fits; the evicted are sorted by demand, the largest first, and each goes to the first host, in
 * the cluster's order and its own among them, on which it fits.
 */
import { byText } from '@drover/protocol'
import type { VmRecord } from '../hypervisor/state.ts'
import type { RunHost, Scheduler, SimulatedRun } from '../run/simulated-run.ts'
import { messageBytes, pullMs } from './costs.ts'
import { overloaded } from './first-choice.ts'

export interface LazyFfdOptions {
  /** From the end of a round to the beginning of the next one, ms. */
  readonly pauseMs?: number
}

interface Evicted {
  readonly vm: VmRecord
  readonly from: RunHost
}

export const lazyFfd = ({ pauseMs = 30_000 }: LazyFfdOptions = {}): Scheduler => ({
  name: 'lazy-ffd',
  begin(run) {
    const { kernel, hosts, metrics } = run
    const round = (): void => {
      metrics.messages(2 * hosts.length, 2 * hosts.length * messageBytes)
      kernel.after(pullMs, () => {
        const begunMs = kernel.now()
        const curing = hosts.filter(overloaded).length
        if (curing > 0) metrics.solved(hosts)
        relocate(run, (moved) => {
          if (moved > 0) for (const host of hosts) metrics.held(host, begunMs, kernel.now())
          if (moved > 0) for (let i = 0; i < curing; i++) metrics.cured()
          kernel.after(pauseMs, round)
        })
      })
    }
    kernel.after(pauseMs, round)
  },
})

/** One round; `onEnd` when the last of its migrations has ended. */
const relocate = (run: SimulatedRun, onEnd: (moved: number) => void): void => {
  const { hosts, metrics } = run
  const predicted = hosts.map((host) => host.cpuMilli + host.arrivingMilli)
  const memory = hosts.map((host) => host.memoryMiB + host.arrivingMiB)
  const evicted = hosts.filter(overloaded).flatMap((from) => evict(run, from, predicted, memory))
  evicted.sort((a, b) => b.vm.cpuMilli - a.vm.cpuMilli || byText(a.vm.spec.vm, b.vm.spec.vm))
  let running = 0
  let moved = 0
  const ended = (): void => {
    running--
    if (running === 0) onEnd(moved)
  }
  running++
  for (const { vm, from } of evicted) {
    const to = hosts.find(
      ({ index, capacityMilli, capacityMiB }) =>
        predicted[index]! + vm.cpuMilli <= capacityMilli && memory[index]! + vm.memoryMiB <= capacityMiB,
    )
    if (to === undefined) break
    predicted[to.index]! += vm.cpuMilli
    memory[to.index]! += vm.memoryMiB
    if (to === from) continue
    metrics.message(messageBytes)
    running++
    if (run.migrate(vm.spec.vm, to, ended)) moved++
    else running--
  }
  ended()
}

/** In the host's order: the VM that came first goes first. */
const evict = (
  run: SimulatedRun,
  from: RunHost,
  predicted: number[],
  memory: number[],
): readonly Evicted[] => {
  const evicted: Evicted[] = []
  for (const { vm } of from.record.copies.values()) {
    if (predicted[from.index]! <= from.capacityMilli) break
    if (!from.vms.has(vm) || run.moving(vm.spec.vm)) continue
    predicted[from.index]! -= vm.cpuMilli
    memory[from.index]! -= vm.memoryMiB
    evicted.push({ vm, from })
  }
  return evicted
}
