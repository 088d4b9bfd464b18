/** Hosts so full that nothing can move directly: some VM has to step aside for a while, and the planner finds which. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { checkPlan } from '../check/checker.ts'
import { asHostId, asVmId } from '../problem/ids.ts'
import { runs } from '../testing/effort.ts'
import { small } from '../testing/small.ts'
import { planOrder } from './planner.ts'

/** Full hosts, VMs of a few sizes, and a rearrangement that fits at the end. */
const rearrangements = fc
  .record({
    limits: fc.array(fc.integer({ min: 4, max: 8 }), { minLength: 2, maxLength: 4 }),
    vms: fc.array(fc.record({ size: fc.integer({ min: 1, max: 5 }), from: fc.nat(3), to: fc.nat(3) }), {
      minLength: 1,
      maxLength: 5,
    }),
  })
  .map(({ limits, vms }) => ({
    limits,
    vms: vms.map((vm) => ({ ...vm, from: vm.from % limits.length, to: vm.to % limits.length })),
  }))
  .filter(({ limits, vms }) =>
    limits.every((limit, h) =>
      (['from', 'to'] as const).every(
        (end) => vms.reduce((sum, vm) => sum + (vm[end] === h ? vm.size : 0), 0) <= limit,
      ),
    ),
  )

/** Can all VMs get there, one at a time, through whichever hosts? */
const reachable = (
  limits: readonly number[],
  vms: readonly { size: number; from: number; to: number }[],
): boolean => {
  const seen = new Set<string>()
  const queue = [vms.map((vm) => vm.from)]
  for (const at of queue) {
    if (at.every((h, v) => h === vms[v]!.to)) return true
    const load = limits.map((_, h) => vms.reduce((sum, vm, v) => sum + (at[v] === h ? vm.size : 0), 0))
    vms.forEach((vm, v) => {
      for (let h = 0; h < limits.length; h++) {
        const next = at.map((one, u) => (u === v ? h : one))
        if (h === at[v] || load[h]! + vm.size > limits[h]! || seen.has(next.join())) continue
        seen.add(next.join())
        queue.push(next)
      }
    })
  }
  return false
}

test('Whenever VMs can step aside, one after the other, the planner finds an order, and otherwise proves that there is none', () => {
  const seen = { direct: 0, detours: 0, none: 0, missed: 0 }
  fc.assert(
    fc.property(rearrangements, ({ limits, vms }) => {
      const problem = small(
        [...limits],
        vms.map((vm) => [vm.from, vm.size]),
      )
      const moves = vms.flatMap((vm, v) =>
        vm.from === vm.to
          ? []
          : [{ vm: asVmId(`v${v}`), from: asHostId(`h${vm.from}`), to: asHostId(`h${vm.to}`) }],
      )
      const planned = planOrder(problem, moves, { planId: 'p' })
      const possible = reachable(limits, vms)
      if (planned.kind === 'plan') {
        assert.deepEqual(checkPlan(problem, planned.plan), [])
        assert.ok(possible)
        seen[planned.plan.actions.length > moves.length ? 'detours' : 'direct']++
      } else {
        seen[possible ? 'missed' : 'none']++
        assert.ok(planned.proven)
      }
    }),
    { numRuns: runs, seed: 5 },
  )
  assert.ok(seen.missed === 0, JSON.stringify(seen))
})
