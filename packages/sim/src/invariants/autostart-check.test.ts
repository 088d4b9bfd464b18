// S3: a VM starts with its host no more after a move, and the observer says so; not where its owner, or a lost journal, is to blame.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { asVmId, type Effect, type OpenMigration } from '@drover/protocol'
import {
  actionOf,
  agentOf,
  migrates,
  opened,
  openMigration,
  partitionIdOf,
  tick,
  watchedAgents,
} from '../testing/watched-agents.ts'

const partition = partitionIdOf('h1', 1)
const action = actionOf(partition)
const vm = asVmId('a')
const departure = openMigration('departure', partition, vm, { autostart: true })
const arrival = openMigration('arrival', partition, vm, { autostart: true })
const owesAutostart: Effect = { kind: 'persist', record: { kind: 'autostart-owed', action, vm } }
const isSet: Effect = { kind: 'persist', record: { kind: 'autostart-set', vm } }
const closes = ({ kind }: OpenMigration, owes = false): Effect => {
  const { demand, epoch } = departure
  const duty = { action, partition, epoch, vm, peer: agentOf('h2'), word: 'hand-over' as const, demand }
  const told = { action, vm, end: kind, result: { kind: 'done' } } as const
  return {
    kind: 'persist',
    record: { kind: 'closed', ...told, duty: owes ? { ...duty, autostart: true } : null },
  }
}
const asks = migrates(partition, vm)

/** VM a starts with its host, and moves from h1 to h2; both agents have that on record. */
const moved = async (autostart = true) => {
  const agents = watchedAgents(2)
  for (const host of ['h1', 'h2']) agents.born(host)
  agents.vm('a', 'h1', { autostart })
  const write = (host: string, ...deeds: readonly Effect[]) => agents.step(host, tick, null, ...deeds)
  write('h2', opened(arrival))
  write('h1', opened(departure), asks)
  const request = { vm, to: 'sim://h2', handOverPaused: false, bandwidthMiBps: null }
  void agents.driver('h1').migrate(request)
  await agents.clock.advance(20_000)
  const atRest = (): readonly string[] => {
    agents.checker.checkAtRest()
    return agents.found().filter((text) => text.startsWith('S3'))
  }
  return { ...agents, write, atRest, there: agents.driver('h2') }
}
const lost = ['S3 a starts with its host no more, since it is on h2']

test('an autostart that no agent sets is missed, when all is calm; one that is set is not', async () => {
  const { checker, atRest, there } = await moved()
  assert.equal(
    checker.check().some(({ invariant }) => invariant === 'S3'),
    false,
  )
  assert.deepEqual(atRest(), lost)

  const other = await moved()
  await other.there.setAutostart(vm)
  assert.deepEqual(other.atRest(), [])
  await there.close()
})

test('a VM that has none gains none', async () => {
  const { atRest, there } = await moved(false)
  assert.deepEqual(atRest(), [])
  await there.setAutostart(vm)
  assert.deepEqual(atRest(), ['S3 a starts with its host now, since it is on h2'])
})

test('an owner that moves it by hand takes it away; an agent that owes it still may give it back', async () => {
  const byHand = async (owed: boolean): Promise<readonly string[]> => {
    const { atRest, write, clock, world, driver } = await moved()
    await driver('h2').setAutostart(vm)
    write('h2', closes(arrival))
    write('h1', closes(departure))
    if (owed) write('h2', owesAutostart)
    assert.equal(world.owner.move(vm, 'h1'), null)
    await clock.advance(20_000)
    await driver('h1').setAutostart(vm)
    return atRest()
  }
  assert.deepEqual(await byHand(false), ['S3 a starts with its host now, since it is on h1'])
  assert.deepEqual(await byHand(true), [])
})

test('nothing is missed of a host whose agent or hypervisor is not there', async () => {
  const { atRest, ended, born, world } = await moved()
  ended('h2')
  assert.deepEqual(atRest(), [])
  born('h2', {}, 2)
  world.daemon('h2', 'hung')
  assert.deepEqual(atRest(), [])
  world.daemon('h2', 'up')
  assert.deepEqual(atRest(), lost)
})

test('what no journal says any more is excused: both ends lost theirs, or one did when the other had nothing to say', async () => {
  const both = await moved()
  for (const host of ['h1', 'h2']) {
    both.damaged(host, 'lost')
    both.ended(host)
    both.born(host, {}, 2)
  }
  assert.deepEqual(both.atRest(), [])

  const confirmed = await moved()
  confirmed.write('h2', owesAutostart, closes(arrival))
  confirmed.write('h1', closes(departure))
  confirmed.damaged('h2', 'torn')
  confirmed.ended('h2')
  confirmed.born('h2', {}, 2)
  assert.deepEqual(confirmed.atRest(), [])
})

test('what one of them still says is not excused, nor what is off the record on purpose', async () => {
  for (const [damaged, open] of [
    ['h1', arrival],
    ['h2', departure],
  ] as const) {
    const one = await moved()
    one.damaged(damaged, 'lost')
    one.ended(damaged)
    one.born(damaged, {}, 2)
    one.write(damaged === 'h1' ? 'h2' : 'h1', closes(open, open.kind === 'departure'))
    assert.deepEqual(one.atRest(), lost, damaged)
  }
  // An agent that dies without harm to its journal has all of it on record.
  const whole = await moved()
  whole.write('h2', owesAutostart, closes(arrival))
  whole.ended('h2')
  whole.born('h2', { autostarts: [{ action, vm }] }, 2)
  assert.deepEqual(whole.atRest(), lost)
  // And one that takes it off the record has to have done it.
  const hasty = await moved()
  hasty.write('h2', owesAutostart, closes(arrival), isSet)
  hasty.write('h1', closes(departure))
  hasty.damaged('h2', 'lost')
  hasty.ended('h2')
  hasty.born('h2', {}, 2)
  assert.deepEqual(hasty.atRest(), lost)
})

test('an owner may change it at any time; what it changes while the VM moves may be lost', async () => {
  const meanwhile = await moved()
  meanwhile.world.owner.autostart(vm, false)
  await meanwhile.there.setAutostart(vm)
  assert.deepEqual(meanwhile.atRest(), [])

  const after = await moved()
  await after.there.setAutostart(vm)
  after.write('h2', owesAutostart, isSet, closes(arrival))
  after.write('h1', closes(departure))
  after.world.owner.autostart(vm, false)
  assert.deepEqual(after.atRest(), [])
  await after.clock.advance(1_000)
  await after.there.setAutostart(vm)
  assert.deepEqual(after.atRest(), ['S3 a starts with its host now, since it is on h2'])
})

test('a change that the last look before the move cannot have shown is excused, an older one is not', async () => {
  for (const [agoMs, excused] of [
    [1_000, true],
    [7_000, false],
  ] as const) {
    const agents = watchedAgents(2)
    for (const host of ['h1', 'h2']) agents.born(host)
    agents.vm('a', 'h1', { autostart: false })
    agents.world.owner.autostart(vm, true)
    await agents.clock.advance(agoMs)
    agents.step('h1', tick, null, asks)
    const request = { vm, to: 'sim://h2', handOverPaused: false, bandwidthMiBps: null }
    void agents.driver('h1').migrate(request)
    await agents.clock.advance(20_000)
    agents.checker.checkAtRest()
    const found = agents.found().filter((text) => text.startsWith('S3'))
    assert.deepEqual(found, excused ? [] : lost, `${agoMs}`)
  }
})

test('a VM that its owner moves by hand loses it by its owner’s doing', async () => {
  const agents = watchedAgents(2)
  for (const host of ['h1', 'h2']) agents.born(host)
  agents.vm('a', 'h1')
  agents.world.owner.move(vm, 'h2')
  await agents.clock.advance(20_000)
  agents.checker.checkAtRest()
  assert.deepEqual(
    agents.found().filter((text) => text.startsWith('S3')),
    [],
  )
})

test('a copy that an administrator lets run is excused, unless a journal says that the VM moves there', async () => {
  for (const [owes, movesOn, excused] of [
    [false, false, true],
    [true, false, false],
    [true, true, true],
  ] as const) {
    const agents = watchedAgents(3)
    for (const host of ['h1', 'h2', 'h3']) agents.born(host)
    agents.vm('a', 'h1', { autostart: true })
    agents.step('h1', tick, null, opened(departure), asks)
    void agents.driver('h1').migrate({ vm, to: 'sim://h2', handOverPaused: true, bandwidthMiBps: null })
    await agents.clock.advance(20_000)
    agents.step('h1', tick, null, closes(departure, owes))
    agents.world.byHand.resume(vm, 'h2')
    const onward = { vm, to: 'sim://h3', handOverPaused: false, bandwidthMiBps: null }
    if (movesOn) void agents.driver('h2').migrate(onward)
    await agents.clock.advance(20_000)
    agents.checker.checkAtRest()
    const found = agents.found().filter((text) => text.startsWith('S3'))
    assert.deepEqual(found, excused ? [] : lost)
  }
})

test('a copy of which the agent there knows is not excused, though an administrator lets it run and it moves on', async () => {
  const agents = watchedAgents(3)
  for (const host of ['h1', 'h2', 'h3']) agents.born(host)
  agents.vm('a', 'h1', { autostart: true })
  agents.step('h2', tick, null, opened(arrival))
  agents.step('h1', tick, null, opened(departure), asks)
  void agents.driver('h1').migrate({ vm, to: 'sim://h2', handOverPaused: true, bandwidthMiBps: null })
  await agents.clock.advance(20_000)
  agents.world.byHand.resume(vm, 'h2')
  void agents.driver('h2').migrate({ vm, to: 'sim://h3', handOverPaused: false, bandwidthMiBps: null })
  await agents.clock.advance(20_000)
  agents.checker.checkAtRest()
  assert.deepEqual(
    agents.found().filter((text) => text.startsWith('S3')),
    ['S3 a starts with its host no more, since it is on h3'],
  )
})
