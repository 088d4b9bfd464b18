/**
 * Users pay for a licence per host, or a host has two GPUs: at most so many VMs with a label may be on one host. The rule is kept by the
 * solver, in every step of a plan, and at the destination's own door; and when it cannot be kept, people are told so.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { checkPlacement, checkPlan } from '../check/checker.ts'
import { readDocument } from '../formats/read.ts'
import { planOrder } from '../order/planner.ts'
import { asHostId, asVmId } from '../problem/ids.ts'
import { solve } from '../solve.ts'
import { solvePlacement } from '../solve-placement.ts'
import { runs } from '../testing/effort.ts'
import { problems } from '../testing/generator.ts'
import { bestCure, bestRelief, compareTuples, tupleOf } from '../testing/oracle.ts'
import { hostOf, problemOf, vmOf } from '../testing/small.ts'
import { checkRule } from './check.ts'
import type { LabelCapacity } from './label-capacity.ts'
import type { PlacementProblem } from './placement-problem.ts'
import { ruleName } from './rule.ts'
import { staysOn } from './stays.ts'

const partition = 'p.1.1'
const host = (h: number) => asHostId(`h${h}`)
const vm = (v: number) => asVmId(`v${v}`)
const gpus: LabelCapacity = { kind: 'labelCapacity', label: 'gpu', max: 2 }

/** VM `v` is on host `homes[v]`; those of `labelled` want a GPU. */
const placing = (
  homes: readonly number[],
  labelled: readonly number[],
  rules: PlacementProblem['rules'],
  hosts = 3,
): PlacementProblem =>
  problemOf(
    Array.from({ length: hosts }, (_, h) => hostOf(host(h), [10])),
    homes.map((h, v) => vmOf(vm(v), host(h), [2], labelled.includes(v) ? { labels: ['blue', 'gpu'] } : {})),
    { rules },
  )

test('VMs beyond the cap leave, VMs without the label stay, and hosts that are not listed take any number', () => {
  const three = solvePlacement(placing([0, 0, 0, 0], [0, 1, 2], [gpus]))
  assert.ok(three.kind === 'plan' && three.optimal && three.moves.length === 1)
  assert.ok(['v0', 'v1', 'v2'].includes(three.moves[0]!.vm))
  assert.equal(solvePlacement(placing([0, 0, 0, 0], [0, 1], [gpus])).kind, 'satisfied')
  assert.equal(
    solvePlacement(placing([0, 0, 0], [0, 1, 2], [{ ...gpus, hosts: [host(1)] }])).kind,
    'satisfied',
  )
  const none = solvePlacement(placing([0, 0], [0, 1], [{ ...gpus, max: 0, hosts: [host(0), host(1)] }]))
  assert.ok(none.kind === 'plan' && none.moves.every((move) => move.to === host(2)))
})

test('continuous, the cap holds while VMs travel: one comes only after another has left', () => {
  // VM 0 and 2 change places, and both hosts are full of GPUs: one must step aside, or there is no order.
  const moves = [
    { vm: vm(0), from: host(0), to: host(1) },
    { vm: vm(2), from: host(1), to: host(0) },
  ]
  const labelled = [0, 1, 2, 3]
  const swapped = planOrder(placing([0, 0, 1, 1], labelled, [gpus]), moves, { planId: partition })
  assert.ok(swapped.kind === 'plan' && swapped.plan.actions.length === 3)
  assert.equal(
    planOrder(placing([0, 0, 1, 1], labelled, [gpus], 2), moves, { planId: partition }).kind,
    'no_order',
  )
  const atTheEnd = placing([0, 0, 1, 1], labelled, [{ ...gpus, continuous: false }], 2)
  const direct = planOrder(atTheEnd, moves, { planId: partition })
  assert.ok(direct.kind === 'plan' && direct.plan.actions.length === 2)
  assert.deepEqual(checkPlan(atTheEnd, direct.plan), [])
  const violations = checkPlan(placing([0, 0, 1, 1], labelled, [gpus], 2), direct.plan)
  assert.ok(violations.some(({ code }) => code === 'rule.capacity'))
})

test('a host counts the VMs that it has and has promised', () => {
  const labels = ['gpu']
  const stays = (count: number) => [...Array(count).keys()].map((v) => ({ vm: vm(v), labels }))
  assert.deepEqual(checkRule(gpus, staysOn(host(0), [...stays(2), { vm: vm(9) }])), [])
  const [violation] = checkRule(gpus, staysOn(host(0), stays(3)))
  assert.equal(violation?.code, 'rule.capacity')
  assert.deepEqual(violation?.vms, [vm(0), vm(1), vm(2)])
})

test('a cap that cannot be kept is reported with its rule, and with the cap that would do', () => {
  const answer = solvePlacement(placing([0, 0, 0, 1, 1], [0, 1, 2, 3, 4], [gpus], 2))
  assert.ok(answer.kind === 'infeasible' || answer.kind === 'relief')
  assert.equal(answer.why.code, 'rule.capacity')
  assert.match(
    answer.why.text,
    /^labelCapacity\(2 × gpu a host\): the hosts that may take its 5 VMs may take 4 of them/,
  )
  assert.equal(ruleName({ ...gpus, hosts: [host(0)] }), 'labelCapacity(2 × gpu a host; h0)')
})

test('a document says it, and one that names an unknown host is refused', () => {
  const document = (hosts: readonly string[]) =>
    readDocument({
      hosts: [{ id: 'a', limit: [1, 1] }],
      vms: [{ id: 'v', host: 'a', demand: [1, 1], labels: ['gpu'] }],
      rules: [{ kind: 'labelCapacity', label: 'gpu', max: 1, hosts }],
    })
  const read = document(['a'])
  assert.ok(read.kind === 'problem')
  assert.deepEqual(read.problem.vms[0]?.labels, ['gpu'])
  assert.deepEqual(document(['b']), { kind: 'bad', path: 'rules[0].hosts[0]', text: 'there is no b' })
})

const capped = problems({ hostsMax: 3, vmsMax: 6 }).chain((problem) =>
  fc
    .record({ label: fc.constantFrom('x', 'y'), max: fc.integer({ min: 0, max: 2 }), some: fc.boolean() })
    .map(
      ({ label, max, some }): PlacementProblem => ({
        ...problem,
        rules: [
          // Caps whose checker names no VM are left out: brute force cannot tell which VM moved into one that is broken.
          ...problem.rules
            .filter((rule) => rule.kind === 'spread' || rule.kind === 'ban')
            .map((rule) => ({ ...rule, continuous: false })),
          {
            kind: 'labelCapacity',
            label,
            max,
            continuous: false,
            ...(some ? { hosts: [problem.hosts[0]!.id] } : {}),
          },
        ],
      }),
    ),
)

test('on random problems with the rule, the solver and brute force agree on cures and on the best relief', () => {
  let broken = 0
  fc.assert(
    fc.property(capped, (problem) => {
      const answer = solvePlacement(problem)
      const best = bestCure(problem)
      const at = new Map(
        problem.vms.flatMap((one) =>
          one.state === 'running' && one.host !== null ? [[one.id, one.host] as const] : [],
        ),
      )
      if ('moves' in answer) for (const move of answer.moves) if (move.to !== null) at.set(move.vm, move.to)
      if (answer.kind === 'plan' || answer.kind === 'satisfied') {
        if (answer.kind === 'plan') broken++
        assert.deepEqual(checkPlacement(problem, at), [])
        assert.equal(compareTuples(tupleOf(problem, at), best!), 0)
      } else {
        assert.equal(best, null)
        if (answer.kind === 'relief' && answer.optimal)
          assert.deepEqual(tupleOf(problem, at), bestRelief(problem))
      }
    }),
    { numRuns: 2 * runs, seed: 19 },
  )
  assert.ok(broken > runs / 10)
})

test('on random problems with the continuous rule, every answer has an order that the checker accepts', () => {
  fc.assert(
    fc.property(capped, (ended) => {
      const problem = { ...ended, rules: ended.rules.map(({ continuous: _, ...rule }) => rule) }
      const { plan: order } = solve(problem, { planId: partition })
      if (order !== null) assert.deepEqual(checkPlan(problem, order), [])
    }),
    { numRuns: runs, seed: 29 },
  )
})
