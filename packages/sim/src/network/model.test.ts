// Every fault of a network, one at a time and all together: what arrives, when, in which order, and that the seed decides.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { randomOf } from '../random.ts'
import { createNetwork, type Network, type Weather } from './model.ts'

const [a, b, c] = [0, 1, 2]
const networkOf = (weather: Partial<Weather> = {}, seed = 1): Network =>
  createNetwork({ random: (concern) => randomOf(seed, concern), weather })
/** A thousand messages from a to b, one per millisecond. */
const thousand = (network: Network): readonly (readonly number[])[] =>
  Array.from({ length: 1_000 }, (_, at) => network.arrivals(at, a, b))

test('on a calm day each message takes the latency, and arrives once', () => {
  assert.deepEqual(networkOf({ latencyMs: 7 }).arrivals(100, a, b), [107])
})

test('jitter does not change the order of one link, unless messages may overtake', () => {
  const inOrder = thousand(networkOf({ jitterMs: 50 })).flat()
  assert.ok(inOrder.every((at, i) => i === 0 || at >= inOrder[i - 1]!))
  assert.ok(inOrder.every((at, i) => at >= i + 1 && at <= 1_000 + 51))
  const overtaking = thousand(networkOf({ jitterMs: 50, reorder: 1 })).flat()
  assert.ok(overtaking.some((at, i) => i > 0 && at < overtaking[i - 1]!))
})

test('loss and duplicates take their share, each from a stream of its own', () => {
  const lost = (weather: Partial<Weather>) =>
    thousand(networkOf(weather)).map((copies) => copies.length === 0)
  const alone = lost({ drop: 0.3 })
  const share = alone.filter(Boolean).length
  assert.ok(share > 250 && share < 350, `${share}`)
  assert.deepEqual(
    lost({ drop: 0.3, duplicate: 0.5, jitterMs: 20, reorder: 0.5 }),
    alone,
    'the same are lost',
  )
  const twice = thousand(networkOf({ duplicate: 0.5, replayMs: 5_000 }))
  const old = twice.filter(([first, second]) => second !== undefined && second - first! > 2_000)
  assert.ok(old.length > 150, `${old.length} come again when they are old`)
})

test('the same seed gives the same network, another seed another', () => {
  const weather = { jitterMs: 20, drop: 0.2, duplicate: 0.2, reorder: 0.2 }
  assert.deepEqual(thousand(networkOf(weather)), thousand(networkOf(weather)))
  assert.notDeepEqual(thousand(networkOf(weather)), thousand(networkOf(weather, 2)))
})

test('a cut is silence, one way or both, until it is healed', () => {
  const network = networkOf()
  network.cut(a, b, { oneWay: true })
  assert.deepEqual([network.passes(a, b), network.passes(b, a)], [false, true])
  network.cut(a, c)
  network.heal(a, b)
  assert.deepEqual([network.passes(a, b), network.passes(a, c), network.passes(c, a)], [true, false, false])
  network.heal()
  assert.equal(network.passes(a, c), true)
})

test('gossip takes the way round a cut where there is one', () => {
  const network = networkOf()
  network.cut(a, b)
  assert.equal(
    network.reaches(a, b, () => [a, b, c]),
    true,
  )
  assert.equal(
    network.reaches(a, b, () => [a, b]),
    false,
    'c is dead',
  )
  network.cut(c, b, { oneWay: true })
  assert.equal(
    network.reaches(a, b, () => [a, b, c]),
    false,
  )
  assert.equal(
    network.reaches(b, a, () => [a, b, c]),
    true,
  )
})

test('messages over a clogged link arrive late, all at once, and in their order', () => {
  const network = networkOf()
  network.clog(a, b, 5_000)
  const late = [10, 20, 30].map((at) => network.arrivals(at, a, b)[0])
  assert.deepEqual(late, [5_000, 5_000, 5_000])
  assert.deepEqual(network.arrivals(30, b, a), [31])
  assert.deepEqual(network.arrivals(6_000, a, b), [6_001])
})
