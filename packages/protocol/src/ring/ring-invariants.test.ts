/** A failure detector or a view that would become what it cannot be stops the agent: each kind of it is shown to be noticed. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { limits } from '../data/config.ts'
import { asHostId } from '../data/ids.ts'
import { comparePositions, positionOf } from './order.ts'
import { createProbeState, type Probe } from './probe-state.ts'
import {
  checkNeighbours,
  checkProbe,
  checkProbing,
  checkRing,
  checkSuspicion,
  checkVerdict,
} from './ring-invariants.ts'
import type { Member } from './ring-view.ts'

const [a, b, c] = [asHostId('a'), asHostId('b'), asHostId('c')]

test('the failure detector keeps its bounds at the end of each call', () => {
  const state = (changes: Partial<Parameters<typeof checkProbing>[1]> = {}) => ({
    ...createProbeState({ self: a, incarnation: 1 }),
    sequence: 3,
    probes: new Map([[b, { sequence: 3, indirectAt: null, endsAt: 2_000 }]]),
    lastNow: 1_000,
    promisedAt: 1_000,
    ...changes,
  })
  const check = (changes: Parameters<typeof state>[0]) => checkProbing(a, state(changes), 1_000)
  const probe: Probe = { sequence: 1, indirectAt: null, endsAt: 2_000 }
  check({})
  assert.throws(() => check({ score: -1 }), /a score is 0 to 8, not -1/)
  assert.throws(() => check({ score: limits.slownessMax + 1 }), /a score is 0 to/)
  const many = Array.from({ length: limits.probesMax + 1 }, (_, i) => [asHostId(`h${i}`), probe] as const)
  assert.throws(() => check({ probes: new Map(many) }), /probes are no more than/)
  assert.throws(() => check({ probes: new Map([[a, probe]]) }), /does not probe itself/)
  assert.throws(() => check({ lastNow: 999 }), /the call of 1000 is the last one, not that of 999/)
  assert.throws(() => check({ promisedAt: 999 }), /the next call, at 999, is not before 1000/)
  assert.throws(() => check({ sequence: 2 }), /has one of 2 numbers, not 3/)
})

test('a probe asks its helpers before it ends', () => {
  const probe = { sequence: 1, indirectAt: 1_300, endsAt: 2_000 }
  checkProbe(b, probe, 1_000)
  assert.throws(() => checkProbe(b, { ...probe, endsAt: 1_000 }, 1_000), /ends after 1000, not at 1000/)
  for (const indirectAt of [null, 1_000, 2_001])
    assert.throws(() => checkProbe(b, { ...probe, indirectAt }, 1_000), /asked between 1000 and 2000/)
})

test('a host is suspected before it is called dead, and never by itself', () => {
  checkVerdict(a, b, 'alive', 'suspect')
  checkVerdict(a, b, 'suspect', 'dead')
  checkVerdict(a, b, 'dead', 'alive')
  assert.throws(() => checkVerdict(a, a, 'alive', 'suspect'), /a does not judge itself suspect/)
  assert.throws(() => checkVerdict(a, b, 'alive', 'alive'), /b is alive already/)
  assert.throws(() => checkVerdict(a, b, 'alive', 'dead'), /b, alive, is not called dead at once/)
  assert.throws(() => checkVerdict(a, b, 'dead', 'suspect'), /b, dead, is not suspected again/)
})

test('a suspicion lasts neither less than a period nor longer than its score allows', () => {
  const suspicion = { since: 0, confirmedBy: [b] }
  checkSuspicion(suspicion, limits.suspicionMs, 0)
  const crowd = { since: 0, confirmedBy: Array.from({ length: limits.confirmationsMax + 1 }, () => b) }
  assert.throws(() => checkSuspicion(crowd, limits.suspicionMs, 0), /confirmations at most, not/)
  assert.throws(() => checkSuspicion(suspicion, limits.probeMs - 1, 0), /a period at least/)
  assert.throws(() => checkSuspicion(suspicion, limits.suspicionMs + 1, 0), /ms at most, 1 fold/)
})

const member = (host: typeof a): Member => ({ position: positionOf(host, '') }) as Member

test('a view is sorted, bounded, and has each host once (S15)', () => {
  const ring = [member(a), member(b), member(c)].sort((x, y) => comparePositions(x.position, y.position))
  checkRing(ring, 3, 3, 1)
  assert.throws(() => checkRing(ring, 2, 3, 1), /2 known hosts are in the ring once: it has 3 places/)
  assert.throws(() => checkRing(ring, 3, 2, 1), /a view of 3 hosts has 2 at most/)
  assert.throws(() => checkRing(ring.toReversed(), 3, 3, 1), /is before .* in the ring/)
  assert.throws(() => checkRing([ring[0]!, ring[0]!], 2, 3, 0), /both are there once/)
})

test('the neighbours of a host are other hosts, each once, and no more than asked for', () => {
  checkNeighbours(a, [b, c], 1)
  assert.throws(() => checkNeighbours(a, [b, c], 0), /a has 2 neighbours, 0 on either side/)
  assert.throws(() => checkNeighbours(a, [a, b], 1), /a is no neighbour of itself/)
  assert.throws(() => checkNeighbours(a, [b, b], 1), /named once: b b/)
})
