// What ends a pause early: a host that could not help when this one last tried, and can now. What is as it was is no news.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Candidate } from '../data/candidate.ts'
import { asHostId } from '../data/ids.ts'
import type { LoadSummary } from '../data/summary.ts'
import { summaryOf } from '../testing/load-summary.ts'
import { createHelpers } from './helpers.ts'

const b = asHostId('b')
const own = { cpuBaseline: 'x86_64/any', migrationUri: 'sim://a' }

const watched = (intent: 'lease' | 'observe' = 'lease') => {
  let news = 0
  const helpers = createHelpers(
    () => candidate,
    () => ({ intent, own }),
    () => {
      news += 1
    },
  )
  let candidate: Candidate | null = null
  let sequence = 0
  let last = summaryOf(b)
  const look = (
    summary: LoadSummary,
    state: 'alive' | 'suspect' | 'dead' = 'alive',
    stale = false,
  ): number => {
    last = summary
    news = 0
    candidate = { summary, state, stale }
    helpers.look(b)
    return news
  }
  /** How often it is news that b says so. */
  const says = (changes: Partial<LoadSummary> = {}): number => {
    sequence += 1
    return look(summaryOf(b, { sequence, ...changes }))
  }
  /** b was heard as before, and is taken for that. */
  const seems = (state: 'alive' | 'suspect' | 'dead', stale = false): number => look(last, state, stale)
  const declines = (code: 'journal.lost' | 'limit.size'): void => helpers.declined(b, code)
  const isForgotten = (): void => {
    candidate = null
    helpers.lookAgain()
  }
  return { helpers, says, seems, declines, isForgotten }
}

test('each thing that kept a host from helping is news when it is over', () => {
  const hindrances: readonly Partial<LoadSummary>[] = [
    { able: false },
    { state: 'draining' },
    { mode: 'observe' },
    { overloaded: true },
    { cpuBaseline: 'x86_64/other' },
  ]
  for (const hindrance of hindrances) {
    const { helpers, says } = watched()
    assert.equal(says(hindrance), 0)
    helpers.tried()
    assert.equal(says({ ...hindrance, vms: 9 }), 0)
    assert.equal(says(), 1, JSON.stringify(hindrance))
    assert.equal(says({ demand: { cpuMilli: 0, memoryMiB: 0 } }), 0)
  }
})

test('a host that only looks asks hosts in any mode', () => {
  const { says } = watched('observe')
  assert.equal(says({ mode: 'observe' }), 1)
})

test('a host that is back is news, unless it was there at the last try', () => {
  const { helpers, says, seems } = watched()
  says()
  seems('dead')
  helpers.tried()
  assert.equal(seems('alive'), 1)
  helpers.tried()
  assert.equal(seems('suspect'), 0)
  assert.equal(seems('alive'), 0)
  assert.equal(seems('alive', true), 0)
  helpers.tried()
  assert.equal(seems('alive'), 1)
})

test('a host that declined may help again when it next says that it can', () => {
  const { helpers, says, seems, declines } = watched()
  says()
  declines('journal.lost')
  helpers.tried()
  assert.equal(seems('suspect'), 0)
  assert.equal(seems('alive'), 0, 'what it said before it declined')
  assert.equal(says({ able: false }), 0)
  assert.equal(says(), 1)
})

test('a host that declined for what its summaries do not tell is no news', () => {
  const { helpers, says, declines } = watched()
  says()
  declines('limit.size')
  helpers.tried()
  assert.equal(says(), 0)
})

test('a host that was forgotten, and is heard again, is news', () => {
  const { helpers, says, isForgotten } = watched()
  says()
  isForgotten()
  helpers.tried()
  assert.equal(says(), 1)
})
