/** Is a relief worth its moves? Every plan must lower the potential by a margin (Q1). */
import type { Policy } from '../config.ts'
import type { HostId, VmId } from '../ids.ts'
import type { Move } from '../solve/answer.ts'
import type { Problem } from '../solve/problem.ts'

/** Total excess over the limits, permille of each limit, summed over hosts and dimensions, once `moves` are made. */
export const excessOf = (problem: Problem, moves: readonly Move[]): number => {
  const to = new Map<VmId, HostId | null>(moves.map((move) => [move.vm, move.to]))
  const used = new Map(problem.hosts.map((host) => [host.id, problem.dimensions.map(() => 0)]))
  for (const vm of problem.vms) {
    const host = to.has(vm.id) ? to.get(vm.id)! : vm.host
    const sums = host === null ? undefined : used.get(host)
    if (sums === undefined) continue
    for (const [d, amount] of vm.demand.entries()) sums[d] = sums[d]! + amount
  }
  let excess = 0
  for (const host of problem.hosts)
    host.limit.forEach((limit, d) => {
      // A draining host should hold nothing: all that is on it is excess.
      const ceiling = host.state === 'online' ? limit : 0
      const over = used.get(host.id)![d]! - ceiling
      if (over > 0) excess += Math.ceil((over * 1000) / Math.max(1, limit))
    })
  return excess
}

export const gainTooSmall = (before: number, after: number, policy: Policy): boolean =>
  (before - after) * 1000 < before * policy.gainMinPermille || after >= before
