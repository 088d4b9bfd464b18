// One capacity is divided so that small wants are met in full, and large ones share the rest equally.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fairRates, fairShares } from './share.ts'

test('a CPU that suffices gives each VM what it wants', () => {
  assert.deepEqual(fairShares([100, 200, 0], 300), [100, 200, 0])
})

test('on an over-full host a VM that wants little gets all of it', () => {
  assert.deepEqual(fairShares([900, 100, 900], 1_000), [450, 100, 450])
})

test('migrations that leave one host share its link; one that is capped leaves the rest to the others', () => {
  const flows = [
    { cap: 1_000, links: ['out a', 'in b'] },
    { cap: 1_000, links: ['out a', 'in c'] },
    { cap: 100, links: ['out a', 'in d'] },
  ]
  assert.deepEqual(fairRates(flows, () => 900).map(Math.round), [400, 400, 100])
})

test('a busy destination slows one migration, and the source gives what it frees to the other', () => {
  const flows = [
    { cap: 1_000, links: ['out a', 'in busy'] },
    { cap: 1_000, links: ['out b', 'in busy'] },
    { cap: 1_000, links: ['out a', 'in c'] },
  ]
  assert.deepEqual(
    fairRates(flows, (link) => (link === 'in busy' ? 200 : 1_000)).map(Math.round),
    [100, 100, 900],
  )
})

test('without flows or capacity the rates are 0', () => {
  assert.deepEqual(fairShares([], 100), [])
  assert.deepEqual(
    fairRates([{ cap: 10, links: ['gone'] }], () => 0),
    [0],
  )
})
