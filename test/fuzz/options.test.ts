// The command line of the fuzzer, and the tools that it is made of.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { randomOf } from '../../packages/sim/src/random.ts'
import { fuzz } from './fuzz.ts'
import { mutatedBytes, mutatedTree } from './mutate.ts'
import { readOptions, UsageError } from './options.ts'
import { shrunk } from './shrink.ts'
import { stackIn, type Target } from './target.ts'
import { targetNames } from './targets.ts'

test('without options all targets share a minute; a wrong word is wrong usage', () => {
  const options = readOptions([])
  assert.deepEqual([options?.targets, options?.minutes], [targetNames, 1])
  assert.equal(readOptions(['--help']), null)
  for (const wrong of [
    ['--target', 'wires'],
    ['--runs', '0x10'],
    ['--minutes', '0'],
    ['--speed', '9'],
    ['more'],
  ])
    assert.throws(() => readOptions(wrong), UsageError)
})

test('the same seed and number make the same input, others make others', () => {
  const at = (seed: number, index: number): string => {
    const random = randomOf(seed, 'x', index)
    return (
      JSON.stringify(mutatedTree(random, { a: [1, 'b', { c: null }] })) +
      mutatedBytes(random, Buffer.from('abcdef')).toString('hex')
    )
  }
  assert.equal(at(1, 5), at(1, 5))
  assert.notEqual(at(1, 5), at(1, 6))
  assert.notEqual(at(1, 5), at(2, 5))
})

test('an input that is thrown at, or answered with a stack, is found and made small', async () => {
  const target: Target = {
    name: 'broken',
    bounds: { medianMs: 1, worstMs: 50, medianMiB: 1 },
    shortRuns: 1,
    input: (random) => Buffer.from(random.chance(0.5) ? 'some words and a bomb in them' : 'some words'),
    run: (bytes) => {
      if (Buffer.from(bytes).includes('bomb')) throw new TypeError('bang')
      return null
    },
  }
  const order = { seed: 1, from: 0, runs: 40, passMs: 60_000, timed: false, out: null }
  const { inputs, failures, kept } = await fuzz(target, order)
  assert.equal(inputs, 40)
  assert.ok(failures > 5 && failures < 35)
  assert.deepEqual(
    kept.map(({ input }) => Buffer.from(input).toString()),
    ['bomb'],
  )
  assert.match(kept[0]?.what ?? '', /^threw TypeError: bang/)
  assert.equal(stackIn('a: b\n'), null)
  assert.match(stackIn(new Error('x').stack ?? '') ?? '', /stack trace/)
})

test('what fails only as a whole stays whole', async () => {
  const whole = Buffer.from('abc')
  const small = await shrunk(whole, async (smaller) => whole.equals(smaller))
  assert.deepEqual(Buffer.from(small), whole)
})
