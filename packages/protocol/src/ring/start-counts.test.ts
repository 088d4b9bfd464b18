/** A host that speaks as an earlier life of itself is not heard, and is told by which number it is known. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { limits, policyOf } from '../data/config.ts'
import { asHostId, type HostId } from '../data/ids.ts'
import { createStepContext } from '../step-context.ts'
import { createStartCounts } from './start-counts.ts'

const [self, other] = [asHostId('self'), asHostId('other')]

const setUp = (
  met: readonly { readonly host: HostId; readonly incarnation: number }[] = [],
  isHeard = () => true,
) => {
  const context = createStepContext(self, 1, 1, policyOf('balanced'))
  const restarted: number[] = []
  const starts = createStartCounts(context, met, (_, incarnation) => restarted.push(incarnation), isHeard)
  const happened = (): readonly string[] =>
    context.takeEffects().map((effect) => {
      if (effect.kind === 'send' && effect.message.kind === 'outdated') return `known ${effect.message.known}`
      return effect.kind === 'warn' ? effect.code : effect.kind
    })
  const says = (incarnation: number, afterMs = 0) => {
    context.setTime(context.now() + afterMs)
    return starts.accepts(other, incarnation, true)
  }
  return { starts, restarted, happened, says }
}

test('a newer life is written down, and its older words are dropped and answered', () => {
  const { starts, restarted, happened, says } = setUp()
  assert.ok(says(7))
  assert.deepEqual(happened(), ['persist'])
  assert.ok(says(8))
  assert.deepEqual(restarted, [8], 'the first one is no restart')
  assert.deepEqual(happened(), ['persist'])
  assert.ok(says(8))
  assert.deepEqual(happened(), [])
  assert.equal(says(7), false)
  assert.deepEqual(happened(), ['known 8'])
  assert.equal(starts.accepts(other, 7, false), false)
  assert.deepEqual(happened(), [], 'an old summary is no one to answer')
})

test('one that no host has heard yet answers what it hears of another, once a second; that is no trouble', () => {
  let heard = false
  const { starts, happened } = setUp([{ host: other, incarnation: 9 }], () => heard)
  const hears = () => starts.accepts(other, 0, false)
  assert.equal(hears(), false)
  assert.equal(hears(), false)
  assert.deepEqual(happened(), ['known 9'])
  heard = true
  assert.equal(hears(), false)
  assert.deepEqual(happened(), [])
})

test('what was known before a restart is known after it', () => {
  const { happened, says } = setUp([{ host: other, incarnation: 40 }])
  assert.equal(says(39), false)
  assert.deepEqual(happened(), ['known 40'])
})

test('a host without a number is heard where it is not known, and told its number where it is', () => {
  const { happened, says } = setUp()
  assert.ok(says(0))
  assert.deepEqual(happened(), [])
  says(3)
  assert.equal(says(0), false)
  assert.deepEqual(happened(), ['persist', 'known 3'])
})

test('one that goes on like this is told so once a second, and an operator hears of it; a late message is no trouble', () => {
  const { happened, says } = setUp([{ host: other, incarnation: 9 }])
  const told: string[] = []
  for (let ms = 0; ms <= 4_000; ms += 100) {
    says(5, 100)
    told.push(...happened())
  }
  assert.deepEqual(told, ['known 9', 'known 9', 'known 9', 'peer.outdated', 'known 9', 'known 9'])
  says(10)
  says(9, limits.warningAgainMs)
  assert.deepEqual(happened(), ['persist', 'known 10'])
})

test('no number shuts out all later lives of a host, and no number of hosts fills the memory', () => {
  const { starts, happened, says } = setUp()
  assert.equal(says(limits.startCountMax + 1), false)
  assert.deepEqual(happened(), [])
  assert.ok(says(5))
  for (let n = 0; n < limits.viewHostsMax; n++) starts.accepts(asHostId(`peer-${n}`), 1, true)
  assert.ok(says(4), 'the one heard of longest ago is forgotten')
})
