/**
 * A host's demand rises above what is usable. The detector waits for the hold time, calls it an overload once, keeps
 * calling it one while the demand hovers at the edge, and ends it when the demand is clearly below: whatever
 * the demand does, whatever the dimension, and whatever the clock.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { dimensions, fits, type Resources, scale } from '../../../placement/src/problem/resources.ts'
import { policyOf } from '../data/config.ts'
import { calm, detectLoad, type LoadState, nextLoadCheck, overloadReason, severityOf } from './load.ts'

const policy = policyOf('balanced', { overloadHoldMs: 1_000, clearPermille: 900 })
const usable: Resources = { cpuMilli: 4_000, memoryMiB: 8_000 }
const load = (cpuMilli: number, memoryMiB = 0): Resources => ({ cpuMilli, memoryMiB })

/** Feeds samples in order and returns the state after each. */
const run = (samples: readonly (readonly [now: number, demand: Resources])[]): LoadState[] => {
  const states: LoadState[] = []
  let state = calm
  for (const [now, demand] of samples) {
    state = detectLoad(state, now, demand, usable, policy)
    states.push(state)
  }
  return states
}

test('an excess becomes an overload after the hold time, and the detector says when to look again', () => {
  const first = detectLoad(calm, 5_000, load(4_001), usable, policy)
  assert.deepEqual(first, { since: 5_000, overloaded: null, overloadedAt: null })
  assert.equal(nextLoadCheck(first, policy), 6_000)
  assert.equal(detectLoad(first, 5_999, load(4_001), usable, policy).overloaded, null)
  const then = detectLoad(first, 6_000, load(4_001), usable, policy)
  assert.deepEqual(then, { since: 5_000, overloaded: 'cpuMilli', overloadedAt: 6_000 })
  assert.equal(nextLoadCheck(then, policy), null)
  assert.equal(nextLoadCheck(calm, policy), null)
})

test('a demand of exactly what is usable is no overload, and a blip starts the hold time anew', () => {
  assert.equal(detectLoad(calm, 0, usable, usable, policy), calm)
  const states = run([
    [0, load(5_000)],
    [900, load(4_000)],
    [1_000, load(5_000)],
    [1_900, load(5_000)],
    [2_000, load(5_000)],
  ])
  assert.deepEqual(
    states.map((s) => s.overloaded),
    [null, null, null, null, 'cpuMilli'],
  )
  assert.equal(states[1], calm)
})

test('a demand that oscillates at the edge makes one overload, not many', () => {
  const samples: [number, Resources][] = [
    [0, load(4_100)],
    [1_000, load(4_100)],
  ]
  for (let i = 1; i <= 50; i++) samples.push([1_000 + i * 500, load(i % 2 === 0 ? 4_050 : 3_601)])
  const states = run(samples).slice(1)
  for (const state of states)
    assert.deepEqual(state, { since: 0, overloaded: 'cpuMilli', overloadedAt: 1_000 })
  const over = detectLoad(states.at(-1)!, 30_000, load(3_600), usable, policy)
  assert.equal(over, calm, 'at 900 permille of usable it is over')
})

test('between clear and usable, a host is overloaded only if it was', () => {
  assert.equal(detectLoad(calm, 0, load(3_999), usable, policy), calm)
  assert.equal(detectLoad(calm, 1_000_000, load(3_999), usable, policy), calm)
})

test('an overload may pass from CPU to memory: its reason changes, its age does not', () => {
  const states = run([
    [0, load(4_400)],
    [1_000, load(4_400)],
    [2_000, load(4_400, 16_000)], // memory is worse by far
    [3_000, load(3_000, 8_001)],
    [4_000, load(3_900, 7_000)], // both within usable: CPU alone is above clear
    [5_000, load(3_000, 7_201)],
    [6_000, load(3_000, 7_200)],
  ])
  assert.deepEqual(
    states.map((s) => s.overloaded),
    [null, 'cpuMilli', 'memoryMiB', 'memoryMiB', 'cpuMilli', 'memoryMiB', null],
  )
  assert.deepEqual(
    new Set(states.slice(1, 6).map((s) => `${s.since} ${s.overloadedAt}`)),
    new Set(['0 1000']),
  )
  assert.deepEqual(
    dimensions.map((d) => overloadReason[d]),
    ['overload.cpu', 'overload.mem'],
  )
})

test('an excess that passes from CPU to memory during the hold time goes on counting', () => {
  const states = run([
    [0, load(4_400)],
    [600, load(100, 9_000)],
    [1_000, load(100, 9_000)],
  ])
  assert.equal(states.at(-1)!.overloaded, 'memoryMiB')
})

test('a host with nothing usable is overloaded by any demand, and by none when it is empty', () => {
  const none = load(0, 0)
  const first = detectLoad(calm, 0, load(1), none, policy)
  const then = detectLoad(first, 1_000, load(1), none, policy)
  assert.equal(then.overloaded, 'cpuMilli')
  assert.equal(detectLoad(then, 1_001, none, none, policy), calm)
  assert.equal(severityOf(none, none), 0)
  assert.equal(severityOf(load(5), none), 5_000)
  assert.equal(severityOf(load(9e12, 9e12), none), 2_000_000, 'bounded: it travels in ranks')
})

test('severity sums the relative excess and is never zero for an excess', () => {
  assert.equal(severityOf(load(5_000), usable), 250)
  assert.equal(severityOf(load(5_000, 16_000), usable), 1_250)
  assert.equal(severityOf(load(0, 8_001), usable), 1)
})

test('a clock that is set back restarts the hold time instead of stretching it', () => {
  const first = detectLoad(calm, 1_000_000, load(5_000), usable, policy)
  const back = detectLoad(first, 10, load(5_000), usable, policy)
  assert.deepEqual(back, { since: 10, overloaded: null, overloadedAt: null })
  assert.equal(detectLoad(back, 1_010, load(5_000), usable, policy).overloaded, 'cpuMilli')
  const overloaded = run([
    [5_000, load(5_000)],
    [6_000, load(5_000)],
    [100, load(5_000)],
  ]).at(-1)!
  assert.deepEqual(overloaded, { since: 100, overloaded: 'cpuMilli', overloadedAt: 100 })
})

test('a clear mark above usable cannot end an overload that goes on', () => {
  const odd = policyOf('balanced', { overloadHoldMs: 0, clearPermille: 2_000 })
  const begun = detectLoad(calm, 0, load(4_001), usable, odd)
  assert.equal(begun.overloaded, 'cpuMilli')
  assert.equal(detectLoad(begun, 1, load(4_001), usable, odd), begun)
  assert.equal(detectLoad(begun, 2, load(4_000), usable, odd), calm)
})

test('whatever the demand does, an overload begins only after a full hold time above usable, and ends only below clear', () => {
  const amount = (of: number): fc.Arbitrary<number> =>
    fc.oneof(fc.integer({ min: 0, max: of * 2 }), fc.integer({ min: of - 2, max: of + 2 }))
  const history = fc.array(
    fc.record({
      afterMs: fc.integer({ min: 0, max: 700 }),
      demand: fc.record({ cpuMilli: amount(4_000), memoryMiB: amount(8_000) }),
    }),
    { maxLength: 60 },
  )
  const clear = scale(usable, policy.clearPermille)
  let begun = 0
  let ended = 0
  fc.assert(
    fc.property(history, (samples) => {
      let state = calm
      let now = 0
      let firstAboveAt: number | null = null
      for (const { afterMs, demand } of samples) {
        now += afterMs
        firstAboveAt = fits(demand, usable) ? null : (firstAboveAt ?? now)
        const before = state
        state = detectLoad(before, now, demand, usable, policy)
        assert.equal(detectLoad(state, now, demand, usable, policy), state, 'asking twice changes nothing')
        const heldMs: number = firstAboveAt === null ? 0 : now - firstAboveAt
        if (before.overloaded === null) {
          assert.equal(state.overloaded !== null, firstAboveAt !== null && heldMs >= policy.overloadHoldMs)
          if (state.overloaded !== null) {
            begun += 1
            assert.equal(state.since, firstAboveAt)
            assert.equal(state.overloadedAt, now)
          }
          const check = nextLoadCheck(state, policy)
          if (check !== null) {
            assert.ok(check > now)
            assert.notEqual(detectLoad(state, check, demand, usable, policy).overloaded, null)
          }
        } else {
          assert.equal(state.overloaded === null, fits(demand, clear))
          if (state.overloaded === null) ended += 1
          else
            assert.ok(demand[state.overloaded] > clear[state.overloaded], 'the named dimension is too high')
        }
      }
    }),
    { seed: 7, numRuns: 500 },
  )
  assert.ok(begun > 50 && ended > 5, `the histories were not dull (${begun} begun, ${ended} ended)`)
})
