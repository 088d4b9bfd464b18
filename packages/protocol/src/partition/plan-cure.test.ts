/** Which plans cure something, as a member sees it; and that those which leaders make of honest snapshots do. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Plan, Problem, Rule } from '@drover/placement'
import { hostOf, problemOf, vmOf } from '../../../placement/src/testing/small.ts'
import { actionIdOf, asHostId, asVmId, partitionIdOf } from '../data/ids.ts'
import type { Reason } from '../data/need.ts'
import { emptySnapshot } from '../testing/empty-snapshot.ts'
import { cureFault } from './plan-cure.ts'

const [leader, here] = [asHostId('leader'), asHostId('here')]
const partition = partitionIdOf(leader, 1, 1)
const planOf = (...moves: readonly (readonly [vm: string, from: string, to: string])[]): Plan => ({
  actions: moves.map(([vm, from, to], i) => ({
    kind: 'migrate',
    id: actionIdOf(partition, i),
    vm: asVmId(vm),
    from: asHostId(from),
    to: asHostId(to),
    after: [],
  })),
  makespanMs: 1,
})
const problem = (rules: readonly Rule[] = [], changes: object = {}): Problem =>
  problemOf(
    [hostOf('leader', [1_000]), hostOf('here', [1_000]), hostOf('third', [1_000], changes)],
    [vmOf('a', 'leader', [500]), vmOf('b', 'here', [500]), vmOf('c', 'third', [500])],
    { dimensions: ['cpuMilli'], rules },
  )
const fault = (
  of: Problem,
  plan: Plan,
  reason: Reason = 'operator',
  rules: readonly Rule[] = [],
  self = here,
): string | null => cureFault(of, plan, { leader, reason }, { ...emptySnapshot(self), rules })

test('a plan cures where a host is less overloaded, or emptier when it is drained', () => {
  const moves = planOf(['c', 'third', 'here'])
  assert.match(fault(problem(), moves) ?? '', /cures nothing/)
  assert.equal(fault(problem([], { limit: [400] }), moves), null)
  assert.equal(fault(problem([], { state: 'draining' }), moves), null)
  assert.equal(fault(problem(), planOf()), 'it moves nothing')
})

test('a plan cures where it mends a rule: for a VM of this host, only one that this host knows', () => {
  const fence = (vm: string, on: string): Rule => ({
    kind: 'fence',
    vms: [asVmId(vm)],
    hosts: [asHostId(on)],
  })
  const [mine, other] = [fence('b', 'third'), fence('a', 'here')]
  assert.match(fault(problem([mine]), planOf(['b', 'here', 'third'])) ?? '', /cures nothing/)
  assert.equal(fault(problem([mine]), planOf(['b', 'here', 'third']), 'operator', [mine]), null)
  assert.equal(
    fault(problem([other]), planOf(['a', 'leader', 'here'])),
    null,
    "an order about the leader's own VM",
  )
  assert.equal(
    fault(problem([other]), planOf(['a', 'leader', 'here']), 'operator', [], leader),
    null,
    'as the leader sees it',
  )
})

test('a plan against what is foreseen moves VMs of its leader only', () => {
  for (const reason of ['forecast.cpu', 'overload.cpu'] as const) {
    assert.equal(fault(problem(), planOf(['a', 'leader', 'here']), reason), null)
    assert.match(
      fault(problem(), planOf(['a', 'leader', 'here'], ['c', 'third', 'leader']), reason) ?? '',
      /moves c, which is not on leader/,
    )
  }
  assert.match(fault(problem(), planOf(['a', 'leader', 'here']), 'drain') ?? '', /cures nothing/)
})
