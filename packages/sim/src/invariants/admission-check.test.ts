// S9 of a request that a busy hypervisor reads late: the room was promised when it was made, and not for ever.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { asVmId } from '@drover/protocol'
import {
  epoch,
  migrates,
  opened,
  openMigration,
  partitionIdOf,
  tick,
  watchedAgents,
} from '../testing/watched-agents.ts'

const partition = partitionIdOf('h1', 1)
const vm = asVmId('a')

/** A move of `a` from h1 to h2 is asked for, where `b` takes most, later or already; the hypervisor reads that so much later. */
const read = async (lateMs: number, full: 'already' | 'later'): Promise<readonly string[]> => {
  const { step, leased, driver, clock, found, ...agents } = watchedAgents(2)
  agents.born('h1')
  agents.vm('a', 'h1', { vcpus: 4, cpuMilli: 3_000 })
  const b = agents.vm('b', 'h2', { vcpus: 8, cpuMilli: full === 'already' ? 6_000 : 4_000 })
  await clock.advance(20_000)
  const lease = leased(partition, 1)
  step('h1', tick, lease, epoch(1))
  step('h1', tick, lease, opened(openMigration('departure', partition, vm)), migrates(partition, vm))
  await clock.advance(1_000)
  agents.world.setCpu(b, 6_000)
  await clock.advance(lateMs - 1_000)
  void driver('h1').migrate({ vm, to: 'sim://h2', handOverPaused: true, bandwidthMiBps: null })
  await clock.advance(100)
  return found().filter((text) => text.startsWith('S9'))
}

const tooMuch = ['S9 a was let in by h2: 9000 of 8000 cpuMilli usable, counting all promised']

test('S9: what grows after the promise breaks none, however late the request is read', async () => {
  assert.deepEqual(await read(30_000, 'later'), [])
})

test('S9: a promise beyond what the host had is broken, also when the request is read late', async () => {
  assert.deepEqual(await read(1_000, 'already'), tooMuch)
  assert.deepEqual(await read(34_000, 'already'), tooMuch)
})

test('S9: no promise lasts longer than a request may lie unread', async () => {
  assert.deepEqual(await read(34_001, 'already'), [])
})
