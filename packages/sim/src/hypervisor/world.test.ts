// One simulated host after another: what VMs want and get, how long they take to move, and what becomes of them when
// something dies on the way.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { MigrationProgress, MigrationResult } from '@drover/agent/runtime'
import { asVmId } from '@drover/protocol'
import { smallWorld } from '../testing/small-world.ts'
import { manualClock } from '../time/clock.ts'
import type { MigrationEnd } from './events.ts'
import { simulatedHypervisor } from './simulated.ts'
import { createWorld } from './world.ts'

const to = (host: string, changes = {}) => ({
  to: `sim://${host}`,
  handOverPaused: false,
  bandwidthMiBps: null,
  ...changes,
})

/** Begins a migration and remembers how it ended, without waiting. */
const follow = (going: Promise<MigrationResult>): { readonly result: MigrationResult | null } => {
  const ended: MigrationResult[] = []
  void going.then((result) => {
    ended.push(result)
  })
  return {
    get result() {
      return ended[0] ?? null
    },
  }
}

test('on an over-full host every VM gets less, and the sample still says what it wants', async () => {
  const { clock, world, vm, driver } = smallWorld(1)
  for (let i = 0; i < 10; i++) vm(`v${i}`, 'h1', { vcpus: 2, cpuMilli: 500 })
  const h1 = driver('h1')
  assert.equal((await h1.sample()).vms[0]?.cpuMilli, null)
  await clock.advance(1_000)
  assert.equal((await h1.sample()).vms[0]?.cpuMilli, 500)

  for (const { vm: id } of world.vms()) world.setCpu(id, 1_000)
  await clock.advance(1_000)
  const { vms, pressure } = await h1.sample()
  assert.deepEqual(new Set(vms.map((v) => v.cpuMilli)), new Set([1_000]))
  assert.deepEqual(world.host('h1').demand, { cpuMilli: 10_000, memoryMiB: 10_240 })
  assert.equal(pressure?.cpu, 20) // 8 of 10 cores served
  await h1.close()
})

test('a demand that changes between two samples is told as its mean', async () => {
  const { clock, world, vm, driver } = smallWorld(1)
  const id = vm('v', 'h1', { cpuMilli: 200 })
  const h1 = driver('h1')
  await h1.sample()
  await clock.advance(500)
  world.setCpu(id, 800)
  await clock.advance(500)
  assert.equal((await h1.sample()).vms[0]?.cpuMilli, 500)
})

test('a demand can follow time, and is capped by the vCPUs', async () => {
  const { clock, world, vm } = smallWorld(1)
  const id = vm('v', 'h1', { cpuMilli: 0 })
  const stop = world.follow(id, (nowMs) => nowMs, 100)
  await clock.advance(450)
  assert.equal(world.vm(id).cpuMilli, 400)
  await clock.advance(5_000)
  assert.equal(world.vm(id).cpuMilli, 1_000)
  stop()
  assert.equal(clock.pending, 0)
})

test('memory and dirty rate decide how long a migration takes: 8.19 s / (1 − share rewritten)', async () => {
  // As VMPlaceS has it: 1024 MiB at 125 MiB/s; VMs of every dirty class at 60 % load.
  for (const dirty of [0.1, 0.3, 0.5]) {
    const { clock, world, vm, driver } = smallWorld(2)
    const id = vm('v', 'h1', { cpuMilli: 600, dirtyMiBps: (granted) => (granted / 1_000) * dirty * 125 })
    const seen = follow(driver('h1').migrate({ vm: id, ...to('h2') }))
    await clock.advance(1)
    while (world.migrations().length > 0) await clock.advance(10)
    const expectedMs = (1_024 / 125 / (1 - 0.6 * dirty)) * 1_000
    assert.equal(seen.result?.kind, 'done')
    assert.ok(Math.abs(clock.now() - expectedMs) < 0.03 * expectedMs, `${clock.now()} for ${expectedMs}`)
  }
})

test('a guest that rewrites faster than the link sends never arrives, until it is allowed more', async () => {
  const { clock, vm, driver } = smallWorld(2)
  const id = vm('v', 'h1', { dirtyMiBps: 150 })
  const h1 = driver('h1')
  const seen = follow(h1.migrate({ vm: id, ...to('h2') }))
  await clock.advance(600_000)
  assert.deepEqual([seen.result], [null])
  await h1.limit(id, 1_000)
  await clock.advance(10_000)
  assert.deepEqual(seen.result?.kind, 'done')
  assert.equal(clock.pending, 0)
})

test('two migrations over one link take twice as long', async () => {
  const { clock, vm, driver } = smallWorld(3)
  const [a, b] = [vm('a', 'h1'), vm('b', 'h1')]
  const h1 = driver('h1')
  const first = follow(h1.migrate({ vm: a, ...to('h2', { bandwidthMiBps: 2_000 }) }))
  const second = follow(h1.migrate({ vm: b, ...to('h3', { bandwidthMiBps: 2_000 }) }))
  await clock.advance(1_600) // 2048 MiB over 1250 MiB/s: 1638 ms
  assert.deepEqual([first.result, second.result], [null, null])
  await clock.advance(60)
  assert.deepEqual([first.result?.kind, second.result?.kind], ['done', 'done'])
})

test('on a busy machine timers fire late; migrations take as long as they take, all of them', async () => {
  // Seen with 64 agents in one process: each timer that fired disarmed those of the others, and some never came.
  const clock = manualClock()
  const lateMs = 50
  const late = (ms: number): number => (Math.floor((clock.now() + ms) / lateMs) + 1) * lateMs - clock.now()
  const world = createWorld({ clock: { now: clock.now, after: (ms, fn) => clock.after(late(ms), fn) } })
  const results: MigrationEnd[] = []
  world.events((event) => event.kind === 'migration-ended' && results.push(event.end))
  for (let i = 0; i < 8; i++) {
    for (const name of [`from${i}`, `to${i}`])
      world.addHost({ name, capacity: { cpuMilli: 8_000, memoryMiB: 32_768 } })
    const vm = asVmId(`v${i}`)
    world.addVm({
      vm,
      name: vm,
      host: `from${i}`,
      vcpus: 1,
      memoryMiB: 1_024,
      cpuMilli: 500,
      dirtyMiBps: 30 + i,
    })
    const source = simulatedHypervisor(world, `from${i}`)
    source.open()
    void source.migrate({ vm, ...to(`to${i}`, { bandwidthMiBps: 500 }) })
  }
  await clock.advance(3_000) // 2.05 s / (1 − 37 / 500), and a few late timers
  assert.deepEqual(results, Array(8).fill('moved'))
})

test('progress is told while it goes, and both ends say what they see', async () => {
  const { clock, vm, driver } = smallWorld(2)
  const id = vm('v', 'h1')
  const [h1, h2] = [driver('h1'), driver('h2')]
  const told: MigrationProgress[] = []
  const seen = follow(h1.migrate({ vm: id, ...to('h2') }, (progress) => told.push(progress)))
  await clock.advance(4_000)
  assert.deepEqual(await h1.jobs(), [
    { vm: id, direction: 'outgoing', sentMiB: 500, memoryMiB: null, vcpus: null },
  ])
  assert.deepEqual(await h2.jobs(), [
    { vm: id, direction: 'incoming', sentMiB: null, memoryMiB: 1024, vcpus: 1 },
  ])
  assert.deepEqual(
    [await h1.locate(id), await h2.locate(id), await h1.locate(id, 'sim://h2')],
    ['outgoing', 'incoming', 'incoming'],
  )
  assert.equal((await h2.sample()).vms.length, 0)
  await clock.advance(5_000)
  assert.equal(seen.result?.kind, 'done')
  assert.deepEqual([await h1.locate(id), await h2.locate(id)], ['absent', 'running'])
  assert.ok(told.length > 10)
  assert.ok(told.every((p, i) => p.transferredMiB >= (told[i - 1]?.transferredMiB ?? 0)))
  assert.equal(told.at(-1)?.totalMiB, 1_024)
})

test('a paused hand-over waits on the destination until it is resumed there', async () => {
  const { clock, world, vm, driver } = smallWorld(2)
  const id = vm('v', 'h1')
  const [h1, h2] = [driver('h1'), driver('h2')]
  const seen = follow(h1.migrate({ vm: id, ...to('h2', { handOverPaused: true }) }))
  await clock.advance(10_000)
  assert.equal(seen.result?.kind, 'done')
  assert.equal(await h2.locate(id), 'paused')
  await h2.resume(id)
  await h2.resume(id) // no error
  assert.equal(world.vm(id).copies[0]?.state, 'running')
})

test('a migration goes on when its agent dies', async () => {
  const { clock, vm, driver } = smallWorld(2)
  const id = vm('v', 'h1')
  const h1 = driver('h1')
  const seen = follow(h1.migrate({ vm: id, ...to('h2') }))
  await clock.advance(2_000)
  await h1.close()
  await clock.advance(1)
  assert.equal(seen.result?.kind, 'unknown')
  const again = driver('h1')
  assert.deepEqual(await again.jobs(), [
    { vm: id, direction: 'outgoing', sentMiB: 250, memoryMiB: null, vcpus: null },
  ])
  await clock.advance(8_000)
  assert.equal(await again.locate(id), 'absent')
  assert.equal(await again.locate(id, 'sim://h2'), 'running')
})

test('the destination dies: the VM stays; the source dies: the VM is lost with it, and back with it', async () => {
  const { clock, world, vm, driver } = smallWorld(3)
  const [a, b] = [vm('a', 'h1'), vm('b', 'h2')]
  const first = follow(driver('h1').migrate({ vm: a, ...to('h3') }))
  const second = follow(driver('h2').migrate({ vm: b, ...to('h1') }))
  await clock.advance(2_000)
  world.killHost('h3')
  world.killHost('h2')
  await clock.advance(1)
  assert.equal(first.result?.kind, 'refused')
  assert.equal(second.result?.kind, 'unknown')
  assert.deepEqual(world.host('h1').vms, [a])
  assert.deepEqual(world.vm(b).copies, [
    { host: 'h2', state: 'shut', pausedBy: null, defined: true, autostart: true, lostWithHost: true },
  ])
  world.bootHost('h2')
  assert.deepEqual(world.host('h2').vms, [b])
})

test('a VM that was paused when its host lost power runs after the boot, and is wanted so; one paused elsewhere is not', async () => {
  const { clock, world, vm, driver } = smallWorld(2)
  const id = vm('v', 'h1')
  world.owner.pause(id)
  world.killHost('h1')
  assert.equal(world.vm(id).wanted, 'paused')
  world.bootHost('h1')
  assert.equal(world.vm(id).wanted, 'running')
  assert.deepEqual(world.host('h1').vms, [id])
  world.fail({ fault: { kind: 'grey', destination: 'paused' } })
  follow(driver('h1').migrate({ vm: id, to: 'sim://h2', handOverPaused: true, bandwidthMiBps: null }))
  await clock.advance(20_000)
  world.byHand.pause(id, 'h2')
  world.killHost('h1')
  world.bootHost('h1')
  assert.equal(world.vm(id).wanted, 'paused')
})

test('the daemon dies: calls fail, VMs go on, and the driver says when it is back', async () => {
  const { clock, world, vm, driver } = smallWorld(2)
  const id = vm('v', 'h1')
  const h1 = driver('h1')
  const told: string[] = []
  h1.events((event) => told.push(event.kind))
  await clock.advance(1)
  world.daemon('h1', 'down')
  assert.equal(h1.connected, false)
  assert.match(h1.trouble ?? '', /does not answer/)
  await assert.rejects(h1.sample(), { code: 'hypervisor.unreachable' })
  await assert.rejects(driver('h2').locate(id, 'sim://h1'), { code: 'hypervisor.unreachable' })
  assert.equal(world.vm(id).copies[0]?.state, 'running')
  world.daemon('h1', 'up')
  assert.equal(await h1.locate(id), 'running')
  assert.deepEqual(told, ['connected', 'disconnected', 'connected'])
})

test('a call to a hung daemon fails after its time-out', async () => {
  const { clock, world, driver } = smallWorld(1)
  const h1 = driver('h1', { timeoutMs: 2_000 })
  world.daemon('h1', 'hung')
  const failing = assert.rejects(h1.sample(), { code: 'hypervisor.timeout' })
  await clock.advance(2_000)
  await failing
})

test('every way to fail, and what the driver says after it has looked', async () => {
  const stories = [
    [{ kind: 'refuse' }, 'refused', 'running', 'absent'],
    [{ kind: 'abort', atPermille: 500 }, 'refused', 'running', 'absent'],
    [{ kind: 'abort', atPermille: 1_000 }, 'refused', 'running', 'absent'],
    [{ kind: 'hang', atPermille: 300 }, undefined, 'outgoing', 'incoming'],
    [{ kind: 'late', delayMs: 20_000 }, 'done', 'absent', 'running'],
    [{ kind: 'timeout', afterMs: 5_000 }, 'unknown', 'absent', 'running'],
    [{ kind: 'fail-after-success' }, 'done', 'absent', 'running'],
    [{ kind: 'grey', destination: 'paused' }, 'unknown', 'paused', 'paused'],
    [{ kind: 'grey', destination: 'running' }, 'unknown', 'paused', 'running'],
    [{ kind: 'grey', destination: 'gone' }, 'unknown', 'paused', 'absent'],
    [{ kind: 'split' }, 'refused', 'running', 'running'],
  ] as const
  for (const [fault, kind, here, there] of stories) {
    const { clock, world, vm, driver } = smallWorld(2)
    const id = vm('v', 'h1')
    const h1 = driver('h1')
    world.fail({ fault, vm: id })
    const seen = follow(h1.migrate({ vm: id, ...to('h2') }))
    await clock.advance(60_000)
    const found = [seen.result?.kind, await h1.locate(id), await h1.locate(id, 'sim://h2')]
    assert.deepEqual(found, [kind, here, there], JSON.stringify(fault))
  }
})

test('a request that lies unread begins without its sender, and dies with the daemon that has it', async () => {
  for (const [killed, there] of [
    [false, 'running'],
    [true, 'absent'],
  ] as const) {
    const { clock, world, vm, driver } = smallWorld(2)
    const id = vm('v', 'h1')
    const h1 = driver('h1')
    world.fail({ fault: { kind: 'late', delayMs: 5_000 } })
    void h1.migrate({ vm: id, ...to('h2') })
    await clock.advance(1_000)
    assert.deepEqual([await h1.locate(id), world.migrations()], ['running', []])
    await h1.close()
    if (killed) world.daemon('h1', 'down')
    world.daemon('h1', 'up')
    await clock.advance(30_000)
    assert.equal(await driver('h2').locate(id), there)
  }
})

test('a migration that hangs is ended by an abort, and by nothing else; a deaf one hears none', async () => {
  for (const deaf of [false, true]) {
    const { clock, world, vm, driver } = smallWorld(2)
    const id = vm('v', 'h1')
    const h1 = driver('h1')
    world.fail({ fault: { kind: 'hang', atPermille: 300, deaf }, vm: id })
    const seen = follow(h1.migrate({ vm: id, ...to('h2') }))
    await clock.advance(3_600_000)
    assert.deepEqual(await h1.jobs(), [
      { vm: id, direction: 'outgoing', sentMiB: 307, memoryMiB: null, vcpus: null },
    ])
    await h1.abort(id)
    await clock.advance(1)
    assert.equal(seen.result?.kind, deaf ? undefined : 'refused')
    assert.equal(await h1.locate(id), deaf ? 'outgoing' : 'running')
  }
})

test('paused hand-over (R2) keeps a lost finish from running the guest twice', async () => {
  const { clock, world, vm, driver } = smallWorld(2)
  const id = vm('v', 'h1')
  world.fail({ fault: { kind: 'split' } })
  const seen = follow(driver('h1').migrate({ vm: id, ...to('h2', { handOverPaused: true }) }))
  await clock.advance(10_000)
  assert.equal(seen.result?.kind, 'refused')
  assert.deepEqual(
    world.vm(id).copies.map((c) => c.state),
    ['running', 'paused'],
  )
})

test('a migration is refused: no such host, no room, another CPU, pinned, or twice at once', async () => {
  const { clock, world, vm, driver } = smallWorld(2)
  world.addHost({ name: 'old', capacity: { cpuMilli: 8_000, memoryMiB: 32_768 }, cpuBaseline: 'x86_64/old' })
  const [id, gpu] = [vm('v', 'h1'), vm('gpu', 'h1', { fixed: 'dev.hostdev' })]
  vm('big', 'h2', { memoryMiB: 32_000 })
  const h1 = driver('h1')
  const codes: string[] = []
  const attempt = async (request: Parameters<typeof h1.migrate>[0]): Promise<void> => {
    const result = await h1.migrate(request)
    codes.push(result.kind === 'done' ? 'done' : result.code)
  }
  await attempt({ vm: id, ...to('nowhere') })
  await attempt({ vm: id, ...to('h2') })
  await attempt({ vm: id, ...to('old') })
  await attempt({ vm: gpu, ...to('h2') })
  assert.deepEqual(codes, ['migration.failed', 'capacity.mem', 'cpu.incompatible', 'dev.hostdev'])
  world.addHost({ name: 'h3', capacity: { cpuMilli: 8_000, memoryMiB: 32_768 } })
  const first = follow(h1.migrate({ vm: id, ...to('h3') }))
  await clock.advance(10)
  await attempt({ vm: id, ...to('h3') })
  assert.equal(codes.at(-1), 'vm.job_active')
  await clock.advance(10_000)
  assert.equal(first.result?.kind, 'done')
})

test('a cut between two hypervisors breaks what crosses it, and third parties learn nothing across it', async () => {
  const { clock, world, vm, driver } = smallWorld(3)
  const id = vm('v', 'h1')
  const h1 = driver('h1')
  const seen = follow(h1.migrate({ vm: id, ...to('h2') }))
  await clock.advance(1_000)
  world.cut('h1', 'h2')
  await clock.advance(1)
  assert.equal(seen.result?.kind, 'refused')
  await assert.rejects(h1.locate(id, 'sim://h2'), { code: 'hypervisor.unreachable' })
  assert.equal(await driver('h3').locate(id, 'sim://h2'), 'absent')
  world.heal()
  assert.equal(await h1.locate(id, 'sim://h2'), 'absent')
})

test('save, restore, shut down and start change what is active, and the incarnation', async () => {
  const { world, vm, driver } = smallWorld(1)
  const id = vm('v', 'h1')
  const h1 = driver('h1')
  const before = (await h1.sample()).vms[0]?.incarnation
  await h1.save(id)
  assert.deepEqual(world.host('h1').demand, { cpuMilli: 0, memoryMiB: 0 })
  await assert.rejects(h1.start(id), { code: 'hypervisor.refused' })
  await h1.restore(id)
  assert.notEqual((await h1.sample()).vms[0]?.incarnation, before)
  await h1.shutdown(id)
  assert.equal(await h1.locate(id), 'shut')
  await h1.start(id)
  assert.equal(await h1.locate(id), 'running')
})
