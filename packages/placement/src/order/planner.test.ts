/** Moves are known, their order is not: each waits for the room that it needs, and circles are broken by a third host. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { checkPlan } from '../check/checker.ts'
import type { Move } from '../problem/answer.ts'
import { type ActionId, asHostId, asVmId, type HostId } from '../problem/ids.ts'
import type { Plan } from '../problem/plan.ts'
import type { PlacementProblem } from '../rules/placement-problem.ts'
import { codeOf, type PlacementRule, type Rule } from '../rules/rule.ts'
import { solvePlacement } from '../solve-placement.ts'
import { runs } from '../testing/effort.ts'
import { problems } from '../testing/generator.ts'
import { small } from '../testing/small.ts'
import { type Planned, planOrder } from './planner.ts'

const partition = 'p.1.1'

const moves = (problem: PlacementProblem, to: Record<number, number>): Move[] =>
  Object.entries(to).map(([v, h]) => ({
    vm: problem.vms[Number(v)]!.id,
    from: problem.vms[Number(v)]!.host,
    to: asHostId(`h${h}`),
  }))

const planFor = (problem: PlacementProblem, planned: Planned): Plan => {
  if (planned.kind !== 'plan') assert.fail(planned.why.text)
  assert.deepEqual(checkPlan(problem, planned.plan), [])
  return planned.plan
}

test('A move waits for the departure that makes its room, and for nothing else', () => {
  const problem = small(
    [10, 10, 10],
    [
      [0, 8],
      [1, 8],
      [0, 1],
    ],
  )
  const plan = planFor(
    problem,
    planOrder(problem, moves(problem, { 0: 1, 1: 2, 2: 2 }), { planId: partition }),
  )
  const of = (vm: string) => plan.actions.find((action) => action.vm === vm)!
  assert.deepEqual(of('v0').after, [of('v1').id])
  assert.deepEqual(of('v1').after, [])
  assert.deepEqual(of('v2').after, [])
})

test('Two full hosts swap VMs through a third that has room for one of them', () => {
  const problem = small(
    [10, 10, 5],
    [
      [0, 5],
      [0, 5],
      [1, 5],
      [1, 5],
    ],
  )
  const plan = planFor(problem, planOrder(problem, moves(problem, { 0: 1, 2: 0 }), { planId: partition }))
  assert.equal(plan.actions.length, 3)
})

test('Without a pivot there is no order, unless suspending is permitted', () => {
  const problem = small(
    [10, 10],
    [
      [0, 10],
      [1, 10],
    ],
  )
  const swap = moves(problem, { 0: 1, 1: 0 })
  const refused = planOrder(problem, swap, { planId: partition })
  assert.equal(refused.kind, 'no_order')
  assert.equal(refused.kind === 'no_order' && refused.why.code, 'capacity.mem')
  const plan = planFor(problem, planOrder(problem, swap, { planId: partition, suspend: true }))
  assert.deepEqual(plan.actions.map((action) => action.kind).sort(), ['migrate', 'resume', 'suspend'])
})

test('Cycles of any length, and several disjoint ones, are broken through one pivot', () => {
  for (const length of [2, 3, 5, 10])
    for (const rings of [1, 3]) {
      const hosts = length * rings
      const vms = Array.from({ length: hosts }, (_, i): [number, number] => [i, 10])
      const problem = small([...vms.map(() => 10), 10], vms)
      const to: Record<number, number> = {}
      for (let i = 0; i < hosts; i++) to[i] = (i % length) + 1 < length ? i + 1 : i + 1 - length
      const plan = planFor(problem, planOrder(problem, moves(problem, to), { planId: partition }))
      assert.equal(plan.actions.length, hosts + rings)
    }
})

test('A VM that stays in the end steps aside and comes back, where only that makes room', () => {
  const problem = small(
    [8, 8, 8, 2],
    [
      [0, 8],
      [1, 8],
      [2, 2],
    ],
  )
  const plan = planFor(problem, planOrder(problem, moves(problem, { 0: 1, 1: 0 }), { planId: partition }))
  const relocations = plan.actions.map((action) => `${action.vm} ${'to' in action ? action.to : ''}`)
  assert.equal(relocations[0], 'v2 h3')
  assert.equal(relocations.at(-1), 'v2 h2')
  assert.equal(relocations.length, 5)
})

// Two VMs on each side: the first to cross leaves the one and joins the other, there is no other way.
test('VMs that must be together and are apart join one after the other, and never part again', () => {
  const problem: PlacementProblem = {
    ...small(
      [10, 10, 10, 10],
      [
        [0, 1],
        [1, 1],
        [2, 1],
        [3, 1],
      ],
    ),
    rules: [
      {
        kind: 'among',
        vms: [0, 1, 2, 3].map((v) => asVmId(`v${v}`)),
        parts: [
          [asHostId('h0'), asHostId('h1')],
          [asHostId('h2'), asHostId('h3')],
        ],
      },
    ],
  }
  const plan = planFor(problem, planOrder(problem, moves(problem, { 0: 2, 1: 3 }), { planId: partition }))
  assert.equal(plan.actions.length, 2)
  const [first, second] = plan.actions
  const astray = {
    ...first!,
    kind: 'migrate' as const,
    vm: asVmId('v2'),
    from: asHostId('h2'),
    to: asHostId('h0'),
  }
  const back = {
    ...astray,
    id: 'p.1.1#9' as ActionId,
    from: asHostId('h0'),
    to: asHostId('h2'),
    after: [astray.id],
  }
  const worse = [
    { ...astray, id: 'p.1.1#8' as ActionId },
    { ...back, after: ['p.1.1#8' as ActionId] },
  ]
  assert.deepEqual(
    checkPlan(problem, { makespanMs: 0, actions: [first!, second!, ...worse] }).map(({ code }) => code),
    ['rule.host_group'],
  )
})

test('Parts that must be in separate groups, and are mixed, are separated one VM after the other', () => {
  const at: [number, number][] = [0, 0, 1, 2, 3].map((host) => [host, 1])
  const [v0, v1, v2, v3, v4] = [0, 1, 2, 3, 4].map((v) => asVmId(`v${v}`))
  const [h0, h1, h2, h3] = [0, 1, 2, 3].map((h) => asHostId(`h${h}`))
  const problem: PlacementProblem = {
    ...small([10, 10, 10, 10], at),
    rules: [
      {
        kind: 'splitAmong',
        parts: [[v0!], [v1!, v2!, v3!, v4!]],
        among: [
          [h0!, h1!],
          [h2!, h3!],
        ],
      },
    ],
  }
  const plan = planFor(problem, planOrder(problem, moves(problem, { 1: 2, 2: 3 }), { planId: partition }))
  assert.equal(plan.actions.length, 2)
})

test('A VM joins a host only after its anti-affine mate has left it', () => {
  const spread: Rule = { kind: 'spread', vms: [asVmId('v0'), asVmId('v1')] }
  const problem = small(
    [10, 10, 10],
    [
      [0, 1],
      [1, 1],
    ],
    [spread],
  )
  const plan = planFor(problem, planOrder(problem, moves(problem, { 0: 1, 1: 2 }), { planId: partition }))
  assert.deepEqual(plan.actions.find((action) => action.vm === 'v0')!.after.length, 1)
})

test('Moves that a rule holds up are refused with the code of that rule', () => {
  const [v0, v1] = [asVmId('v0'), asVmId('v1')]
  const [h0, h1, h2] = ['h0', 'h1', 'h2'].map(asHostId) as [HostId, HostId, HostId]
  // v0 is on h0, v1 on h1.
  const cases: readonly (readonly [PlacementRule, Record<number, number>])[] = [
    [{ kind: 'spread', vms: [v0, v1] }, { 0: 1 }],
    [
      { kind: 'gather', vms: [v0, v1], continuous: true },
      { 0: 2, 1: 0 },
    ],
    [
      { kind: 'among', vms: [v0, v1], parts: [[h0], [h1], [h2]] },
      { 0: 2, 1: 0 },
    ],
    [{ kind: 'runningCapacity', hosts: [h1], amount: 1 }, { 0: 1 }],
    [{ kind: 'maxOnline', hosts: [h1, h2], amount: 1, continuous: true }, { 0: 2 }],
  ]
  for (const [rule, to] of cases) {
    const all: [number, number][] = [0, 1].map((host) => [host, 1])
    const problem: PlacementProblem = { ...small([10, 10, 10], all), rules: [rule] }
    const planned = planOrder(problem, moves(problem, to), { planId: partition })
    assert.equal(planned.kind === 'no_order' && planned.why.code, codeOf(rule), rule.kind)
  }
})

test('A VM that is to be stopped keeps its rules until then: its anti-affine mate waits, and the VMs of its group stay together', () => {
  const problem = small(
    [10, 10],
    [
      [0, 1],
      [1, 1],
      [1, 1],
    ],
    [{ kind: 'spread', vms: [asVmId('v0'), asVmId('v1')] }],
  )
  const stopping: PlacementProblem = {
    ...problem,
    vms: problem.vms.map((vm) => (vm.id === 'v1' ? { ...vm, wanted: 'ready' } : vm)),
  }
  const stop: Move = { vm: asVmId('v1'), from: asHostId('h1'), to: null }
  const apart = planFor(
    stopping,
    planOrder(stopping, [stop, ...moves(stopping, { 0: 1 })], { planId: partition }),
  )
  const of = (plan: Plan, vm: string) => plan.actions.find((action) => action.vm === vm)!
  assert.deepEqual(of(apart, 'v0').after, [of(apart, 'v1').id])
  const together: PlacementProblem = {
    ...stopping,
    rules: [
      {
        kind: 'among',
        vms: [asVmId('v1'), asVmId('v2')],
        parts: [[asHostId('h0')], [asHostId('h1')]],
      },
    ],
  }
  const joint = planFor(
    together,
    planOrder(together, [stop, ...moves(together, { 2: 0 })], { planId: partition }),
  )
  assert.deepEqual(of(joint, 'v2').after, [of(joint, 'v1').id])
})

test('A VM arrives only after the VM that makes its room is stopped; on a host that is off nothing is done', () => {
  const problem = small(
    [10, 10, 10],
    [
      [0, 8],
      [1, 8],
      [1, 8],
      [2, 8],
    ],
  )
  const stopping: PlacementProblem = {
    ...problem,
    hosts: problem.hosts.map((host, h) => (h === 2 ? { ...host, state: 'offline' } : host)),
    vms: problem.vms.map((vm, v) => (v === 0 || v === 3 ? { ...vm, wanted: 'ready', movable: false } : vm)),
  }
  const answer = solvePlacement(stopping)
  if (answer.kind !== 'plan') assert.fail(answer.kind)
  const plan = planFor(stopping, planOrder(stopping, answer.moves, { planId: partition }))
  const [first, second] = [...plan.actions].sort((a, b) => a.after.length - b.after.length)
  assert.deepEqual([first!.kind, first!.vm], ['stop', 'v0'])
  assert.deepEqual([second!.kind, second!.after], ['migrate', [first!.id]])
  assert.equal(plan.actions.length, 2)
  // This one was not asked to be stopped.
  const violations = checkPlan(problem, { ...plan, actions: [first!] })
  assert.equal(violations[0]?.code, 'plan.malformed')
})

test('Every answer of the solver has an order, or the planner says that it has none; every plan passes the checker', () => {
  let planned = 0
  fc.assert(
    fc.property(problems({ hostsMax: 4, vmsMax: 8 }), fc.boolean(), (problem, suspend) => {
      const answer = solvePlacement(problem)
      if (answer.kind !== 'plan' && answer.kind !== 'relief') return
      const order = planOrder(problem, answer.moves, { planId: partition, suspend })
      if (order.kind === 'no_order') return
      planned++
      assert.deepEqual(checkPlan(problem, order.plan), [])
    }),
    { numRuns: runs, seed: 11 },
  )
  assert.ok(planned > runs / 10)
})
