/**
 * Summaries of hosts arrive late, twice and out of order; hosts restart, move and fall silent. The view stays a
 * sorted ring without duplicates, bounded, that knows the newest of each; the order is the same on all hosts that
 * heard the same.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { limits } from '../data/config.ts'
import { asHostId, byText, type HostId } from '../data/ids.ts'
import { summaryOf } from '../testing/load-summary.ts'
import { alternately, compareHosts, hashText, sharedDepth } from './order.ts'
import { createRingView, type RingView } from './ring-view.ts'

const id = (n: number): HostId => asHostId(`host-${n}`)
const hosts = (view: RingView): readonly HostId[] => view.members().map((m) => m.summary.host)
const viewOf = (count: number, self = id(0)): RingView => {
  const view = createRingView(self)
  for (let n = 0; n < count; n++) view.hear(summaryOf(id(n)), 0)
  return view
}

test('the order is by location, then by hash: total, and the same everywhere', () => {
  const all = [0, 1, 2, 3, 4, 5].map((n) => ({ host: id(n), location: n % 2 === 0 ? 'a' : 'b' }))
  const sorted = [...all].sort(compareHosts)
  assert.deepEqual(
    sorted.map((h) => h.location),
    ['a', 'a', 'a', 'b', 'b', 'b'],
  )
  assert.deepEqual([...all].reverse().sort(compareHosts), sorted)
  // Pinned: another hash would shuffle every ring during an upgrade.
  assert.deepEqual(['', 'a', 'host-1'].map(hashText), [
    3338908027751811,
    7929297801672961,
    hashText('host-1'),
  ])
  const spread = new Set(Array.from({ length: 4_096 }, (_, n) => Math.floor(hashText(`host-${n}`) / 2 ** 45)))
  assert.ok(spread.size > 240, 'near names are spread over the whole ring')
})

test('a ring is walked outwards, each member once', () => {
  assert.deepEqual(alternately(0, 1), [])
  assert.deepEqual(alternately(0, 2), [1])
  assert.deepEqual(alternately(1, 5), [2, 0, 3, 4])
  assert.deepEqual(alternately(0, 4), [1, 3, 2])
  for (let size = 1; size < 12; size++)
    for (let at = 0; at < size; at++)
      assert.deepEqual(
        [...alternately(at, size), at].sort((a, b) => a - b),
        Array.from({ length: size }, (_, i) => i),
      )
})

test('the newer summary wins, whatever the order of arrival; its changes are reported', () => {
  const view = createRingView(id(0))
  assert.equal(view.hear(summaryOf(id(1), { sequence: 5 }), 10), 'changed')
  assert.equal(view.hear(summaryOf(id(1), { sequence: 5 }), 20), null)
  assert.equal(view.hear(summaryOf(id(1), { sequence: 4, overloaded: true }), 30), null)
  assert.equal(view.hear(summaryOf(id(1), { sequence: 6 }), 40), 'refreshed')
  assert.equal(view.hear(summaryOf(id(1), { sequence: 7, vms: 4 }), 50), 'changed')
  assert.equal(view.get(id(1))!.heardAt, 50)
  assert.equal(view.hear(summaryOf(id(1), { incarnation: 2, sequence: 1, vms: 4 }), 60), 'changed')
  assert.equal(view.hear(summaryOf(id(1), { incarnation: 1, sequence: 99 }), 70), null, 'an earlier life')
  assert.equal(view.get(id(2)), null)
})

test('a host that moves to another location is in the ring once, at its new place', () => {
  const view = viewOf(5)
  assert.equal(view.hear(summaryOf(id(3), { sequence: 2, location: 'zz' }), 1), 'changed')
  assert.equal(hosts(view).at(-1), id(3))
  assert.equal(new Set(hosts(view)).size, 5)
})

test('neighbours are the nearest on either side that are not dead', () => {
  const view = viewOf(7)
  const ring = hosts(view)
  const at = ring.indexOf(id(0))
  const off = (by: number): HostId => ring[(at + by + 7) % 7]!
  assert.deepEqual(view.neighbours(id(0), 2), [off(1), off(-1), off(2), off(-2)])
  assert.equal(view.mark(off(1), 'suspect'), true)
  assert.equal(view.mark(off(1), 'suspect'), false)
  assert.deepEqual(view.neighbours(id(0), 1), [off(1), off(-1)], 'a suspect is still a neighbour')
  view.mark(off(1), 'dead')
  assert.deepEqual(view.neighbours(id(0), 2), [off(2), off(-1), off(3), off(-2)])
  assert.equal(view.hear(summaryOf(off(1), { sequence: 2 }), 9), 'changed', 'it speaks again')
  assert.equal(view.get(off(1))!.state, 'alive')
  assert.equal(view.mark(id(99), 'dead'), false)
  const pair = viewOf(2)
  assert.deepEqual(pair.neighbours(id(0), 2), [id(1)])
  assert.deepEqual(pair.neighbours(id(5), 2).length, 2, 'a host that has not heard itself yet')
  assert.deepEqual(viewOf(1).neighbours(id(0), 2), [])
})

test('hosts are listed near first, each once: the same rack before the same site before all others', () => {
  const view = createRingView(id(0))
  const places = ['dc1/r1', 'dc1/r1', 'dc1/r2', 'dc1/r2', 'dc2/r1', 'dc0/r9', 'dc1/r1']
  places.forEach((location, n) => {
    view.hear(summaryOf(id(n), { location }), 0)
  })
  const around = view.around(id(0))
  assert.deepEqual([...around].sort(byText), [1, 2, 3, 4, 5, 6].map(id))
  const depths = around.map((h) => sharedDepth('dc1/r1', view.get(h)!.summary.location))
  assert.deepEqual(
    depths,
    [...depths].sort((a, b) => b - a),
  )
  const flat = viewOf(6)
  assert.deepEqual(flat.around(id(0)), flat.neighbours(id(0), 3), 'within one place: ring distance')
})

test('silent hosts become stale, then are forgotten; this host never is', () => {
  const view = viewOf(3)
  view.hear(summaryOf(id(1), { sequence: 2 }), 10_000)
  assert.deepEqual(view.forget(limits.staleGossips * 1_000 + 1, 1_000), [])
  assert.deepEqual(
    [0, 1, 2].map((n) => view.get(id(n))!.stale),
    [false, false, true],
  )
  assert.equal(view.hear(summaryOf(id(2), { sequence: 2 }), 20_000), 'changed', 'no longer stale')
  assert.deepEqual(view.forget(10_000 + limits.forgetGossips * 1_000 + 1, 1_000), [id(1)])
  assert.deepEqual([...hosts(view)].sort(byText), [id(0), id(2)])
  view.hear(summaryOf(id(2), { sequence: 3 }), 1e9)
  view.forget(5, 1_000) // the clock was set back by far
  assert.deepEqual(view.forget(5 + limits.forgetGossips * 1_000 + 1, 1_000), [id(2)])
})

test('a full view drops dead hosts first, then the farthest, and refuses a host that is farther still', () => {
  const bounded = { viewHostsMax: 4, staleGossips: 3, forgetGossips: 60 }
  const view = createRingView(id(0), bounded)
  for (let n = 0; n < 4; n++) view.hear(summaryOf(id(n)), n)
  view.mark(id(2), 'dead')
  assert.equal(view.hear(summaryOf(id(4)), 9), 'changed')
  assert.equal(view.get(id(2)), null)
  for (let n = 5; n < 200; n++) view.hear(summaryOf(id(n)), n)
  const nearest = [...viewOf(200).neighbours(id(0), 1)]
  assert.equal(view.members().length, 4)
  for (const host of nearest) assert.ok(view.get(host) !== null, 'the nearest two were kept')
  assert.ok(view.get(id(0)) !== null)

  const late = createRingView(id(0), bounded)
  for (let n = 1; n < 9; n++) late.hear(summaryOf(id(n)), n)
  assert.equal(late.hear(summaryOf(id(0)), 10), 'changed', 'there is always room for this host')
  assert.equal(late.members().length, 4)
})

test('whatever arrives in whatever order, the ring is sorted, unique and bounded, and equal for equal hearsay', () => {
  const bounded = { viewHostsMax: 12, staleGossips: 3, forgetGossips: 60 }
  const event = fc.record({
    kind: fc.constantFrom('hear', 'hear', 'hear', 'mark', 'forget'),
    host: fc.integer({ min: 0, max: 19 }),
    location: fc.constantFrom('', 'a', 'a/1', 'b'),
    incarnation: fc.integer({ min: 1, max: 2 }),
    sequence: fc.integer({ min: 1, max: 9 }),
    state: fc.constantFrom('alive' as const, 'suspect' as const, 'dead' as const),
    afterMs: fc.integer({ min: -50, max: 2_000 }),
  })
  fc.assert(
    fc.property(fc.array(event, { maxLength: 120 }), (events) => {
      const view = createRingView(id(0), bounded)
      const newest = new Map<HostId, number>()
      let now = 0
      for (const e of events) {
        now = Math.max(0, now + e.afterMs)
        const host = id(e.host)
        if (e.kind === 'mark') view.mark(host, e.state)
        else if (e.kind === 'forget') for (const gone of view.forget(now, 100)) newest.delete(gone)
        else {
          const { location, incarnation, sequence } = e
          view.hear(summaryOf(host, { location, incarnation, sequence }), now)
          for (const known of [...newest.keys()]) if (view.get(known) === null) newest.delete(known)
          const rank = e.incarnation * 100 + e.sequence
          if (view.get(host) !== null) newest.set(host, Math.max(rank, newest.get(host) ?? 0))
        }
        const ring = hosts(view)
        assert.equal(new Set(ring).size, ring.length)
        assert.ok(ring.length <= bounded.viewHostsMax)
        assert.deepEqual(
          ring,
          view
            .members()
            .map((m) => m.summary)
            .sort(compareHosts)
            .map((s) => s.host),
        )
        for (const [known, rank] of newest) {
          const { incarnation, sequence } = view.get(known)!.summary
          assert.equal(incarnation * 100 + sequence, rank, 'the newest of each is known')
        }
        const around = view.around(id(0))
        assert.deepEqual([...around].sort(byText), ring.filter((h) => h !== id(0)).sort(byText))
        for (const h of view.neighbours(id(0), 2)) assert.notEqual(view.get(h)!.state, 'dead')
      }
    }),
    { seed: 11, numRuns: 300 },
  )
  const forwards = createRingView(id(0))
  const backwards = createRingView(id(0))
  for (let n = 0; n < 50; n++) {
    forwards.hear(summaryOf(id(n)), 0)
    backwards.hear(summaryOf(id(49 - n)), 0)
  }
  assert.deepEqual(hosts(forwards), hosts(backwards))
})

test('the last word of a host that was forgotten brings it back no more; a newer one does', () => {
  const view = viewOf(2)
  const last = { ...summaryOf(id(1)), sequence: 7 }
  view.hear(last, 0)
  view.forget(limits.forgetGossips * 1_000 + 1, 1_000)
  for (const sequence of [1, 7]) assert.equal(view.hear({ ...last, sequence }, 70_000), null)
  assert.equal(view.get(id(1)), null)
  assert.equal(view.hear({ ...last, sequence: 8 }, 70_000), 'changed')
  assert.notEqual(view.get(id(1)), null)
  view.forget(400_000, 1_000)
  assert.equal(view.hear({ ...last, incarnation: last.incarnation + 1, sequence: 1 }, 400_000), 'changed')
})
