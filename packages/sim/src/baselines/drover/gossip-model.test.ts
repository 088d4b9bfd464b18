// The model says what gossip would have brought: a summary is heard one delay after it was published, one that is repeated
// every gossip period carries what was known at its time, and no agent had to be woken for that.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { asHostId, type Facts } from '@drover/protocol'
import { summaryOf } from '../../../../protocol/src/testing/load-summary.ts'
import { createGossipModel } from './gossip-model.ts'

const factsOf = (cpuMilli: number, changes: Partial<Facts> = {}): Facts => {
  const { sequence: _, ...facts } = summaryOf(asHostId('a'), { demand: { cpuMilli, memoryMiB: 0 } })
  return { ...facts, ...changes }
}

const boardOf = () => {
  const published: { readonly sequence: number; readonly news: boolean }[] = []
  const model = createGossipModel(2, {
    published: (_, { sequence }, bytes, news) => {
      assert.equal(bytes, 500)
      published.push({ sequence, news })
    },
    bytesOf: () => 500,
    delayMs: () => 100,
    delayMsMax: 200,
    gossipMs: 5_000,
  })
  const heardAt = (ms: number): number | null => model.heard(0, 1, ms)?.summary.demand.cpuMilli ?? null
  return { model, published, heardAt }
}

test('a summary is heard one delay after it was published, and a notable change is published half a second after the last', () => {
  const { model, heardAt } = boardOf()
  model.announce(0, 0, factsOf(1_000), false)
  assert.equal(heardAt(99), null)
  assert.equal(heardAt(100), 1_000)
  assert.equal(model.nextAt(0), null)
  model.announce(0, 200, factsOf(4_000), false)
  assert.equal(model.nextAt(0), 500)
  model.announce(0, 500, factsOf(4_000), false)
  assert.equal(model.nextAt(0), null)
  assert.equal(heardAt(599), 1_000)
  assert.equal(heardAt(600), 4_000)
})

test('a small change is in the next regular summary, whichever agent looks, and whenever', () => {
  const { model, published, heardAt } = boardOf()
  model.announce(0, 0, factsOf(1_000), false)
  model.announce(0, 4_000, factsOf(1_100), false)
  model.announce(0, 7_000, factsOf(1_200), false)
  assert.equal(heardAt(7_050), 1_100) // said at 5,000
  assert.equal(heardAt(10_050), 1_100)
  assert.equal(heardAt(10_150), 1_200)
  assert.deepEqual(
    published.map(({ sequence }) => sequence),
    [1, 2, 3],
  )
  model.settle(60_000)
  assert.equal(published.length, 12) // at 0, 5,000 … 55,000
})

test('a host that can help again is announced as news', () => {
  const { model, published } = boardOf()
  model.announce(0, 0, factsOf(9_000, { overloaded: true }), false)
  model.announce(0, 1_000, factsOf(9_000), false)
  model.announce(0, 2_000, factsOf(1_000), false)
  assert.deepEqual(
    published.map(({ news }) => news),
    [false, true, false],
  )
})
