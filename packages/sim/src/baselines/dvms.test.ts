// DVMS: an event goes from host to host, and what it gathers is locked until the last migration has ended.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { play } from '../testing/play.ts'
import type { SmallWorkload } from '../testing/small-workload.ts'
import { dvms } from './dvms.ts'

/** h1 wants 1000 too much from 5 s on; all others have plenty of room. */
const story: SmallWorkload = {
  hosts: 6,
  vms: [
    ['a', 'h1', 4_000],
    ['b', 'h1', 3_000],
    ['c', 'h2', 1_000],
  ],
  changes: [[5_000, 'b', 4_000]],
}
const quick = { messageMs: 1 } as const

test('four hosts are gathered round the ring where two would do, and all are locked to the end', () => {
  const { begun, held, partitionSizes, measured } = play(dvms(quick), story)
  assert.equal(begun.length, 1)
  // Its last VM goes to the first of the hosts that joined, the newest first.
  assert.match(begun[0]!, /^\d+ begun b h1 h4$/)
  assert.deepEqual(partitionSizes, [4])
  assert.equal(measured.overloadsCured, 1)
  const hosts = held.map(([host]) => host).sort()
  assert.deepEqual(hosts, [1, 2, 3, 4])
  const [begunMs, endMs] = [Number.parseInt(begun[0]!, 10), Number.parseInt(begun[0]!, 10) + 8_192]
  for (const [, from, to] of held) assert.ok(from * 1000 < begunMs - 289 && to * 1000 >= endMs)
  // Detected within a second of its beginning, at its own phase.
  const first = Math.min(...held.map(([, from]) => from))
  assert.ok(first >= 5 && first <= 6, `joined at ${first}`)
})

test('an event whose overload has vanished goes on to every host there is, and only a time-out ends it', () => {
  // Detected at its first poll after 5 s, at the latest at 6 s; four hosts are gathered 12 ms later at most.
  const detected = Math.min(...play(dvms(quick), story).held.map(([, from]) => from)) * 1000
  const { moves, held, partitionSizes } = play(dvms(quick), {
    ...story,
    changes: [...story.changes!, [detected + 1, 'b', 3_000]],
  })
  assert.deepEqual(moves, [])
  assert.deepEqual(partitionSizes, [6])
  assert.equal(held.length, 6)
  for (const [, , to] of held) assert.ok(to * 1000 > detected + 4_500 && to * 1000 < detected + 4_700)
})

test('two overloads at once: no host is of two partitions, a booked host passes the event on', () => {
  for (const next of ['ring', 'random'] as const) {
    const { begun, held, measured } = play(dvms({ ...quick, next }), {
      hosts: 9,
      vms: [...story.vms, ['d', 'h2', 2_000], ['e', 'h2', 3_000]],
      changes: [...story.changes!, [5_000, 'd', 3_500]],
    })
    assert.equal(begun.length, 2)
    assert.equal(measured.overloadsCured, 2)
    const spans = new Map<number, (readonly [number, number])[]>()
    for (const [host, from, to] of held) spans.set(host, [...(spans.get(host) ?? []), [from, to]])
    for (const all of spans.values()) {
      all.sort(([a], [b]) => a - b)
      for (let i = 1; i < all.length; i++) assert.ok(all[i - 1]![1] <= all[i]![0])
    }
  }
})

test('an event that finds every other host booked gives up after two laps, before its time-out', () => {
  // Words are so slow that all three have begun a partition of their own before any hears of another's.
  const { moves, held } = play(dvms({ messageMs: 900 }), {
    hosts: 3,
    vms: ['h0', 'h1', 'h2'].flatMap((host) => [
      [`${host}a`, host, 3_000] as const,
      [`${host}b`, host, 4_000] as const,
    ]),
    changes: ['h0', 'h1', 'h2'].map((host) => [5_000, `${host}a`, 4_000] as const),
    durationMs: 9_800,
  })
  assert.deepEqual(moves, [])
  assert.deepEqual(held.map(([host]) => host).sort(), [0, 1, 2])
  for (const [, from, to] of held) assert.ok(Math.abs(to - from - 4 * 0.9) < 1e-9)
})
