/** Each rule of the vocabulary says what it allows and what it forbids, and the solver repairs violations. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { asHostId, asVmId, type HostId, type VmId } from '../problem/ids.ts'
import { solvePlacement } from '../solve-placement.ts'
import { hostOf, problemOf, vmOf } from '../testing/small.ts'
import { checkRule } from './check.ts'
import type { PlacementProblem } from './placement-problem.ts'
import type { PlacementRule } from './rule.ts'
import { staysOf } from './stays.ts'

const vm = (n: number) => asVmId(`v${n}`)
const host = (n: number) => asHostId(`h${n}`)

/** Four hosts, the first two in one rack; VM `i` on host `homes[i]`. */
const placing = (homes: readonly number[], rules: readonly PlacementRule[] = []): PlacementProblem =>
  problemOf(
    [0, 1, 2, 3].map((h) => hostOf(host(h), [10], { failureDomain: h < 2 ? 'rack' : null })),
    homes.map((h, v) => vmOf(vm(v), host(h), [2])),
    { rules },
  )

const placed = (homes: readonly number[]): ReadonlyMap<VmId, HostId> =>
  new Map(homes.map((h, v) => [vm(v), host(h)]))

interface Case {
  readonly rule: PlacementRule
  readonly good: readonly number[]
  readonly bad: readonly number[]
}

const v01 = [vm(0), vm(1)]
const cases: readonly Case[] = [
  { rule: { kind: 'spread', vms: v01 }, good: [0, 1, 1], bad: [0, 0, 1] },
  { rule: { kind: 'domainSpread', vms: v01 }, good: [0, 2, 0], bad: [0, 1, 2] },
  { rule: { kind: 'ban', vms: v01, hosts: [host(3)] }, good: [0, 1, 3], bad: [0, 3, 0] },
  { rule: { kind: 'fence', vms: v01, hosts: [host(0), host(1)] }, good: [0, 1, 3], bad: [0, 2, 0] },
  { rule: { kind: 'gather', vms: v01 }, good: [2, 2, 0], bad: [2, 1, 2] },
  { rule: { kind: 'split', parts: [v01, [vm(2)]] }, good: [0, 0, 1], bad: [0, 1, 1] },
  {
    rule: { kind: 'among', vms: v01, parts: [[host(0), host(1)], [host(2)]] },
    good: [0, 1, 3],
    bad: [0, 2, 0],
  },
  {
    rule: {
      kind: 'splitAmong',
      parts: [v01, [vm(2)]],
      among: [
        [host(0), host(1)],
        [host(2), host(3)],
      ],
    },
    good: [0, 1, 3],
    bad: [0, 1, 1],
  },
  { rule: { kind: 'lonely', vms: v01 }, good: [0, 0, 1], bad: [0, 1, 1] },
  {
    rule: { kind: 'resourceCapacity', hosts: [host(0), host(1)], dimension: 'cpuMilli', amount: 4 },
    good: [0, 1, 2],
    bad: [0, 1, 1],
  },
  {
    rule: { kind: 'runningCapacity', hosts: [host(0), host(1)], amount: 2 },
    good: [0, 1, 2],
    bad: [0, 1, 1],
  },
  {
    rule: { kind: 'maxOnline', hosts: [host(0), host(1), host(2)], amount: 1 },
    good: [0, 0, 3],
    bad: [0, 1, 3],
  },
]

test('Each rule accepts what it allows, rejects what it forbids, and the solver repairs it', () => {
  for (const { rule, good, bad } of cases) {
    const broken = (homes: readonly number[]) =>
      checkRule(rule, staysOf(placed(homes), placing(homes))).length > 0
    assert.equal(broken(good), false, `${rule.kind}: ${good}`)
    assert.equal(broken(bad), true, `${rule.kind}: ${bad}`)
    assert.equal(solvePlacement(placing(good, [rule])).kind, 'satisfied', rule.kind)
    const answer = solvePlacement(placing(bad, [rule]))
    assert.ok(answer.kind === 'plan' && answer.optimal, `${rule.kind}: ${answer.kind}`)
  }
})

test('Root holds VMs where they are, so another cures the overload; quarantine leaves no cure', () => {
  const homes = [0, 0, 0, 0, 0, 0]
  const rooted = solvePlacement(placing(homes, [{ kind: 'root', vms: [0, 1, 2, 3, 4].map(vm) }]))
  assert.deepEqual(rooted.kind === 'plan' && rooted.moves.map((move) => move.vm), [vm(5)])
  const closed = solvePlacement(placing(homes, [{ kind: 'quarantine', hosts: [host(0)] }]))
  assert.equal(closed.kind, 'infeasible')
})

test('Preserve and overbook change what fits', () => {
  const homes = [0, 0, 0, 0]
  const preserve: PlacementRule = { kind: 'preserve', vms: [vm(0)], dimension: 'cpuMilli', amount: 6 }
  assert.equal(solvePlacement(placing(homes, [preserve])).kind, 'plan')
  const overbook: PlacementRule = {
    kind: 'overbook',
    hosts: [host(0)],
    dimension: 'cpuMilli',
    permille: 1200,
  }
  assert.equal(solvePlacement(placing(homes, [preserve, overbook])).kind, 'satisfied')
})

test('A soft rule is kept where that is possible, and given up where it is not', () => {
  const soft = solvePlacement(placing([0, 0], [{ kind: 'spread', vms: v01, weight: 5 }]))
  assert.ok(soft.kind === 'plan' && soft.cost.softPenalty === 0)
  const fence: PlacementRule = { kind: 'fence', vms: v01, hosts: [host(0)] }
  assert.equal(
    solvePlacement(placing([0, 0], [{ kind: 'spread', vms: v01, weight: 5 }, fence])).kind,
    'satisfied',
  )
})
