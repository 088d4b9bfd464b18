/**
 * Proxmox VE's dynamic cluster resource scheduler with automatic rebalancing (pve-ha-manager; its library
 * proxmox-resource-scheduling; defaults of `ha-auto-rebalance-threshold`, `-hold-duration` and `-margin`). In
 * each round of 10 s the imbalance of the hosts' loads is computed; when it exceeded 0.3 for three rounds, the one
 * migration that lowers it most is made, if it lowers it by a tenth at least. It balances and knows no overload.
 */

import type { VmRecord } from '../hypervisor/state.ts'
import type { RunHost, Scheduler, SimulatedRun } from '../run/simulated-run.ts'
import { messageBytes } from './costs.ts'

export interface CrsOptions {
  readonly roundMs?: number
  /** Imbalance, 0 … 1. */
  readonly threshold?: number
  readonly holdRounds?: number
  /** Part of the imbalance that a migration has to take away. */
  readonly margin?: number
}

interface Candidate {
  readonly vm: VmRecord
  readonly to: RunHost
  readonly imbalance: number
}

export const crs = ({
  roundMs = 10_000,
  threshold = 0.3,
  holdRounds = 3,
  margin = 0.1,
}: CrsOptions = {}): Scheduler => ({
  name: 'crs',
  begin(run) {
    const { kernel, hosts, metrics } = run
    let sustained = 0
    let migrating = false
    const round = (): void => {
      // Each host writes its state to the cluster's file system, from where the master reads it.
      metrics.messages(hosts.length, hosts.length * messageBytes)
      kernel.after(roundMs, round)
      if (migrating) return
      const loads = hosts.map((host) => loadOf(host, 0, 0))
      const now = imbalance(loads)
      sustained = now > threshold ? sustained + 1 : 0
      if (sustained < holdRounds) return
      sustained = 0
      const best = bestMove(run, loads)
      if (best === null || (now - best.imbalance) / now < margin) return
      const from = run.hostOf(best.vm.spec.vm)
      const ill = from.cpuMilli > from.capacityMilli
      const begunMs = kernel.now()
      migrating = run.migrate(best.vm.spec.vm, best.to, (end) => {
        migrating = false
        metrics.held(from, begunMs, kernel.now())
        metrics.held(best.to, begunMs, kernel.now())
        if (ill && end === 'moved') metrics.cured()
      })
      if (!migrating) return
      metrics.message(messageBytes)
      metrics.solved(hosts)
    }
    kernel.after(roundMs, round)
  },
})

/** Mean of CPU and memory in use, as if so much more were there. */
const loadOf = (host: RunHost, moreMilli: number, moreMiB: number): number =>
  ((host.cpuMilli + moreMilli) / host.capacityMilli + (host.memoryMiB + moreMiB) / host.capacityMiB) / 2

/** Coefficient of variation, as part of the greatest possible: that of all load on one host. */
export const imbalance = (loads: readonly number[]): number => {
  let total = 0
  let squares = 0
  for (const load of loads) {
    total += load
    squares += load * load
  }
  return dispersion(loads.length, total, squares)
}

const dispersion = (count: number, total: number, squares: number): number => {
  if (count < 2 || total === 0) return 0
  const mean = total / count
  return Math.sqrt(Math.max(0, squares / count - mean * mean)) / mean / Math.sqrt(count - 1)
}

/** By brute force, as its default method does: every VM to every host. */
const bestMove = (run: SimulatedRun, loads: readonly number[]): Candidate | null => {
  const { hosts } = run
  const total = loads.reduce((sum, load) => sum + load, 0)
  const squares = loads.reduce((sum, load) => sum + load * load, 0)
  let best: Candidate | null = null
  for (const from of hosts)
    for (const vm of from.vms) {
      const fromLoad = loadOf(from, -vm.cpuMilli, -vm.memoryMiB)
      for (const to of hosts) {
        if (to === from || to.memoryMiB + vm.memoryMiB > to.capacityMiB) continue
        const toLoad = loadOf(to, vm.cpuMilli, vm.memoryMiB)
        const before = [loads[from.index]!, loads[to.index]!] as const
        const after = dispersion(
          hosts.length,
          total - before[0] - before[1] + fromLoad + toLoad,
          squares - before[0] ** 2 - before[1] ** 2 + fromLoad ** 2 + toLoad ** 2,
        )
        if (best === null || after < best.imbalance) best = { vm, to, imbalance: after }
      }
    }
  return best
}
