/** `preserve` and `overbook` change amounts: the checker judges placements and plans by the changed ones. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkPlacement, checkPlan } from '../check/checker.ts'
import { type ActionId, asHostId, asVmId, type HostId, type VmId } from '../problem/ids.ts'
import type { Plan } from '../problem/plan.ts'
import { hostOf, problemOf, vmOf } from '../testing/small.ts'
import type { PlacementProblem } from './placement-problem.ts'
import type { PlacementRule } from './rule.ts'

const [h0, h1] = [asHostId('h0'), asHostId('h1')]
const [a, b] = [asVmId('a'), asVmId('b')]

/** VM `a` of 1 core on h0, VM `b` of 3 cores on h1; hosts of 4 cores. */
const ruled = (rules: readonly PlacementRule[]): PlacementProblem =>
  problemOf([hostOf(h0, [4_000]), hostOf(h1, [4_000])], [vmOf(a, h0, [1_000]), vmOf(b, h1, [3_000])], {
    rules,
  })

const floor = (amount: number): PlacementRule => ({
  kind: 'preserve',
  vms: [a],
  dimension: 'cpuMilli',
  amount,
})
const ratio = (permille: number): PlacementRule => ({
  kind: 'overbook',
  hosts: [h1],
  dimension: 'cpuMilli',
  permille,
})

const bothOn = (host: HostId): ReadonlyMap<VmId, HostId> =>
  new Map([
    [a, host],
    [b, host],
  ])

const toH1: Plan = {
  actions: [{ kind: 'migrate', id: 'p/0' as ActionId, vm: a, from: h0, to: h1, after: [] }],
  makespanMs: 1,
}

/** What the checker says of both VMs on h1, and of the plan that brings them there. */
const codes = (rules: readonly PlacementRule[]): readonly (readonly string[])[] => [
  checkPlacement(ruled(rules), bothOn(h1)).map(({ code }) => code),
  checkPlan(ruled(rules), toH1).map(({ code }) => code),
]

const holds = [[], []]
const overloaded = [['capacity.cpu'], ['capacity.cpu']]

test('A VM counts as much as preserve grants it, and never less than it wants', () => {
  assert.deepEqual(codes([]), holds)
  assert.deepEqual(codes([floor(1_001)]), overloaded)
  assert.deepEqual(codes([floor(500)]), holds)
  assert.deepEqual(codes([floor(500), floor(1_001)]), overloaded)
})

test('A host counts as large as overbook says, smaller or larger; of several the smallest', () => {
  assert.deepEqual(codes([ratio(999)]), overloaded)
  assert.deepEqual(codes([floor(1_400), ratio(1_100)]), holds)
  assert.deepEqual(codes([floor(1_401), ratio(1_100)]), overloaded)
  assert.deepEqual(codes([floor(1_400), ratio(1_100), ratio(1_050)]), overloaded)
})

test('The checker tells the amounts in effect, not those of the problem', () => {
  const [placed] = checkPlacement(ruled([floor(2_000), ratio(1_100)]), bothOn(h1))
  assert.equal(placed?.text, 'h1 would carry 5 cores, its limit is 4.4 cores')
  const [planned] = checkPlan(ruled([floor(2_000), ratio(1_100)]), toH1)
  assert.equal(planned?.text, 'h1 could reach 5 cores during the plan; its limit is 4.4 cores, now 3 cores')
})

test('Rules about another dimension, host or VM change nothing here', () => {
  const other: readonly PlacementRule[] = [
    { kind: 'preserve', vms: [asVmId('gone')], dimension: 'cpuMilli', amount: 9_000 },
    { kind: 'preserve', vms: [a], dimension: 'memoryMiB', amount: 9_000 },
    { kind: 'overbook', hosts: [h0], dimension: 'cpuMilli', permille: 1 },
  ]
  assert.deepEqual(codes(other), holds)
})
