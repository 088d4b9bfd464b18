/** A plan under way, as its leader sees it: what may begin, which hosts it still needs, when it is over. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Migrate, Plan } from '../../../placement/src/problem/plan.ts'
import { type ActionId, actionIdOf, asHostId, asVmId, partitionIdOf } from '../data/ids.ts'
import {
  begin,
  callOff,
  cutShort,
  execution,
  finish,
  firstFailure,
  isOver,
  touched,
  unblocked,
} from './plan-progress.ts'

const partition = partitionIdOf(asHostId('a'), 1, 1)
const id = (n: number): ActionId => actionIdOf(partition, n)
const move = (n: number, from: string, to: string, after: number[] = []): Migrate => ({
  kind: 'migrate',
  id: id(n),
  vm: asVmId(`vm-${n}`),
  from: asHostId(from),
  to: asHostId(to),
  after: after.map(id),
})
/** b makes room for a's VM; c is not needed after the first action; d is independent. */
const plan: Plan = { actions: [move(0, 'b', 'c'), move(1, 'a', 'b', [0]), move(2, 'a', 'd')], makespanMs: 0 }
const ids = (state: ReturnType<typeof execution>, out = 2, into = 2) =>
  unblocked(state, out, into).map((action) => action.id)

test('only unblocked actions begin, within the slots of both ends', () => {
  const start = execution(plan)
  assert.deepEqual(ids(start), [id(0), id(2)])
  const first = finish(begin(begin(start, id(0)), id(2)), id(0), { kind: 'done' })
  assert.deepEqual(ids(first), [id(1)], 'its dependency is done')
  assert.deepEqual(ids(first, 1), [], 'but a carries one already')
})

test('hosts are released as soon as their last action is done', () => {
  const state = finish(begin(execution(plan), id(0)), id(0), { kind: 'done' })
  assert.deepEqual([...touched(state)].sort(), ['a', 'b', 'd'], 'c is free')
})

test('after a failure no action begins; running ones are waited for', () => {
  const running = begin(begin(execution(plan), id(0)), id(2))
  const failed = finish(running, id(0), { kind: 'refused', code: 'capacity.cpu' })
  assert.deepEqual(ids(failed), [])
  assert.equal(isOver(failed), false)
  assert.deepEqual([...touched(failed)].sort(), ['a', 'd'])
  const over = finish(failed, id(2), { kind: 'done' })
  assert.ok(isOver(over))
  assert.equal(firstFailure(over)?.code, 'capacity.cpu')
})

test('a result counts once, and only for an action that was begun', () => {
  const never = finish(execution(plan), id(0), { kind: 'done' })
  assert.equal(never.results.size, 0)
  const once = finish(begin(execution(plan), id(0)), id(0), { kind: 'refused', code: 'migration.failed' })
  assert.equal(finish(once, id(0), { kind: 'done' }).results.get(id(0))?.kind, 'refused')
})

test('an action that may not begin fails an assertion', () => {
  const start = execution(plan)
  assert.throws(() => begin(start, id(7)), /is one of its plan/)
  assert.throws(() => begin(begin(start, id(0)), id(0)), /begins once/)
  assert.throws(() => begin(start, id(1)), /a\.1\.1\/1 begins when a\.1\.1\/0 is done/)
  assert.throws(() => begin(callOff(start, { code: 'host.leaving', text: '' }), id(0)), /called off/)
})

test('after a plan is called off no action begins and running ones are waited for; a plan that was done by then counts as done', () => {
  const why = { code: 'operator.called_off', text: 'the drain was called off' } as const
  const off = callOff(begin(execution(plan), id(2)), why)
  assert.deepEqual(ids(off), [])
  assert.equal(isOver(off), false)
  assert.deepEqual([...touched(off)].sort(), ['a', 'd'])
  const over = callOff(finish(off, id(2), { kind: 'done' }), { code: 'host.leaving', text: 'later' })
  assert.ok(isOver(over))
  assert.equal(cutShort(over), why)
  assert.ok(isOver(callOff(execution(plan), why)))

  let all = execution(plan)
  for (const n of [0, 1, 2]) all = finish(begin(all, id(n)), id(n), { kind: 'done' })
  assert.equal(cutShort(callOff(all, why)), null)
})
