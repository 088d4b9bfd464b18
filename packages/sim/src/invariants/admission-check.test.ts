// S9: what a host could know when it promised room. A request may be read late, owners start VMs, and nothing measures a VM on its
// way; what drover itself starts has to fit, too.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { asVmId, type ObservedVm } from '@drover/protocol'
import {
  actionOf,
  epoch,
  migrates,
  opened,
  openMigration,
  partitionIdOf,
  says,
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

const seen = (vm: string): ObservedVm => ({
  vm: asVmId(vm),
  name: vm,
  state: 'running',
  pausedBy: null,
  cpuMilli: 6_000,
  vcpus: 8,
  memoryMiB: 1_024,
  dirtyMiBps: 0,
  incarnation: '1',
  fixed: null,
  diskLocked: false,
  autostart: false,
})

/** h2 promises room for `a`, at 10 s, and its owner starts `b` there so many ms after that; h2 is shown it half a second later. */
const started = async (afterMs: number, resumed = false): Promise<readonly string[]> => {
  const { step, leased, driver, clock, found, world, ...agents } = watchedAgents(2)
  agents.born('h1')
  agents.born('h2')
  agents.vm('a', 'h1', { vcpus: 4, cpuMilli: 3_000 })
  const b = agents.vm('b', 'h2', { vcpus: 8, cpuMilli: 6_000, state: resumed ? 'paused' : 'shut' })
  await clock.advance(Math.min(10_000, 10_000 + afterMs))
  const start = async (): Promise<void> => {
    if (resumed) world.byHand.resume(b, 'h2')
    else world.byHand.start(b, 'h2')
    await clock.advance(500)
    step('h2', { kind: 'observed', askedAt: 0, vms: [seen('b')] }, null)
  }
  if (afterMs < 0) await start()
  await clock.advance(10_000 - clock.now())
  const admitted = { kind: 'admitted', partition, epoch: 1, action: actionOf(partition) }
  step('h2', tick, null, opened(openMigration('arrival', partition, vm)), says('h1', admitted as never))
  step('h1', tick, leased(partition, 1), epoch(1))
  await clock.advance(Math.max(0, afterMs))
  if (afterMs >= 0) await start()
  step(
    'h1',
    tick,
    leased(partition, 1),
    opened(openMigration('departure', partition, vm)),
    migrates(partition, vm),
  )
  void driver('h1').migrate({ vm, to: 'sim://h2', handOverPaused: true, bandwidthMiBps: null })
  await clock.advance(100)
  return found().filter((text) => text.startsWith('S9'))
}

test('S9: what an owner starts counts from when its host was shown it', async () => {
  for (const resumed of [false, true]) {
    assert.deepEqual(await started(1_000, resumed), [])
    assert.deepEqual(await started(-1_000, resumed), tooMuch)
  }
})

test('S9: of a VM that has just arrived, what was promised counts, however long it was on its way', async () => {
  for (const [grownMs, expected] of [
    [-1_000, []],
    [-21_000, ['S9 b was let in by h2: 9000 of 8000 cpuMilli usable, counting all promised']],
  ] as const) {
    const { driver, clock, found, world, ...agents } = watchedAgents(3, { staleMs: 20_000 })
    const a = agents.vm('a', 'h1', { vcpus: 8, cpuMilli: 1_000, memoryMiB: 8_192 })
    agents.vm('b', 'h3', { vcpus: 4, cpuMilli: 3_000 })
    await clock.advance(30_000 + grownMs)
    world.setCpu(a, 6_000)
    await clock.advance(30_000 - clock.now())
    void driver('h1').migrate({ vm, to: 'sim://h2', handOverPaused: false, bandwidthMiBps: null })
    await clock.advance(70_000)
    assert.deepEqual(world.migrations(), [])
    void driver('h3').migrate({
      vm: asVmId('b'),
      to: 'sim://h2',
      handOverPaused: false,
      bandwidthMiBps: null,
    })
    await clock.advance(100)
    assert.deepEqual(found(), expected)
  }
})

test('S9: of a VM that was paused, what was measured before counts, for a while', async () => {
  for (const [pausedMs, expected] of [
    [40_000, []],
    [81_000, ['S9 a was let in by h2: 9000 of 8000 cpuMilli usable, counting all promised']],
  ] as const) {
    const { driver, clock, found, world, ...agents } = watchedAgents(2, { staleMs: 20_000 })
    agents.vm('a', 'h1', { vcpus: 4, cpuMilli: 1_000 })
    agents.vm('b', 'h2', { vcpus: 8, cpuMilli: 6_000 })
    await clock.advance(30_000)
    world.byHand.pause(vm, 'h1')
    world.setCpu(vm, 3_000)
    await clock.advance(pausedMs)
    world.byHand.resume(vm, 'h1')
    void driver('h1').migrate({ vm, to: 'sim://h2', handOverPaused: false, bandwidthMiBps: null })
    await clock.advance(100)
    assert.deepEqual(found(), expected)
  }
})

test('S9: a copy that waits for its hand-over counts', async () => {
  const { step, driver, clock, found, ...agents } = watchedAgents(3)
  agents.born('h2')
  agents.vm('a', 'h1', { vcpus: 8, cpuMilli: 6_000 })
  agents.vm('b', 'h3', { vcpus: 4, cpuMilli: 3_000 })
  await clock.advance(20_000)
  step('h2', tick, null, opened(openMigration('arrival', partition, vm)))
  void driver('h1').migrate({ vm, to: 'sim://h2', handOverPaused: true, bandwidthMiBps: null })
  await clock.advance(20_000)
  void driver('h3').migrate({
    vm: asVmId('b'),
    to: 'sim://h2',
    handOverPaused: true,
    bandwidthMiBps: null,
  })
  await clock.advance(100)
  assert.deepEqual(found(), ['S9 b was let in by h2: 9000 of 8000 cpuMilli usable, counting all promised'])
})

test('S9: what drover starts or resumes has to fit', async () => {
  for (const kind of ['start', 'resume'] as const)
    for (const [cpuMilli, expected] of [
      [5_000, []],
      [6_000, ['S9 b was let in by h1: 9000 of 8000 cpuMilli usable, counting all promised']],
    ] as const) {
      const { step, leased, driver, clock, found, world, ...agents } = watchedAgents(1)
      agents.born('h1')
      agents.vm('a', 'h1', { vcpus: 8, cpuMilli })
      const b = agents.vm('b', 'h1', {
        vcpus: 4,
        cpuMilli: 3_000,
        state: kind === 'start' ? 'shut' : 'running',
      })
      world.byHand.want(b, 'managed')
      if (kind === 'resume') await driver('h1').save(b)
      step('h1', { kind: 'observed', askedAt: 0, vms: [seen('a')] }, null)
      await clock.advance(20_000)
      const of = partitionIdOf('h1', 1)
      const action = actionOf(of)
      const open = {
        kind,
        action,
        partition: of,
        epoch: 1,
        vm: b,
        name: 'b',
        demand: { cpuMilli: 0, memoryMiB: 0 },
      }
      step(
        'h1',
        tick,
        leased(of, 1),
        { kind: 'persist', record: { kind: 'opened', open } },
        { kind: 'perform', action, operation: { kind, vm: b } },
      )
      await (kind === 'start' ? driver('h1').start(b) : driver('h1').restore(b))
      assert.deepEqual(
        found().filter((text) => text.startsWith('S9')),
        expected,
      )
    }
})

test('S9: what an owner restarts is not let in by its host, though drover had asked to move it, in vain', async () => {
  const { step, leased, driver, clock, found, world, ...agents } = watchedAgents(2)
  agents.born('h1')
  agents.vm('a', 'h1', { vcpus: 4, cpuMilli: 3_000 })
  agents.vm('b', 'h1', { vcpus: 8, cpuMilli: 6_000 })
  step('h1', { kind: 'observed', askedAt: 0, vms: [seen('a'), seen('b')] }, null)
  await clock.advance(20_000)
  world.fail({ fault: { kind: 'refuse' } })
  const lease = leased(partition, 1)
  step(
    'h1',
    tick,
    lease,
    epoch(1),
    opened(openMigration('departure', partition, vm)),
    migrates(partition, vm),
  )
  void driver('h1').migrate({ vm, to: 'sim://h2', handOverPaused: true, bandwidthMiBps: null })
  await clock.advance(100)
  assert.equal(world.owner.restart(vm), null)
  assert.deepEqual(
    found().filter((text) => text.startsWith('S9')),
    [],
  )
})

test('S9: while its hypervisor is silent, what a host was shown before counts, for a minute', async () => {
  const full = 'S9 a was let in by h2: 9000 of 8000 cpuMilli usable, counting all promised'
  for (const [silentMs, reborn, expected] of [
    [40_000, false, []],
    [40_000, true, [full]],
    [61_000, false, [full]],
  ] as const) {
    const { step, driver, clock, found, world, ...agents } = watchedAgents(2, { staleMs: 20_000 })
    agents.born('h2')
    agents.vm('a', 'h1', { vcpus: 4, cpuMilli: 3_000 })
    const b = agents.vm('b', 'h2', { vcpus: 8, cpuMilli: 1_000 })
    await clock.advance(30_000)
    step('h2', { kind: 'observed', askedAt: 0, vms: [seen('b')] }, null)
    await clock.advance(1_000)
    world.setCpu(b, 6_000)
    await clock.advance(silentMs - 1_000)
    if (reborn) agents.born('h2')
    step('h2', { kind: 'observed', askedAt: 0, vms: [{ ...seen('b'), cpuMilli: null }] }, null)
    void driver('h1').migrate({ vm, to: 'sim://h2', handOverPaused: true, bandwidthMiBps: null })
    await clock.advance(100)
    assert.deepEqual(
      found().filter((text) => text.startsWith('S9')),
      expected,
    )
  }
})

/** An owner moves `b` to h2 at 10 s, h2 is told of that half a second later, and promises room for `a` so long after the move. */
const movedByOwner = async (afterMs: number, cpuMilli: number): Promise<readonly string[]> => {
  const { step, leased, driver, clock, found, world, ...agents } = watchedAgents(3, {
    staleMs: 20_000,
    migrationsInMax: 1,
  })
  agents.born('h1')
  agents.born('h2')
  agents.vm('a', 'h1', { vcpus: 4, cpuMilli: 3_000 })
  const b = agents.vm('b', 'h3', { vcpus: 8, cpuMilli, memoryMiB: 8_192 })
  step('h1', tick, leased(partition, 1), epoch(1))
  await clock.advance(10_000)
  assert.equal(world.owner.move(b, 'h2'), null)
  const tells = async (): Promise<void> => {
    const incoming = [{ vm: b, memoryMiB: 8_192, vcpus: 8 }]
    await clock.advance(10_500 - clock.now())
    step('h2', { kind: 'jobs', askedAt: 0, outgoing: [], incoming }, null)
  }
  if (afterMs > 500) await tells()
  await clock.advance(10_000 + afterMs - clock.now())
  const admitted = { kind: 'admitted', partition, epoch: 1, action: actionOf(partition) }
  step('h2', tick, null, opened(openMigration('arrival', partition, vm)), says('h1', admitted as never))
  if (afterMs <= 500) await tells()
  const lease = leased(partition, 1)
  step('h1', tick, lease, opened(openMigration('departure', partition, vm)), migrates(partition, vm))
  void driver('h1').migrate({ vm, to: 'sim://h2', handOverPaused: true, bandwidthMiBps: null })
  await clock.advance(100)
  return found().filter((text) => text.startsWith('S9') || text.startsWith('Q2'))
}

test('S9, Q2: what an owner moves to a host counts there from when its agent was told of it', async () => {
  const twice = 'Q2 2 migrations enter h2 at once, 1 allowed'
  assert.deepEqual(await movedByOwner(400, 6_000), [])
  assert.deepEqual(await movedByOwner(1_000, 6_000), [...tooMuch, twice])
  assert.deepEqual(await movedByOwner(1_000, 1_000), [twice])
})

/** `a` has come to h2, and its source does not know yet; then `b` begins to move there. `recorded`: h2 expects `a` by its journal. */
const beside = async (recorded: boolean): Promise<readonly string[]> => {
  const { step, driver, clock, found, world, ...agents } = watchedAgents(3, { migrationsInMax: 1 })
  agents.born('h2')
  agents.vm('a', 'h1', { vcpus: 4, cpuMilli: 1_000, memoryMiB: 256 })
  agents.vm('b', 'h3', { vcpus: 4, cpuMilli: 1_000, memoryMiB: 256 })
  world.phases({ finishedMs: 60_000 })
  if (recorded) step('h2', tick, null, opened(openMigration('arrival', partition, vm)))
  void driver('h1').migrate({ vm, to: 'sim://h2', handOverPaused: true, bandwidthMiBps: null })
  await clock.advance(40_000)
  assert.deepEqual(
    world.migrations().map(({ phase }) => phase),
    ['finished'],
  )
  const b = { vm: asVmId('b'), to: 'sim://h2', handOverPaused: true, bandwidthMiBps: null } as const
  void driver('h3').migrate(b)
  await clock.advance(100)
  return found().filter((text) => text.startsWith('Q2'))
}

test('Q2: a copy that has come counts while it is expected; without a record nothing tells it from one that was left', async () => {
  assert.deepEqual(await beside(true), ['Q2 2 migrations enter h2 at once, 1 allowed'])
  assert.deepEqual(await beside(false), [])
})
