// The owner's hand, and the guest's own end: before, in and after a migration.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { VmId } from '@drover/protocol'
import { type SmallWorld, smallWorld } from '../testing/small-world.ts'
import type { MigrationEnd, MigrationPhase } from './events.ts'

interface Owned extends SmallWorld {
  readonly id: VmId
  readonly ends: readonly MigrationEnd[]
  /** What its owner wants, and where it is. */
  found(): string
}

/** `v` runs on h1; two hosts. */
const owned = (): Owned => {
  const small = smallWorld(2)
  const { world, vm } = small
  const id = vm('v', 'h1')
  const ends: MigrationEnd[] = []
  world.events((event) => {
    if (event.kind === 'migration-ended') ends.push(event.end)
  })
  return {
    ...small,
    id,
    ends,
    found() {
      const { wanted, copies } = world.vm(id)
      return `${wanted}: ${copies.map((copy) => `${copy.state} on ${copy.host}`).join(', ')}`
    },
  }
}

test('its owner pauses, resumes, stops, starts, restarts and removes a VM; it is wanted so from then on', () => {
  const { world, id, found } = owned()
  const { owner } = world
  const { incarnation } = world.inside.state.vms.get(id)!.copies.values().next().value!
  const done: (readonly [string | null, string])[] = []
  for (const deed of ['pause', 'resume', 'stop', 'start', 'restart', 'remove'] as const)
    done.push([owner[deed](id), found()])
  assert.deepEqual(done, [
    [null, 'paused: paused on h1'],
    [null, 'running: running on h1'],
    [null, 'shut: shut on h1'],
    [null, 'running: running on h1'],
    [null, 'running: running on h1'],
    [null, 'shut: '],
  ])
  assert.equal(incarnation, 'h1.1')
})

test('what libvirt would refuse is not done, and why is said', () => {
  const { world, id, vm } = owned()
  const { owner } = world
  assert.deepEqual(
    [owner.resume(id), owner.start(id), owner.move(id, 'h1')],
    ['it runs', 'it is active', 'the destination is the source'],
  )
  owner.stop(id)
  assert.deepEqual([owner.pause(id), owner.stop(id)], ['it is not active', 'it is not active'])
  vm('big', 'h1', { memoryMiB: 32_000 })
  assert.equal(owner.start(id), 'its memory cannot be allocated')
  world.daemon('h1', 'hung')
  assert.equal(owner.start(id), 'no hypervisor has it')
})

test('an owner moves a VM, and drover is told of no failure of its own when its request finds that job', async () => {
  const { clock, world, id, driver, ends } = owned()
  const refusals: boolean[] = []
  world.events((event) => {
    if (event.kind === 'migration-refused') refusals.push(event.byHand)
  })
  assert.equal(world.owner.move(id, 'h2'), null)
  assert.equal(world.migrations()[0]?.byHand, true)
  const request = { vm: id, to: 'sim://h2', handOverPaused: true, bandwidthMiBps: null }
  const result = await driver('h1').migrate(request)
  assert.deepEqual([result.kind, 'code' in result && result.code], ['unknown', 'vm.job_active'])
  assert.deepEqual(refusals, [true])
  await clock.advance(20_000)
  assert.deepEqual([ends, world.vm(id).copies.map((copy) => copy.state)], [['moved'], ['running']])
})

test("an owner's deeds during a migration: what becomes of it, and of the VM", async () => {
  const outcome = async (deed: 'pause' | 'stop' | 'restart' | 'remove', phase: MigrationPhase) => {
    const { clock, world, id, ends, found } = owned()
    world.phases({ beginMs: 1_000, prepareMs: 1_000, finishMs: 1_000, finishedMs: 1_000, confirmMs: 1_000 })
    world.owner.move(id, 'h2')
    while (world.migrations()[0]?.phase !== phase) await clock.advance(100)
    const vain = world.owner[deed](id)
    await clock.advance(30_000)
    return `${vain ?? 'done'}; ${ends.join()}; ${found()}`
  }
  const moved = 'moved; running: running on h2'
  const late = 'it is stopped for the switch-over; moved; running: running on h2'
  for (const phase of ['begin', 'prepare', 'perform'] as const) {
    assert.equal(await outcome('stop', phase), 'done; lost; shut: shut on h1')
    assert.equal(await outcome('restart', phase), 'done; lost; running: running on h1')
    assert.equal(await outcome('remove', phase), 'done; lost; shut: ')
  }
  for (const phase of ['finish', 'finished', 'confirm'] as const)
    for (const deed of ['stop', 'restart', 'remove'] as const) assert.equal(await outcome(deed, phase), late)
  assert.equal(await outcome('pause', 'finish'), `it does not run; ${moved}`)
  // libvirt forgets it: the copy runs.
  assert.equal(await outcome('pause', 'perform'), 'done; moved; paused: running on h2')
})

test('of a VM that migrates while an old copy of it is paused elsewhere, its owner stops or starts neither', async () => {
  const { clock, world, vm, driver } = smallWorld(3)
  const { owner } = world
  const id = vm('v', 'h1')
  const migrate = (from: string, to: string) =>
    driver(from).migrate({ vm: id, to: `sim://${to}`, handOverPaused: false, bandwidthMiBps: null })
  const found = () => world.vm(id).copies.map(({ state, host }) => `${state} on ${host}`)
  world.fail({ fault: { kind: 'split' } })
  const split = driver('h1').migrate({ vm: id, to: 'sim://h2', handOverPaused: true, bandwidthMiBps: null })
  await clock.advance(20_000)
  await split
  const moved = migrate('h1', 'h3')
  await clock.advance(20_000)
  await moved
  assert.deepEqual(found(), ['paused on h2', 'running on h3'])
  const back = migrate('h3', 'h1')
  await clock.advance(100)
  const two = 'it has two active copies'
  for (const deed of ['restart', 'stop', 'remove', 'pause', 'resume'] as const)
    assert.equal(owner[deed](id), two)
  assert.deepEqual(found(), ['paused on h2', 'running on h3', 'incoming on h1'])
  await clock.advance(20_000)
  assert.deepEqual([(await back).kind, found()], ['done', ['paused on h2', 'running on h1']])
})
