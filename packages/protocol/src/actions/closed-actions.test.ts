/** How actions ended is remembered, newest first, and within bounds (S14). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { limits } from '../data/config.ts'
import { actionIdOf, asHostId, asVmId, partitionIdOf } from '../data/ids.ts'
import { createClosedActions } from './closed-actions.ts'

const partition = partitionIdOf(asHostId('self'), 1, 1)

/** So many departures, each of a VM of its own. */
const departures = (count: number) =>
  Array.from({ length: count }, (_, index) => ({
    action: actionIdOf(partition, index),
    vm: asVmId(`vm-${index}`),
    end: 'departure' as const,
    result: { kind: 'done' as const },
  }))

test('of more ends than are kept the oldest are forgotten, and which VM they took away', () => {
  const all = departures(limits.closedActionsMax + 2)
  const closed = createClosedActions(all)
  const known = all.filter(({ action }) => closed.resultOf('departure', action) !== null)
  assert.deepEqual(known, all.slice(2))
  assert.deepEqual(
    all.filter(({ vm }) => closed.hasLeft(vm)),
    all.slice(2),
  )
})

test('what is told again is the newest', () => {
  const [first, ...others] = departures(limits.closedActionsMax)
  assert.ok(first !== undefined)
  const closed = createClosedActions([first, ...others])
  closed.remember(first)
  const [next] = departures(limits.closedActionsMax + 1).slice(-1)
  assert.ok(next !== undefined)
  closed.remember(next)
  assert.deepEqual(closed.resultOf('departure', first.action), { kind: 'done' })
  assert.equal(closed.resultOf('departure', actionIdOf(partition, 1)), null)
})
