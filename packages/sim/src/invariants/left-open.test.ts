// L3: what faults have left open holds its hosts, as long as L1 and L6 allow; what begins later does not.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type ActionId, type HostId, policyOf } from '@drover/protocol'
import { actionOf, agentOf, partitionIdOf } from '../testing/watched-agents.ts'
import { createLeftOpen } from './left-open.ts'
import { livenessBounds } from './liveness-bounds.ts'

const [h1, h2] = [agentOf('h1'), agentOf('h2')]
const [before, later] = [partitionIdOf('h1', 1), partitionIdOf('h1', 2)]
const bounds = livenessBounds(policyOf('balanced'), 2, 1_000)
const healedAt = 300_000

const healed = (...open: readonly ActionId[]) => {
  const first = { held: new Set(open) }
  const books = new Map<HostId, { held: Set<ActionId> }>([
    [h1, first],
    [h2, { held: new Set() }],
  ])
  const left = createLeftOpen([h1, h2], (host) => books.get(host) ?? null, bounds, healedAt)
  return { left, held: first.held }
}

test('an action that was open when the core was healed holds its host until it is over', () => {
  const { left, held } = healed(actionOf(before))
  assert.equal(left.holds(h1, healedAt + 60_000), true)
  assert.equal(left.holds(h2, healedAt + 60_000), false)
  held.clear()
  assert.equal(left.holds(h1, healedAt + 60_000), false)
})

test('it holds the other hosts of its own partition, not those of another one', () => {
  const { left } = healed(actionOf(before))
  assert.equal(left.holds(h1, healedAt, before), true)
  assert.equal(left.holds(h1, healedAt, later), false)
})

test('one that is begun later, or lasts longer than L1 and L6 allow, excuses nothing', () => {
  const { left, held } = healed(actionOf(before))
  const mostMs = bounds.L1 + bounds.L6
  assert.equal(left.holds(h1, healedAt + mostMs), true)
  assert.equal(left.holds(h1, healedAt + mostMs + 1), false)
  held.clear()
  held.add(actionOf(later))
  assert.equal(left.holds(h1, healedAt + 1_000), false)
})
