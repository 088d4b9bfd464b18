/** What a leader does not believe of the worker that solved for it, and a member not of its leader. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  type Action,
  type AnswerWithMoves,
  type Migrate,
  type Move,
  type Plan,
  type Problem,
  solve,
} from '@drover/placement'
import { hostOf, problemOf, vmOf } from '../../../placement/src/testing/small.ts'
import { limits } from '../data/config.ts'
import { actionIdOf, asHostId, asVmId, type HostId, partitionIdOf } from '../data/ids.ts'
import { planFault, solutionFault } from './plan-fault.ts'

const [a, b, c] = [asHostId('a'), asHostId('b'), asHostId('c')]
const partition = partitionIdOf(a, 1, 7)

const host = (id: HostId, cpuMilli: number) => hostOf(id, [cpuMilli, 4_096])
const vm = (id: string, at: HostId, cpuMilli: number) =>
  vmOf(id, at, [cpuMilli, 512], { memoryMiB: 512, dirtyMiBps: 1 })
/** Host a is overloaded; b has room for its large VM only when its own small one has gone to c. */
const problem = problemOf(
  [host(a, 1_000), host(b, 1_000), host(c, 500)],
  [vm('large', a, 700), vm('rest', a, 600), vm('small', b, 500)],
  { dimensions: ['cpuMilli', 'memoryMiB'], migrationsOutMax: 1, migrationsInMax: 1 },
)
const actionOf = (
  index: number,
  vm: string,
  from: HostId,
  to: HostId,
  after: readonly number[],
): Migrate => ({
  kind: 'migrate',
  id: actionIdOf(partition, index),
  vm: asVmId(vm),
  from,
  to,
  after: after.map((one) => actionIdOf(partition, one)),
})
const first = actionOf(0, 'small', b, c, [])
const second = actionOf(1, 'large', a, b, [0])
const noCost = { overloadedHosts: 0, excess: 0, softPenalty: 0, migrationMs: 0, hostsTouched: 0 }
const answerOf = (...moves: readonly Move[]): AnswerWithMoves => ({
  kind: 'plan',
  moves,
  cost: noCost,
  bound: noCost,
  optimal: true,
})
const moveOf = ({ vm, from, to }: Migrate): Move => ({ vm, from, to })
const answer = answerOf(moveOf(second), moveOf(first))
const planOf = (...actions: readonly Action[]): Plan => ({ actions, makespanMs: 1 })

test('a plan that does what was answered, in a safe order, passes both checks', () => {
  const plan = planOf(first, second)
  assert.equal(planFault(problem, plan, partition), null)
  assert.equal(solutionFault(problem, answer, plan, partition), null)
})

test('answers of the solver pass both checks', () => {
  const solution = solve(problem, { planId: partition })
  assert.ok(solution.plan !== null)
  assert.equal(solutionFault(problem, solution.answer, solution.plan, partition), null)
})

const faults: readonly (readonly [what: string, plan: Plan, words: RegExp])[] = [
  [
    'a VM goes to a host outside of the partition',
    planOf(first, { ...second, to: asHostId('z') }),
    /z is not in the problem/,
  ],
  [
    'an action bears the name of another partition',
    planOf({ ...first, id: actionIdOf(partitionIdOf(a, 1, 6), 0) }, { ...second, after: [] }),
    /not one of a\.1\.7/,
  ],
  ['two actions bear one name', planOf(first, { ...second, id: first.id }), /not one of/],
  [
    'the second move does not wait for the room that the first one makes',
    planOf(first, { ...second, after: [] }),
    /could reach/,
  ],
  ['the moves wait for each other', planOf({ ...first, after: [second.id] }, second), /circle/],
  ['a VM leaves a host that it is not on', planOf(first, { ...second, from: c }), /is on a, not on c/],
  [
    'more actions than a plan may have',
    planOf(
      ...Array.from({ length: limits.planActionsMax + 1 }, (_, i) => ({
        ...first,
        id: actionIdOf(partition, i),
      })),
    ),
    /more than/,
  ],
]

for (const [what, plan, words] of faults)
  test(`a plan is refused in which ${what}`, () => {
    assert.match(planFault(problem, plan, partition) ?? 'no fault', words)
    assert.match(solutionFault(problem, answer, plan, partition) ?? 'no fault', words)
  })

// Each is a sound plan by itself; but what the leader judged, the gain of the moves, would not come true.
test('a plan is refused that leads to another placement than the answer', () => {
  const half = planOf(first)
  assert.equal(planFault(problem, half, partition), null)
  const whole = planOf(first, second)
  const wrong = (moves: AnswerWithMoves, plan: Plan) =>
    solutionFault(problem, moves, plan, partition) ?? 'no fault'
  assert.match(wrong(answer, half), /large would end on a, the answer has it on b/)
  assert.match(wrong(answerOf(moveOf(first)), whole), /large would end on b, the answer has it on a/)
  assert.match(wrong(answerOf(...answer.moves, { vm: asVmId('x'), from: a, to: b }), whole), /x is to move/)
})

test('a VM may step aside on its way, and may come back', () => {
  const roomy: Problem = {
    ...problem,
    hosts: problem.hosts.map((host) => ({ ...host, limit: [5_000, 4_096] })),
  }
  const fault = (plan: Plan, ...moves: readonly Move[]) =>
    solutionFault(roomy, answerOf(...moves), plan, partition)
  const out = actionOf(0, 'large', a, b, [])
  const back = actionOf(1, 'large', b, a, [0])
  const on = actionOf(2, 'large', a, c, [1])
  const move = (to: HostId): Move => ({ vm: asVmId('large'), from: a, to })
  assert.equal(fault(planOf(out, back)), null)
  assert.equal(fault(planOf(out, back, on), move(c)), null)
  assert.match(fault(planOf(out, back, on)) ?? '', /would end on c, the answer has it on a/)
  assert.match(fault(planOf(out, back), move(b)) ?? '', /would end on a, the answer has it on b/)
})
