// Snooze: groups that know only themselves, and a leader that names another group when one cannot help itself.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { play } from '../testing/play.ts'
import type { SmallWorkload } from '../testing/small-workload.ts'
import { messageMs } from './costs.ts'
import { snooze } from './snooze.ts'

/** Two groups: h0 and h1, which has some room; h2 and h3, which are empty but for one VM. */
const story: SmallWorkload = {
  hosts: 4,
  vms: [
    ['a', 'h0', 3_000],
    ['b', 'h0', 3_500],
    ['c', 'h1', 3_000],
    ['d', 'h2', 3_000],
  ],
  changes: [[5_000, 'a', 4_000]],
}

test('a group helps itself as soon as it may, whatever room other groups have', () => {
  const { moves, held, partitionSizes } = play(snooze({ groupHostsMax: 2 }), story)
  // 70 ms to hear from all, 290 ms to plan.
  assert.deepEqual(moves, ['5360 begun b h0 h1', '13552 ended b h0 h1 moved'])
  assert.deepEqual(partitionSizes, [2])
  assert.deepEqual(
    held.map(([host, from, to]) => [host, from, to]),
    [
      [0, 5.07, 13.552],
      [1, 5.07, 13.552],
    ],
  )
})

test('an overload in a group waits until the running plan has ended, and a second more', () => {
  const { begun } = play(snooze({ groupHostsMax: 2 }), {
    ...story,
    vms: [...story.vms, ['e', 'h1', 500]],
    // h1 is overloaded by what comes to it, h2 by itself: another group, which acts at once.
    changes: [...story.changes!, [6_000, 'c', 3_500], [6_000, 'd', 4_000], [6_001, 'd', 3_000]],
  })
  assert.deepEqual(begun, ['5360 begun b h0 h1', `${13_552 + 70 + 1000 + 290} begun e h1 h0`])
})

test('a group without room asks the leader, and both groups plan together', () => {
  const { begun, partitionSizes, measured } = play(snooze({ groupHostsMax: 2 }), {
    ...story,
    vms: [...story.vms, ['e', 'h1', 3_500]],
  })
  const asked = 5_000 + 70 + 290 + 2 * messageMs
  assert.deepEqual(begun, [`${Math.round(asked + 70 + 290)} begun b h0 h2`])
  assert.deepEqual(partitionSizes, [2, 4])
  assert.equal(measured.overloadsCured, 1)
})

test('no VM moves when no host has room', () => {
  const { moves, measured } = play(snooze({ groupHostsMax: 2 }), {
    hosts: 2,
    vms: [
      ['a', 'h0', 4_000],
      ['b', 'h0', 4_000],
      ['c', 'h1', 4_000],
    ],
    durationMs: 10_000,
  })
  assert.deepEqual(moves, [])
  assert.equal(measured.overloadSeconds, 10)
})
