// The central baselines, each on a few hosts where its whole decision can be followed by hand.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { play } from '../testing/play.ts'
import type { SmallWorkload } from '../testing/small-workload.ts'
import { crs, imbalance } from './crs.ts'
import { entropy } from './entropy.ts'
import { greedyCentral } from './greedy-central.ts'
import { lazyFfd } from './lazy-ffd.ts'
import { none } from './none.ts'

/** h1 wants 1000 too much from 5 s on; h0 has no room for any of its VMs, h2 has some, h3 has much. */
const story: SmallWorkload = {
  hosts: 4,
  vms: [
    ['other', 'h0', 3_000],
    ['another', 'h0', 3_500],
    ['first', 'h1', 2_000],
    ['second', 'h1', 2_500],
    ['third', 'h1', 1_500],
    ['fourth', 'h1', 500],
    ['two', 'h2', 3_500],
  ],
  changes: [[5_000, 'third', 3_000]],
}

test('with no scheduler the overload stays', () => {
  const { moves, measured } = play(none(), story)
  assert.deepEqual(moves, [])
  assert.equal(measured.overloadSeconds, 55)
})

test('lazy FFD looks every 30 s, evicts the VMs that came first, and fills the first host that has room', () => {
  const { moves, measured } = play(lazyFfd(), story)
  assert.deepEqual(moves, ['30070 begun first h1 h2', '38262 ended first h1 h2 moved'])
  assert.equal(measured.overloadsCured, 1)
  assert.ok(Math.abs(measured.bookedHostSeconds - 4 * 8.192) < 1e-9)
})

test('Entropy moves the last VM that is enough, and plans with what it saw at the beginning of its round', () => {
  const late: SmallWorkload = {
    ...story,
    // h0 becomes overloaded while Entropy thinks about h1: that has to wait for the next round.
    changes: [...story.changes!, [30_200, 'other', 4_000]],
    durationMs: 75_000,
  }
  const { moves, held } = play(entropy(), late)
  assert.deepEqual(moves, [
    '30360 begun third h1 h2',
    '38552 ended third h1 h2 moved',
    '60360 begun another h0 h3',
    '68552 ended another h0 h3 moved',
  ])
  // All hosts are booked from the beginning of the round to the end of its plan.
  assert.equal(held.length, 8)
  assert.deepEqual(held[0], [0, 30, 38.552])
})

test('Entropy begins no round before the plan of the last one has ended', () => {
  const { begun } = play(entropy({ periodMs: 5_000 }), {
    ...story,
    changes: [
      [4_000, 'third', 3_000],
      [6_000, 'other', 4_000],
    ],
  })
  // 5000 + 70 + 290, then 8192 ms of migration, and at once the next: 13552 + 70 + 290.
  assert.deepEqual(begun, ['5360 begun third h1 h2', '13912 begun another h0 h3'])
})

test('greedy-central begins within a second the migration that ends first, to the least loaded host', () => {
  const rewriting: SmallWorkload = { ...story, vm: { dirtyMiBpsPerCore: 25 } }
  const { begun, partitionSizes } = play(greedyCentral(), rewriting)
  // Both first, second and third are large enough; the one that wants least rewrites least.
  assert.deepEqual(begun, ['5000 begun first h1 h3'])
  assert.deepEqual(partitionSizes, [2])
})

test('greedy-central acts early when it has to leave room, and makes as much room as asked', () => {
  const { begun } = play(greedyCentral({ actReserveMilli: 1_000, relieveReserveMilli: 2_000 }), {
    ...story,
    changes: [],
  })
  // h0 and h1 have 500 left at the beginning: 1500 must go, and its destination keeps 2000 free. For h1's there is
  // no such place before h0's has left.
  assert.deepEqual(begun, ['1000 begun another h0 h3', '10000 begun first h1 h0'])
})

test('imbalance is 0 among equal hosts, and 1 when one host has all the load', () => {
  assert.equal(imbalance([0.5, 0.5, 0.5, 0.5]), 0)
  assert.ok(Math.abs(imbalance([0.9, 0, 0, 0]) - 1) < 1e-12)
  assert.equal(imbalance([0.9]), 0)
  assert.equal(imbalance([0, 0]), 0)
})

test('CRS waits three rounds, then makes the one best move, and does not care for overload', () => {
  const oneSided: SmallWorkload = {
    hosts: 3,
    vms: [
      ['small', 'h0', 1_000],
      ['large', 'h0', 3_000],
      ['middle', 'h0', 2_000],
    ],
    durationMs: 50_000,
  }
  const { begun } = play(crs(), oneSided)
  // Afterwards the load is 3 : 3 : 0; the next move waits for three more rounds.
  assert.deepEqual(begun, ['30000 begun large h0 h1'])
  const { moves, measured } = play(crs(), {
    hosts: 2,
    vms: [
      ['a', 'h0', 4_000],
      ['b', 'h0', 4_000],
      ['c', 'h1', 2_500],
      ['d', 'h1', 2_500],
    ],
  })
  assert.deepEqual(moves, [])
  assert.equal(measured.overloadSeconds, 60)
})
