// A story told with one seed is told again word for word, and taking one thing out of it changes nothing else.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { randomOf } from './random.ts'

const draw = (...address: Parameters<typeof randomOf>): number[] => {
  const random = randomOf(...address)
  return Array.from({ length: 5 }, () => random.integer(0, 1_000_000))
}

test('the same address gives the same numbers; another seed, name or index gives others', () => {
  assert.deepEqual(draw(1, 'load', 0), draw(1, 'load', 0))
  for (const other of [draw(2, 'load', 0), draw(1, 'loaf', 0), draw(1, 'load', 1)])
    assert.notDeepEqual(draw(1, 'load', 0), other)
})

test('random numbers stay in their range, and spread over it', () => {
  const random = randomOf(7, 'range')
  const seen = new Set(Array.from({ length: 400 }, () => random.integer(3, 6)))
  assert.deepEqual([...seen].sort(), [3, 4, 5, 6])
  const mean = Array.from({ length: 4_000 }, () => random.normal(60, 20)).reduce((a, b) => a + b, 0) / 4_000
  assert.ok(Math.abs(mean - 60) < 1.5, `mean ${mean}`)
})

test('gaps between rare things are exponential: mean, spread and the share beyond the mean', () => {
  const random = randomOf(11, 'gaps')
  const gaps = Array.from({ length: 20_000 }, () => random.exponential(300))
  const mean = gaps.reduce((a, b) => a + b, 0) / gaps.length
  const variance = gaps.reduce((a, b) => a + (b - mean) ** 2, 0) / gaps.length
  assert.ok(Math.abs(mean - 300) < 9, `mean ${mean}`)
  assert.ok(Math.abs(Math.sqrt(variance) - 300) < 15, `deviation ${Math.sqrt(variance)}`)
  for (const [multiple, share] of [
    [0.5, 0.6065],
    [1, 0.3679],
    [3, 0.0498],
  ] as const) {
    const beyond = gaps.filter((gap) => gap > multiple * 300).length / gaps.length
    assert.ok(Math.abs(beyond - share) < 0.015, `${beyond} beyond ${multiple}`)
  }
})

test('a shuffle loses nothing and leaves its argument alone', () => {
  const cards = [1, 2, 3, 4, 5, 6, 7, 8]
  const shuffled = randomOf(3, 'cards').shuffle(cards)
  assert.deepEqual(cards, [1, 2, 3, 4, 5, 6, 7, 8])
  assert.notDeepEqual(shuffled, cards)
  assert.deepEqual(shuffled.sort(), cards)
})
