/**
 * Full hosts whose VMs go round in circles: of any length, several at a time, of unequal VMs, with or without a host that
 * has room for one of them, with or without permission to suspend. With either there is a plan, viable after every
 * prefix; otherwise the planner proves that there is no order.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { checkPlan } from '../check/checker.ts'
import type { Move } from '../problem/answer.ts'
import { asHostId } from '../problem/ids.ts'
import type { Plan } from '../problem/plan.ts'
import type { PlacementProblem } from '../rules/placement-problem.ts'
import { runs } from '../testing/effort.ts'
import { small } from '../testing/small.ts'
import { planOrder } from './planner.ts'

const partition = 'p.1.1'

interface Rings {
  readonly problem: PlacementProblem
  readonly moves: readonly Move[]
  /** Does every ring have a VM that fits the spare host? */
  readonly pivot: boolean
}

/** Each ring of hosts is full with one VM each, which goes on to the next host; the spare host may take some of them. */
const rings = fc
  .record({
    rings: fc.array(
      fc.record({ length: fc.integer({ min: 2, max: 10 }), size: fc.integer({ min: 3, max: 9 }) }),
      {
        minLength: 1,
        maxLength: 4,
      },
    ),
    spare: fc.integer({ min: 0, max: 10 }),
    // VMs that only share the host and stay.
    stays: fc.boolean(),
  })
  .map(({ rings, spare, stays }): Rings => {
    const limits: number[] = []
    const vms: [number, number][] = []
    const to = new Map<number, number>()
    for (const { length, size } of rings) {
      const first = limits.length
      for (let i = 0; i < length; i++) {
        to.set(vms.length, first + ((i + 1) % length))
        vms.push([first + i, size])
        if (stays) vms.push([first + i, 1])
        limits.push(size + (stays ? 1 : 0))
      }
    }
    limits.push(spare)
    const problem = small(limits, vms)
    const moves = [...to].map(([v, h]): Move => {
      const { id, host } = problem.vms[v]!
      return { vm: id, from: host, to: asHostId(`h${h}`) }
    })
    return { problem, moves, pivot: rings.every(({ size }) => size <= spare) }
  })

/** Some order of starts and ends that the plan allows, one action at a time: what every host carries stays within its limit. */
const walk = (problem: PlacementProblem, plan: Plan, choice: (n: number) => number): void => {
  const load = new Map(problem.hosts.map((host) => [host.id as string, 0]))
  const add = (host: string, by: number): void => {
    load.set(host, load.get(host)! + by)
  }
  const size = new Map(problem.vms.map((vm) => [vm.id, vm.demand[0]!]))
  for (const vm of problem.vms) if (vm.host !== null) add(vm.host, vm.demand[0]!)
  const done = new Set<string>()
  const running = new Set<string>()
  while (done.size < plan.actions.length) {
    const able = plan.actions.filter(
      (action) =>
        !done.has(action.id) && (running.has(action.id) || action.after.every((id) => done.has(id))),
    )
    assert.ok(able.length > 0)
    const action = able[choice(able.length)]!
    if (!running.has(action.id)) {
      running.add(action.id)
      if ('to' in action) add(action.to, size.get(action.vm)!)
    } else {
      done.add(action.id)
      if ('from' in action) add(action.from, -size.get(action.vm)!)
    }
    for (const host of problem.hosts)
      assert.ok(load.get(host.id)! <= host.limit[0]!, `${host.id} carries ${load.get(host.id)}`)
  }
}

test('Circles have a plan whenever there is a pivot or permission to suspend, and otherwise none', () => {
  const seen = { pivots: 0, suspended: 0, none: 0 }
  fc.assert(
    fc.property(
      rings,
      fc.boolean(),
      fc.infiniteStream(fc.nat(1000)),
      ({ problem, moves, pivot }, suspend, random) => {
        const planned = planOrder(problem, moves, { planId: partition, suspend })
        if (!pivot && !suspend) {
          if (planned.kind === 'plan') assert.fail('there is no room to step aside')
          assert.match(
            planned.why.text,
            /^no order: .* lacks \d+ MiB on h\d+.*no host can take one of the VMs meanwhile/,
          )
          assert.ok(planned.blocked.length >= 2)
          seen.none++
          return
        }
        if (planned.kind !== 'plan') assert.fail(planned.why.text)
        assert.deepEqual(checkPlan(problem, planned.plan), [])
        walk(problem, planned.plan, (n) => random.next().value! % n)
        if (suspend) seen.suspended++
        else {
          assert.ok(planned.plan.actions.every((action) => action.kind === 'migrate'))
          seen.pivots++
        }
      },
    ),
    { numRuns: Math.ceil(runs / 3), seed: 41 },
  )
  for (const count of Object.values(seen)) assert.ok(count > runs / 100, JSON.stringify(seen))
})

test('The text says which VM waits for which, and why', () => {
  const problem = small(
    [10, 10],
    [
      [0, 10],
      [1, 10],
    ],
  )
  const moves = problem.vms.map((vm, v): Move => ({ vm: vm.id, from: vm.host, to: asHostId(`h${1 - v}`) }))
  const planned = planOrder(problem, moves, { planId: partition })
  if (planned.kind === 'plan') assert.fail()
  assert.equal(
    planned.why.text,
    'no order: these 2 moves are blocked: v0 (h0 → h1): v0 lacks 10 MiB on h1; v1 (h1 → h0): v1 lacks 10 MiB on h0; no host can take one of the VMs meanwhile; there is an order if a VM may be suspended',
  )
})
