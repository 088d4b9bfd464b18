// S4, S5, S7, S9, S10, S12, S14, L1, R2: agents that say, begin, forget or keep what they must not are noticed.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { asVmId, type Decision, type Input, type PeerView, type VmId } from '@drover/protocol'
import {
  actionOf,
  agentOf,
  epoch,
  hears,
  jobs,
  migrates,
  opened,
  openMigration,
  partitionIdOf,
  says,
  tick,
  watchedAgents,
} from '../testing/watched-agents.ts'

const partition = partitionIdOf('h1', 1)
const action = actionOf(partition)
const vm = asVmId('a')
const commanded = (command: Extract<Input, { kind: 'commanded' }>['command']): Input => ({
  kind: 'commanded',
  request: 'r',
  command,
})

const begun = (views: () => readonly PeerView[] = () => []) => {
  const agents = watchedAgents(2, { views })
  for (const host of ['h1', 'h2']) {
    agents.born(host)
    agents.step(host, jobs, null)
  }
  agents.vm('a', 'h1')
  return agents
}

test('S5, S12: what is admitted or said to have ended is in the journal', () => {
  const { step, found } = begun()
  const about = { partition, epoch: 1, action }
  const arrival = opened(openMigration('arrival', partition, vm))
  step('h2', tick, null, arrival, says('h1', { kind: 'admitted', ...about } as never))
  assert.deepEqual(found(), [])
  step('h2', tick, null, says('h1', { kind: 'admitted', ...about, action: 'other' } as never))
  step('h1', tick, null, opened(openMigration('departure', partition, vm)))
  step('h1', tick, null, says('h2', { kind: 'ended', ...about, result: { kind: 'refused' } } as never))
  assert.deepEqual(found(), [
    'S5 h2 admits other, of which its journal knows nothing',
    `S12 h1 says that ${action} was refused, and its journal has it open`,
  ])
})

test('R2: a copy that is neither gone nor given up is not handed over', () => {
  const { step, found } = begun()
  const handOver = says('h2', { kind: 'hand-over', partition, epoch: 1, action, vm } as never)
  step('h1', tick, null, opened(openMigration('departure', partition, vm)), handOver)
  assert.deepEqual(found(), [`R2 h1 hands over by ${action}, and its own copy is neither gone nor given up`])
  step('h1', { kind: 'finished', action, result: { kind: 'done' } }, null, handOver)
  assert.equal(found().length, 1)
})

test('S10: nothing begins in mode observe, and nothing of a drain that was undone', () => {
  const { step, found, leased, born } = begun()
  const lease = leased(partition, 1)
  const perform = migrates(partition, vm)
  const open = opened(openMigration('departure', partition, vm))
  const decision = {
    id: partition,
    leader: agentOf('h1'),
    reason: 'drain',
    members: [],
  } as unknown as Decision
  step('h1', tick, lease, epoch(1), { kind: 'report', decision }, open)
  step('h1', commanded({ kind: 'mode', mode: 'observe' }), lease, perform)
  step('h1', commanded({ kind: 'mode', mode: 'auto' }), lease)
  step('h1', commanded({ kind: 'undrain' }), lease)
  step('h1', tick, lease, perform)
  const told = found().filter((text) => text.startsWith('S10'))
  assert.deepEqual(told, [
    `S10 h1 begins ${action} although its mode is observe`,
    `S10 h1 begins ${action} although its drain was undone`,
  ])
  born('h1', { mode: 'observe' }, 2)
  step('h1', tick, null, migrates(partitionIdOf('h1', 2), vm))
  assert.equal(found().filter((text) => text.endsWith('its mode is observe')).length, 2)
})

test('S4: a lease ends by the word of its leader, or of a later life of it, or when it lapses', async () => {
  const { step, found, leased, clock } = begun()
  const give = (counter: number) => {
    const lease = leased(partitionIdOf('h2', counter), counter)
    step('h1', tick, lease, epoch(counter))
    return lease
  }
  const release = (counter: number, number: number) =>
    hears('h2', { kind: 'release', partition: partitionIdOf('h2', counter), epoch: number })
  give(1)
  step('h1', release(1, 1), null)
  give(2)
  step('h1', release(2, 0), null)
  give(3)
  await clock.advance(5_000)
  step('h1', tick, null)
  give(4)
  step('h1', hears('h2', { kind: 'ping', sequence: 1 }, 2), null)
  assert.deepEqual(found(), [])
  step(
    'h1',
    tick,
    { ...leased(partitionIdOf('h2', 5), 5)!, partition: `${agentOf('h2')}.2.5` as never },
    epoch(5),
  )
  step('h1', release(4, 4), null)
  assert.deepEqual(found(), [`S4 h1 let ${agentOf('h2')}.2.5 go, which has not released it`])
})

test('S5, S7, S9: a lease is given on what is known now, and to a leader that lives now', () => {
  const { step, found, leased, born } = begun()
  step('h1', hears('h2', { kind: 'ping', sequence: 1 }, 2), null)
  const lease = leased(partitionIdOf('h2', 1), 1)
  const granted = {
    kind: 'granted',
    partition: partitionIdOf('h2', 1),
    epoch: 1,
    snapshot: { vms: [], sampleAgeMs: 16_000 },
  }
  step('h1', tick, lease, epoch(1), says('h2', granted as never))
  born('h2', {}, 2)
  const other = partitionIdOf('h1', 1)
  const fresh = { ...granted, partition: other, snapshot: { vms: [], sampleAgeMs: 0 } }
  step('h2', tick, leased(other, 1), epoch(1), says('h1', fresh as never))
  assert.deepEqual(found(), [
    `S7 h1 was leased to ${agentOf('h2')}.1.1, of an earlier life of its leader`,
    'S9 h1 grants on a sample that is 16000 ms old',
    `S5 h2 grants its lease to ${agentOf('h1')}.1.1 before it has asked for running migrations`,
  ])
})

test('S9, S12, S14: a VM that leaves counts, a word that is owed stays owed, and lists have bounds', async () => {
  const counted = { vm } as PeerView['vms'][number]
  const moving = {
    action,
    vm,
    direction: 'out',
    phase: 'moving',
  } as unknown as PeerView['migrations'][number]
  const duty = { action, vm } as unknown as PeerView['duties'][number]
  const whole = {
    host: agentOf('h1'),
    description: null,
    lease: null,
    members: [],
    vms: [counted],
    migrations: [moving],
    duties: [duty],
    warnings: Array.from({ length: 64 }),
    decisions: [],
  } as unknown as PeerView
  let view = whole
  const { step, found, driver, clock, checker } = begun(() => [view])
  const observed = { vm } as Extract<Input, { kind: 'observed' }>['vms'][number]
  step('h1', { kind: 'observed', askedAt: 0, vms: [observed] }, null, {
    kind: 'persist',
    record: { kind: 'closed', action, vm, end: 'departure', result: { kind: 'done' }, duty: duty as never },
  })
  void driver('h1').migrate({ vm, to: 'sim://h2', handOverPaused: true, bandwidthMiBps: null })
  await clock.advance(100)
  const before = found().length
  checker.check()
  assert.equal(found().length, before)
  view = { ...whole, vms: [], duties: [], warnings: Array.from({ length: 65 }) }
  checker.check()
  assert.deepEqual(found().slice(before), [
    `S12 h1 has forgotten what it owes the other end of ${action}`,
    'S9 h1 no longer counts a, which is still leaving',
    'S14 h1 keeps 65 warnings, 64 are allowed',
  ])
})

test('L1: a migration that is stuck is asked to stop, by an agent that is told of it', async () => {
  const stuck = async (told: boolean, aborted: boolean): Promise<readonly string[]> => {
    const { step, found, driver, clock, checker, world } = begun()
    world.fail({ fault: { kind: 'hang', atPermille: 500 } })
    step('h1', tick, null, opened(openMigration('departure', partition, vm)), migrates(partition, vm))
    void driver('h1').migrate({ vm: vm as VmId, to: 'sim://h2', handOverPaused: true, bandwidthMiBps: null })
    for (let s = 0; s < 90; s++) {
      await clock.advance(1_000)
      if (told) step('h1', jobs, null)
      if (aborted && s === 40) step('h1', tick, null, { kind: 'abort', action, vm })
      checker.check()
    }
    return found().filter((text) => text.startsWith('L1'))
  }
  assert.match(
    (await stuck(true, false))[0] ?? '',
    /^L1 a has been stuck on its way from h1 for \d+ ms, and is not/,
  )
  assert.deepEqual(await stuck(true, true), [])
  assert.deepEqual(await stuck(false, false), [])
})
