// The phases of a migration, and what a death in each of them leaves: libvirt's truth, written down as a table.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { VmId } from '@drover/protocol'
import { type SmallWorld, smallWorld } from '../testing/small-world.ts'
import type { MigrationEnd, MigrationPhase, WorldEvent } from './events.ts'
import type { DeathFault } from './faults.ts'

const seconds = { beginMs: 1_000, prepareMs: 1_000, finishMs: 1_000, finishedMs: 1_000, confirmMs: 1_000 }
const phases: readonly MigrationPhase[] = ['begin', 'prepare', 'perform', 'finish', 'finished', 'confirm']

interface Moved extends SmallWorld {
  readonly id: VmId
  readonly events: readonly WorldEvent[]
  /** As `paused on h1`, in the order in which they came to be. */
  copies(): readonly string[]
  end(): MigrationEnd | undefined
}

/** `v` is ordered from h1 to h2 with a paused hand-over; 1024 MiB take 8.2 s. */
const ordered = (fault: DeathFault | null, times: Partial<typeof seconds> = seconds): Moved => {
  const small = smallWorld(2)
  const { world, vm, driver } = small
  const id = vm('v', 'h1')
  const events: WorldEvent[] = []
  world.events((event) => events.push(event))
  world.phases(times)
  if (fault !== null) world.fail({ fault })
  void driver('h1').migrate({ vm: id, to: 'sim://h2', handOverPaused: true, bandwidthMiBps: null })
  return {
    ...small,
    id,
    events,
    copies: () => world.vm(id).copies.map((copy) => `${copy.state} on ${copy.host}`),
    end: () => events.find((event) => event.kind === 'migration-ended')?.end,
  }
}

test('each phase takes its time, and both ends show what libvirt shows', async () => {
  const { clock, world, id, driver, copies } = ordered(null)
  const [h1, h2] = [driver('h1'), driver('h2')]
  const seen: unknown[] = []
  const look = async (ms: number): Promise<void> => {
    await clock.advance(ms)
    seen.push([world.migrations()[0]?.phase, await h1.locate(id), await h2.locate(id)])
  }
  await look(500)
  await look(1_000)
  await look(1_000)
  await look(8_192)
  assert.deepEqual(copies(), ['paused on h1', 'incoming on h2'])
  await look(1_000)
  await look(1_000)
  await look(1_000)
  assert.deepEqual(seen, [
    ['begin', 'outgoing', 'absent'],
    ['prepare', 'outgoing', 'incoming'],
    ['perform', 'outgoing', 'incoming'],
    ['finish', 'outgoing', 'incoming'],
    ['finished', 'outgoing', 'paused'],
    ['confirm', 'outgoing', 'paused'],
    [undefined, 'absent', 'paused'],
  ])
})

/** What is left 20 s after the death, in each phase. */
const outcomes = async (strike: (phase: MigrationPhase) => DeathFault, times = seconds) => {
  const found: Record<string, string> = {}
  for (const phase of phases) {
    const { clock, copies, end } = ordered(strike(phase), times)
    await clock.advance(40_000)
    found[phase] = `${end()}: ${copies().join(', ')}`
  }
  return found
}

const stayed = 'stayed: running on h1'
const moved = 'moved: paused on h2'

test("the source's daemon dies in each phase", async () => {
  const expected = {
    begin: stayed,
    prepare: stayed,
    perform: stayed,
    finish: 'grey: paused on h1',
    finished: 'grey: paused on h1, paused on h2',
    confirm: moved,
  }
  const strike = (phase: MigrationPhase) =>
    ({ kind: 'daemon-dies', end: 'source', phase, backMs: 3_000 }) as const
  assert.deepEqual(await outcomes(strike), expected)
  const instant = { beginMs: 0, prepareMs: 0, finishMs: 0, finishedMs: 0, confirmMs: 0 }
  assert.deepEqual(await outcomes(strike, instant), expected, 'a phase that takes no time is hit, too')
})

test("the destination's daemon dies in each phase", async () => {
  const strike = (phase: MigrationPhase, backMs: number) =>
    ({ kind: 'daemon-dies', end: 'destination', phase, backMs }) as const
  const expected = {
    begin: stayed,
    prepare: stayed,
    perform: stayed,
    finish: stayed,
    finished: 'split: running on h1, paused on h2',
    confirm: moved,
  }
  assert.deepEqual(await outcomes((phase) => strike(phase, 3_000)), expected)
  assert.deepEqual(await outcomes((phase) => strike(phase, 100)), { ...expected, begin: moved })
})

test('the source host dies in each phase, and comes back with what is defined there', async () => {
  const back = await outcomes((phase) => ({ kind: 'host-dies', end: 'source', phase, backMs: 3_000 }))
  const lost = 'lost: running on h1'
  const both = 'grey: running on h1, paused on h2'
  assert.deepEqual(back, {
    begin: lost,
    prepare: lost,
    perform: lost,
    finish: lost,
    finished: both,
    confirm: both,
  })
})

test('the destination host dies in each phase', async () => {
  const found = await outcomes((phase) => ({ kind: 'host-dies', end: 'destination', phase, backMs: 3_000 }))
  assert.deepEqual(found, {
    begin: stayed,
    prepare: stayed,
    perform: stayed,
    finish: stayed,
    // The definition is there already, and does not say that it starts with its host before an agent sets it.
    finished: 'split: running on h1, shut on h2',
    confirm: 'moved: shut on h2',
  })
})

test('a definition that does not start with its host is no wish of the owner while the VM runs elsewhere', async () => {
  const { clock, world, id } = ordered({
    kind: 'host-dies',
    end: 'destination',
    phase: 'finished',
    backMs: 3_000,
  })
  await clock.advance(40_000)
  assert.equal(world.vm(id).wanted, 'running')
})

test('the two hypervisors lose each other in each phase', async () => {
  const found = await outcomes((phase) => ({ kind: 'link-dies', phase }))
  assert.deepEqual(found, {
    begin: stayed,
    prepare: stayed,
    perform: stayed,
    finish: stayed,
    finished: 'split: running on h1, paused on h2',
    confirm: moved,
  })
})

test('a cut that is healed before it is noticed only delays; one that lasts ends the migration late', async () => {
  for (const [healMs, expected] of [
    [10_000, moved],
    [60_000, stayed],
  ] as const) {
    const { clock, world, copies, end } = ordered(null, {})
    world.phases({ noticeMs: 30_000 })
    await clock.advance(4_000)
    world.cut('h1', 'h2')
    await clock.advance(9_000)
    assert.deepEqual([copies(), end()], [['running on h1', 'incoming on h2'], undefined])
    await clock.advance(healMs - 9_000)
    world.heal()
    await clock.advance(60_000)
    assert.equal(`${end()}: ${copies().join(', ')}`, expected)
  }
})

test('a dead source is noticed late at the destination, and a copy that is given up may linger', async () => {
  const dead = ordered({ kind: 'host-dies', end: 'source', phase: 'perform' })
  dead.world.phases({ noticeMs: 30_000 })
  await dead.clock.advance(20_000)
  assert.deepEqual(dead.copies(), ['shut on h1', 'incoming on h2'])
  await dead.clock.advance(30_000)
  assert.deepEqual(dead.copies(), ['shut on h1'])

  const { clock, world, copies, driver, id } = ordered(null)
  world.phases({ lingerMs: 2_000 })
  await clock.advance(4_000)
  world.byHand.abort(id)
  const h2 = driver('h2')
  assert.deepEqual(copies(), ['running on h1', 'incoming on h2'])
  assert.deepEqual(await h2.jobs(), [
    { vm: id, direction: 'incoming', sentMiB: null, memoryMiB: 1024, vcpus: 1 },
  ])
  await clock.advance(2_000)
  assert.deepEqual([copies(), await h2.locate(id)], [['running on h1'], 'absent'])
})

test('a phase that is over waits for a daemon that hangs; the guest stands still meanwhile', async () => {
  const { clock, world, id, copies } = ordered(null, {})
  await clock.advance(1)
  world.daemon('h2', 'hung')
  await clock.advance(20_000)
  assert.deepEqual([world.migrations()[0]?.phase, copies()], ['finish', ['paused on h1', 'incoming on h2']])
  world.daemon('h2', 'up')
  await clock.advance(1_000)
  assert.deepEqual(copies(), ['paused on h2'])
  assert.equal(world.vm(id).copies.length, 1)
})

test('a destination that hangs is connected to for as long as it hangs; an abort is heeded after that', async () => {
  for (const aborted of [false, true]) {
    const small = smallWorld(2)
    const id = small.vm('v', 'h1')
    const h1 = small.driver('h1')
    small.world.daemon('h2', 'hung')
    void h1.migrate({ vm: id, to: 'sim://h2', handOverPaused: false, bandwidthMiBps: null })
    await small.clock.advance(120_000)
    assert.equal(small.world.migrations()[0]?.phase, 'begin')
    if (aborted) await h1.abort(id)
    assert.equal(await h1.locate(id), 'outgoing')
    small.world.daemon('h2', 'up')
    await small.clock.advance(20_000)
    assert.equal(await h1.locate(id), aborted ? 'running' : 'absent')
  }
})

test('what does not fit any more when the destination is asked is refused then', async () => {
  const { clock, vm, copies, end } = ordered(null)
  await clock.advance(500)
  vm('big', 'h2', { memoryMiB: 32_000 })
  await clock.advance(1_000)
  assert.deepEqual([end(), copies()], ['stayed', ['running on h1']])
})

test('a lock on the disks keeps the source from going on, and from starting it anew, while the copy runs', async () => {
  for (const kind of ['link-dies', 'host-dies'] as const) {
    const { clock, world, vm, driver } = smallWorld(2)
    const id = vm('v', 'h1', { diskLocked: true })
    world.fail({ fault: { kind, end: 'source', phase: 'finished', backMs: 3_000 } })
    const h1 = driver('h1')
    void h1.migrate({ vm: id, to: 'sim://h2', handOverPaused: false, bandwidthMiBps: null })
    await clock.advance(30_000)
    const states = world.vm(id).copies.map((copy) => copy.state)
    assert.deepEqual(states, [kind === 'link-dies' ? 'paused' : 'shut', 'running'])
    await assert.rejects(h1.resume(id), { code: 'hypervisor.refused' })
  }
})
