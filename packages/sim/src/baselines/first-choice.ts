/**
 * What Entropy's search tries first (Entropy 2.1, `ChocoCustomRP` in repair mode with `BasicPlacementHeuristic2`): only
 * VMs of overloaded hosts may move; each stays while it fits beside those before it, in the order in which they came
 * to the host, so it is the *last* one whose leaving is enough that goes. It goes to the host with most memory
 * left, hosts that are not overloaded first, ties to the first of the list. But *left* is counted by the packing
 * constraint, as the most that could still come (`FastBinPacking.getRemainingSpace`): of one overloaded host's VMs
 * hardly anything is undecided by then, so nearly all hosts tie, and worst fit by memory becomes first fit.
 * With one move for each overloaded host no search finds fewer, so this is Entropy's answer, too.
 */
import type { Move } from '@drover/protocol'
import type { VmRecord } from '../hypervisor/state.ts'
import type { RunHost, SimulatedRun } from '../run/simulated-run.ts'

/** Its VMs want more than it has. */
export const overloaded = (host: RunHost): boolean => host.cpuMilli > host.capacityMilli

interface Filled {
  readonly host: RunHost
  readonly ill: boolean
  cpuMilli: number
  memoryMiB: number
}

/** Null when one move is not enough for some host. */
export const firstChoice = (run: SimulatedRun, hosts: readonly RunHost[]): readonly Move[] | null => {
  const filled = hosts.map(
    (host): Filled => ({
      host,
      ill: overloaded(host),
      cpuMilli: host.cpuMilli + host.arrivingMilli,
      memoryMiB: host.memoryMiB + host.arrivingMiB,
    }),
  )
  const undecided = filled.filter(({ ill }) => ill).map(({ host }) => ({ host, vms: mayMove(run, host) }))
  const moves: Move[] = []
  for (const [i, { host, vms }] of undecided.entries()) {
    const from = filled.find((one) => one.host === host)!
    const chosen = vms.findLastIndex((vm) => from.cpuMilli - vm.cpuMilli <= host.capacityMilli)
    if (chosen < 0) return null
    const vm = vms[chosen]!
    const open = [...vms.slice(chosen), ...undecided.slice(i + 1).flatMap((later) => later.vms)]
    const to = roomiest(filled, from, vm, open)
    if (to === null) return null
    from.cpuMilli -= vm.cpuMilli
    from.memoryMiB -= vm.memoryMiB
    to.cpuMilli += vm.cpuMilli
    to.memoryMiB += vm.memoryMiB
    moves.push({ vm: vm.spec.vm, from: host.id, to: to.host.id })
  }
  return moves
}

/** The VM that came first is first. */
const mayMove = (run: SimulatedRun, host: RunHost): readonly VmRecord[] => {
  const vms: VmRecord[] = []
  for (const { vm } of host.record.copies.values())
    if (host.vms.has(vm) && !run.moving(vm.spec.vm) && vm.cpuMilli > 0) vms.push(vm)
  return vms
}

const roomiest = (
  filled: readonly Filled[],
  from: Filled,
  vm: VmRecord,
  open: readonly VmRecord[],
): Filled | null => {
  let best: Filled | null = null
  let bestMiB = 0
  for (const one of filled) {
    if (one === from || !takes(one, vm)) continue
    let comingMiB = 0
    for (const other of open) if (takes(one, other)) comingMiB += other.memoryMiB
    const leftMiB = Math.min(one.host.capacityMiB - one.memoryMiB, comingMiB)
    if (best !== null && (best.ill === one.ill ? leftMiB <= bestMiB : one.ill)) continue
    best = one
    bestMiB = leftMiB
  }
  return best
}

const takes = ({ host, cpuMilli, memoryMiB }: Filled, vm: VmRecord): boolean =>
  cpuMilli + vm.cpuMilli <= host.capacityMilli && memoryMiB + vm.memoryMiB <= host.capacityMiB
