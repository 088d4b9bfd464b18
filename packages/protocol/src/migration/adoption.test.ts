/** A migration that our hypervisor carries out and of which no record is left: what is taken up, and what is left alone. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { limits, policyOf } from '../data/config.ts'
import { actionIdOf, asHostId, asVmId, type HostId, partitionIdOf } from '../data/ids.ts'
import type { HandOver, Presence, Whereabouts, WhereIs } from '../data/message.ts'
import { createHost, type KnownVm } from '../snapshot/host.ts'
import { createStepContext } from '../step-context.ts'
import { createAdoption } from './adoption.ts'

const [self, destination] = [asHostId('self'), asHostId('destination')]
const partition = partitionIdOf(self, 1, 1)
const action = actionIdOf(partition, 0)
const vm = asVmId('web')
const about = { incarnation: 1, partition, epoch: 9, action, vm }
const whereIs: WhereIs = { kind: 'where-is', ...about, round: 1 }

const setUp = () => {
  const context = createStepContext(self, 1, 1, policyOf('balanced'))
  const host = createHost([], false)
  host.vms.set(vm, { vm, name: 'web' } as KnownVm)
  const world = {
    sent: true,
    inMotion: false,
    closed: false,
    mayLack: true,
    arrivedFrom: undefined as HostId | undefined,
  }
  const taken: string[] = []
  const adopted: string[] = []
  const arrived: string[] = []
  const owed: string[] = []
  const adoption = createAdoption(context, host, {
    inMotion: () => world.inMotion,
    isClosed: () => world.closed,
    mayLack: () => world.mayLack,
    arrivedFrom: () => world.arrivedFrom,
    isSent: () => world.sent,
    owesAutostart: ({ action: owing }) => void owed.push(owing),
    arrived: (from) => void arrived.push(from),
    adopt: (from) => void adopted.push(from),
    takeUp: (to) => void taken.push(to),
  })
  /** The rounds of the questions that were asked since the last look. */
  const asked = (): readonly number[] =>
    context
      .takeEffects()
      .flatMap((effect) =>
        effect.kind === 'send' && effect.message.kind === 'where-is' ? [effect.message.round] : [],
      )
  const answer = (round: number, presence: Presence): Whereabouts => ({
    kind: 'whereabouts',
    ...about,
    round,
    presence,
  })
  const later = (ms: number) => context.setTime(context.now() + ms)
  return { context, adoption, host, world, taken, adopted, arrived, owed, asked, answer, later }
}

test('a migration without a record is taken up when its destination answers our own question: it comes in there', () => {
  const { adoption, taken, asked, answer, later } = setUp()
  adoption.whereabouts(destination, answer(1, 'incoming'))
  assert.deepEqual(taken, [], 'nothing was asked')
  adoption.askedBy(destination, whereIs)
  const [round] = asked()
  assert.ok(round !== undefined)
  adoption.whereabouts(destination, answer(round - 1, 'incoming'))
  assert.deepEqual(taken, [], 'an old answer')
  adoption.whereabouts(destination, answer(round, 'incoming'))
  assert.deepEqual(taken, [destination])
  adoption.whereabouts(destination, answer(round, 'incoming'))
  later(limits.settlePollMs)
  assert.deepEqual(taken, [destination], 'once')
})

test('a copy that is handed over is taken up where a migration has paused it, and left where its owner has', () => {
  const handed = (pausedBy: KnownVm['pausedBy']): readonly string[] => {
    const { adoption, host, adopted } = setUp()
    host.vms.set(vm, { vm, name: 'web', state: 'paused', pausedBy } as KnownVm)
    const demand = { cpuMilli: 400, memoryMiB: 256 }
    adoption.handedOver(destination, { kind: 'hand-over', ...about, round: 1, demand, autostart: false })
    return adopted
  }
  assert.deepEqual([handed('migration'), handed('owner')], [[destination], []])
})

test('a job to another host is not taken up, and one whose action is known here, or open, is not asked about', () => {
  const { adoption, world, taken, asked, answer, later } = setUp()
  adoption.askedBy(destination, whereIs)
  for (const round of asked()) adoption.whereabouts(destination, answer(round, 'absent'))
  assert.deepEqual(taken, [])
  for (const known of [{ sent: false }, { closed: true }, { inMotion: true }]) {
    later(limits.settlePollMs)
    Object.assign(world, { sent: true, inMotion: false, closed: false, ...known })
    adoption.askedBy(destination, whereIs)
    assert.deepEqual(asked(), [], JSON.stringify(known))
  }
})

test('what changes between question and answer counts', () => {
  const { adoption, world, taken, asked, answer } = setUp()
  adoption.askedBy(destination, whereIs)
  const [round] = asked()
  world.inMotion = true
  adoption.whereabouts(destination, answer(round!, 'incoming'))
  assert.deepEqual(taken, [])
})

test('a VM that runs here by a word of which no record is left may be let run by its source once more', () => {
  const { context, adoption, arrived } = setUp()
  const round = () => {
    const asked = context.takeEffects().find((effect) => effect.kind === 'inspect')
    return asked?.kind === 'inspect' ? asked.round : 0
  }
  const handOver: HandOver = { kind: 'hand-over', ...about, round: 0, demand: null, autostart: false }
  adoption.handedOver(destination, handOver)
  adoption.inspected(round(), 'absent')
  assert.deepEqual(arrived, [])
  adoption.handedOver(destination, handOver)
  adoption.inspected(round(), 'running')
  assert.deepEqual(arrived, [destination])
})

test('a question that is repeated is asked back once per round', () => {
  const { adoption, asked, later } = setUp()
  for (let i = 0; i < 10; i++) adoption.askedBy(destination, { ...whereIs, round: i })
  assert.equal(asked().length, 1)
  later(limits.settlePollMs)
  adoption.askedBy(destination, whereIs)
  assert.equal(asked().length, 1)
})

test('nothing is taken up by the word of a peer alone: a record is missing here, or one names that peer', () => {
  const demand = { cpuMilli: 400, memoryMiB: 256 }
  const handed = (known: { mayLack: boolean; arrivedFrom: HostId | undefined }): readonly string[] => {
    const { adoption, host, world, adopted } = setUp()
    Object.assign(world, known)
    host.vms.set(vm, { vm, name: 'web', state: 'paused', pausedBy: 'migration' } as KnownVm)
    adoption.handedOver(destination, { kind: 'hand-over', ...about, round: 1, demand, autostart: true })
    return adopted
  }
  assert.deepEqual(handed({ mayLack: false, arrivedFrom: undefined }), [])
  assert.deepEqual(handed({ mayLack: false, arrivedFrom: self }), [])
  assert.deepEqual(handed({ mayLack: false, arrivedFrom: destination }), [destination])
  assert.deepEqual(handed({ mayLack: true, arrivedFrom: undefined }), [destination])
})

test('what runs here is told to a peer that hands it over, and nothing is done with it where no record is missing', () => {
  const { context, adoption, world, arrived, owed } = setUp()
  world.mayLack = false
  const handOver: HandOver = { kind: 'hand-over', ...about, round: 0, demand: null, autostart: true }
  adoption.handedOver(destination, handOver)
  for (const effect of context.takeEffects())
    if (effect.kind === 'inspect') adoption.inspected(effect.round, 'running')
  assert.deepEqual([arrived, owed], [[], []])
  assert.deepEqual(
    context.takeEffects().map((effect) => effect.kind === 'send' && effect.message.kind),
    ['took-over'],
  )
})

test('what a peer hands over in vain again and again is taken up later each time, and by another peer at once', () => {
  const { context, adoption, host, adopted, later } = setUp()
  host.vms.set(vm, { vm, name: 'web', state: 'paused', pausedBy: 'migration' } as KnownVm)
  const demand = { cpuMilli: 400, memoryMiB: 256 }
  const handedOver = (from: HostId): number => {
    adoption.handedOver(from, { kind: 'hand-over', ...about, round: 1, demand, autostart: false })
    context.takeEffects()
    return adopted.splice(0).length
  }
  const inVain = (): void => adoption.ended(destination, vm, false)
  inVain()
  assert.equal(handedOver(destination), 1, 'its hypervisor may have hung')
  inVain()
  assert.deepEqual([handedOver(destination), handedOver(self)], [0, 1])
  later(limits.adoptAgainMsMin)
  assert.equal(handedOver(destination), 1)
  inVain()
  later(limits.adoptAgainMsMin)
  assert.equal(handedOver(destination), 0)
  adoption.ended(destination, vm, true)
  assert.equal(handedOver(destination), 1)
})
