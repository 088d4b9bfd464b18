/** Words that a silent host has not heard: kept, said at a pace that suits it, bounded, and over when it confirms. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { limits, policyOf } from '../data/config.ts'
import { actionIdOf, asHostId, asVmId, type PeerUri, partitionIdOf, type VmId } from '../data/ids.ts'
import type { Duty } from '../data/io.ts'
import { createStepContext } from '../step-context.ts'
import { createDuties } from './duties.ts'

const [self, peer, stranger] = [asHostId('self'), asHostId('peer'), asHostId('stranger')]
const partition = partitionIdOf(self, 1, 1)
const dutyOf = (n: number, word: Duty['word'] = 'hand-over'): Duty => ({
  action: actionIdOf(partition, n),
  partition,
  epoch: 9,
  vm: asVmId(`vm-${n}`),
  peer,
  word,
  demand: { cpuMilli: 500, memoryMiB: 256 },
})

const setUp = () => {
  const context = createStepContext(self, 1, 1, policyOf('balanced'))
  const duties = createDuties(context)
  const happened = (): readonly string[] =>
    context.takeEffects().map((effect) => {
      if (effect.kind === 'send') return `send ${effect.message.kind}`
      return effect.kind === 'persist' ? `persist ${effect.record.kind}` : effect.kind
    })
  const later = (ms: number) => {
    context.setTime(context.now() + ms)
    duties.tick()
    return happened()
  }
  return { duties, happened, later }
}

test('a duty is repeated once a minute to a silent host, and soon after that host speaks', () => {
  const { duties, later } = setUp()
  duties.restore([dutyOf(1)])
  assert.deepEqual(later(0), ['send hand-over'], 'at once after a restart')
  assert.deepEqual(later(limits.dutyMsMax - 1), [])
  assert.deepEqual(later(1), ['send hand-over'])
  duties.heard(stranger)
  assert.deepEqual(later(limits.dutyMsMin), [])
  for (let i = 0; i < 100; i++) duties.heard(peer)
  assert.deepEqual(later(1), ['send hand-over'])
  duties.heard(peer)
  assert.deepEqual(later(limits.dutyMsMin - 1), [])
})

test('only the host that was told can confirm a duty; then it leaves the journal', () => {
  const { duties, happened, later } = setUp()
  duties.restore([dutyOf(1), dutyOf(2, 'cancelled')])
  assert.deepEqual(later(0), ['send hand-over', 'send cancelled'])
  duties.confirmed(dutyOf(1).action, stranger)
  assert.deepEqual(happened(), [])
  duties.confirmed(dutyOf(1).action, peer)
  duties.confirmed(dutyOf(2).action, peer)
  assert.deepEqual(happened(), ['persist discharged', 'persist discharged'])
  assert.deepEqual(later(limits.dutyMsMax), [])
})

test('a VM that runs here again ends its duty; that of a VM that has stayed goes on until it is confirmed', () => {
  const { duties, happened } = setUp()
  duties.restore([dutyOf(1), dutyOf(2, 'cancelled')])
  duties.sampled(() => true)
  assert.deepEqual(happened(), ['persist discharged'])
  assert.equal(duties.of(dutyOf(2).action)?.word, 'cancelled')
})

test('hosts that die for good do not fill the journal: the oldest duty is given up, and that is reported', () => {
  const { duties, happened } = setUp()
  for (let n = 0; n <= limits.dutiesMax; n++) duties.take(dutyOf(n))
  assert.deepEqual(happened(), ['warn', 'persist discharged'])
  assert.equal(duties.of(dutyOf(0).action), null)
  assert.equal(duties.view(0).length, limits.dutiesMax)
})

test('a VM stays as long as a host has not confirmed that it was cancelled, and may have a copy of it', () => {
  const context = createStepContext(self, 1, 1, policyOf('balanced'))
  const stays = new Set([asVmId('other')])
  const duties = createDuties(context, stays)
  duties.restore([dutyOf(1), dutyOf(2, 'cancelled')])
  assert.deepEqual([...stays], ['vm-2'])
  duties.confirmed(dutyOf(2).action, stranger)
  assert.deepEqual([...stays], ['vm-2'])
  duties.confirmed(dutyOf(2).action, peer)
  assert.deepEqual([...stays], [])
})

test('the hypervisor of a silent host may say that it has no copy of a VM that stayed; only the answer to the last question counts', () => {
  const context = createStepContext(self, 1, 1, policyOf('balanced'))
  const stays = new Set<VmId>()
  const duties = createDuties(context, stays, () => 'sim://peer' as PeerUri)
  /** Of the questions since the last look. */
  const rounds = (): readonly number[] =>
    context.takeEffects().flatMap((effect) => (effect.kind === 'inspect' ? [effect.round] : []))
  const later = (ms: number): readonly number[] => {
    context.setTime(context.now() + ms)
    duties.tick()
    return rounds()
  }
  const { action } = dutyOf(2)
  duties.take(dutyOf(1))
  duties.take(dutyOf(2, 'cancelled'))
  assert.deepEqual(rounds(), [], 'it has just been told')
  const [first = 0, ...others] = later(limits.dutyMsMin)
  assert.deepEqual(others, [], 'nothing is asked for a VM that has left')
  const [second = 0] = later(limits.dutyMsMax)
  duties.inspected(action, first, 'absent')
  for (const presence of [null, 'paused', 'running', 'incoming', 'shut'] as const)
    duties.inspected(action, second, presence)
  assert.deepEqual([...stays], ['vm-2'])
  duties.inspected(action, second, 'absent')
  assert.deepEqual([...stays], [])
  assert.equal(duties.of(action), null)
})
