// A checker that cannot fail proves nothing: each promise is broken on purpose, and the checker has to say so; and a
// day on which nothing is broken passes without a word.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { HostId, PartitionId, PeerView, VmId } from '@drover/protocol'
import { newCopy, putCopy } from '../hypervisor/state.ts'
import { type SmallWorld, smallWorld } from '../testing/small-world.ts'
import { type CheckerInit, createChecker } from './checker.ts'

const usable = () => ({ cpuMilli: 7_000, memoryMiB: 30_720 })
const watch = ({ world }: SmallWorld, changes: Partial<CheckerInit> = {}) =>
  createChecker({ world, usable, everyMs: null, ...changes })
const codes = (checker: ReturnType<typeof createChecker>): string[] =>
  checker.check().map((violation) => violation.invariant)
const move = (small: SmallWorld, name: string, from: string, to: string, handOverPaused = false) =>
  void small.driver(from).migrate({
    vm: small.world.vms().find((v) => v.name === name)!.vm,
    to: `sim://${to}`,
    handOverPaused,
    bandwidthMiBps: null,
  })

test('an ordinary day: overload, migration, a killed host and its return break nothing', async () => {
  const small = smallWorld(3)
  const a = small.vm('a', 'h1')
  small.vm('b', 'h2')
  const checker = watch(small)
  move(small, 'a', 'h1', 'h3')
  await small.clock.advance(10_000)
  small.world.setCpu(a, 900)
  small.world.killHost('h2')
  await small.clock.advance(1_000)
  small.world.bootHost('h2')
  assert.deepEqual(checker.checkAtRest(), [])
  checker.close()
})

/** A copy of a VM where no owner put one: a hypervisor did, or drover. */
const leave = ({ world }: SmallWorld, id: VmId, host: string, state: 'running' | 'shut'): void => {
  const { state: inside } = world.inside
  putCopy(newCopy(inside.vms.get(id)!, inside.hosts.get(host)!, state))
  inside.emit({ kind: 'vm', vm: id, host, what: state === 'shut' ? 'defined' : 'started' })
}

test('S1: a guest that runs twice is noticed at that instant, and told once', async () => {
  const small = smallWorld(2)
  const id = small.vm('a', 'h1')
  const checker = watch(small)
  leave(small, id, 'h2', 'running')
  assert.match(checker.violations()[0]?.text ?? '', /a runs on h1 and h2/)
  assert.deepEqual(codes(checker), ['S1', 'S3'])
  assert.deepEqual(codes(checker), ['S1', 'S3'])
})

test('S1, S3: a second copy that its owner starts by hand is not promised away, and what comes after it is', () => {
  const small = smallWorld(3)
  const id = small.vm('a', 'h1')
  const checker = watch(small)
  small.world.byHand.start(id, 'h2')
  assert.deepEqual(codes(checker), [])
  leave(small, id, 'h3', 'running')
  assert.deepEqual(codes(checker), ['S1', 'S3'])
})

test('S1: what a lost end and a boot made two stays two when one moves; an only copy that its owner started is promised', async () => {
  const small = smallWorld(3)
  const { world, clock, driver } = small
  const id = small.vm('a', 'h1')
  const other = small.vm('b', 'h1', { state: 'shut' })
  const checker = watch(small)
  world.fail({ fault: { kind: 'grey', destination: 'paused' } })
  move(small, 'a', 'h1', 'h2', true)
  await clock.advance(20_000)
  await driver('h2').resume(id)
  world.killHost('h1')
  world.bootHost('h1')
  move(small, 'a', 'h1', 'h3', true)
  await clock.advance(20_000)
  await driver('h3').resume(id)
  world.owner.start(other)
  assert.deepEqual(codes(checker), [])
  leave(small, other, 'h2', 'running')
  assert.match(checker.violations()[0]?.text ?? '', /b runs on h1 and h2/)
})

test('S1: the finish that libvirt may lose runs the guest twice unless it is handed over paused', async () => {
  for (const [paused, expected] of [
    [false, ['S1']],
    [true, []],
  ] as const) {
    const small = smallWorld(2)
    small.vm('a', 'h1')
    const checker = watch(small)
    small.world.fail({ fault: { kind: 'split' } })
    move(small, 'a', 'h1', 'h2', paused)
    await small.clock.advance(10_000)
    assert.deepEqual(codes(checker), expected)
  }
})

test('S2: a VM that drover stops, suspends or loses is missed', async () => {
  const small = smallWorld(1)
  const [a, b] = [small.vm('a', 'h1'), small.vm('b', 'h1')]
  const checker = watch(small)
  await small.driver('h1').shutdown(a)
  await small.driver('h1').save(b)
  assert.deepEqual(codes(checker), ['S2', 'S2'])
  small.world.byHand.want(a, 'shut')
  assert.equal(codes(checker).length, 2)
})

test('S2: a pause is undone by a request that lay unread then, and by none that an agent makes later', async () => {
  const small = smallWorld(2)
  const { world, clock, driver } = small
  const id = small.vm('a', 'h1')
  const checker = watch(small)
  move(small, 'a', 'h1', 'h2', true)
  await clock.advance(10_000)
  world.fail({ fault: { kind: 'late', call: 'resume', delayMs: 1_500 } })
  const late = driver('h2').resume(id)
  await clock.advance(1_000)
  await driver('h2').resume(id)
  world.owner.pause(id)
  await clock.advance(1_000)
  await late
  assert.equal(world.vm(id).copies[0]?.state, 'running')
  assert.deepEqual(codes(checker), [])
  world.owner.pause(id)
  await clock.advance(1)
  await driver('h2').resume(id)
  assert.deepEqual(codes(checker), ['S2'])
})

test('S2: what its owner has destroyed is not missed, until it runs again', async () => {
  const small = smallWorld(1)
  const id = small.vm('a', 'h1')
  const checker = watch(small)
  small.world.byHand.destroy(id, 'h1')
  assert.deepEqual(codes(checker), [])
  assert.deepEqual(checker.checkAtRest(), [])
  small.world.byHand.start(id, 'h1')
  await small.driver('h1').shutdown(id)
  assert.deepEqual(codes(checker), ['S2'])
})

test('S2: what its owner destroys on its way is not missed at any instant', async () => {
  for (const destroy of ['as its owner', 'by hand'] as const) {
    const small = smallWorld(2)
    const id = small.vm('a', 'h1')
    const checker = watch(small)
    move(small, 'a', 'h1', 'h2')
    await small.clock.advance(1_000)
    if (destroy === 'by hand') small.world.byHand.destroy(id, 'h1')
    else assert.equal(small.world.owner.remove(id), null)
    await small.clock.advance(20_000)
    assert.deepEqual([small.world.vm(id).copies, codes(checker)], [[], []], destroy)
  }
})

test('S2: a copy that is not resumed is no breach while things move, and is one at rest', async () => {
  const small = smallWorld(2)
  const id = small.vm('a', 'h1')
  const checker = watch(small)
  move(small, 'a', 'h1', 'h2', true)
  await small.clock.advance(10_000)
  assert.deepEqual(codes(checker), [])
  assert.deepEqual(
    checker.checkAtRest().map((v) => v.invariant),
    ['S2'],
  )
  await small.driver('h2').resume(id)
  assert.equal(small.world.vm(id).copies[0]?.state, 'running')
})

test('S3: a definition left behind is a second copy at the next boot', async () => {
  const small = smallWorld(2)
  const id = small.vm('a', 'h1')
  const checker = watch(small)
  move(small, 'a', 'h1', 'h2')
  await small.clock.advance(10_000)
  leave(small, id, 'h1', 'shut')
  assert.deepEqual(codes(checker), ['S3'])
})

test('S3: the definition that a lost end leaves is excused, that of the next migration is not', async () => {
  const small = smallWorld(3)
  const id = small.vm('a', 'h1')
  const checker = watch(small)
  small.world.fail({ fault: { kind: 'split' } })
  move(small, 'a', 'h1', 'h2', true)
  await small.clock.advance(10_000)
  move(small, 'a', 'h1', 'h3')
  await small.clock.advance(10_000)
  assert.deepEqual(codes(checker), [])
  leave(small, id, 'h1', 'shut')
  assert.deepEqual(codes(checker), ['S3'])
})

test('S8: a second migration of one VM is an offence even though the hypervisor refuses it', async () => {
  const small = smallWorld(3)
  small.vm('a', 'h1')
  const checker = watch(small)
  move(small, 'a', 'h1', 'h2')
  await small.clock.advance(100)
  move(small, 'a', 'h1', 'h3')
  await small.clock.advance(100)
  assert.deepEqual(codes(checker), ['S8'])
})

test('S9: a host that lets in more than fits has broken its promise; one whose own VMs grew has not', async () => {
  const small = smallWorld(2)
  const heavy = { vcpus: 4, cpuMilli: 3_600 }
  small.vm('a', 'h1', heavy)
  const b = small.vm('b', 'h2', heavy)
  const checker = watch(small)
  small.world.setCpu(b, 3_000)
  await small.clock.advance(20_000)
  small.world.setCpu(b, 3_600) // after the measurement on which the admission rests
  move(small, 'a', 'h1', 'h2')
  await small.clock.advance(20_000)
  assert.deepEqual(codes(checker), [])

  small.vm('c', 'h1', { cpuMilli: 100 })
  await small.clock.advance(20_000)
  move(small, 'c', 'h1', 'h2')
  await small.clock.advance(1)
  assert.deepEqual(codes(checker), ['S9'])
})

test('S9: a departure is credited only when it is gone, and two promises add up', async () => {
  const small = smallWorld(3)
  small.vm('a', 'h1', { vcpus: 4, cpuMilli: 3_000 })
  small.vm('b', 'h2', { vcpus: 4, cpuMilli: 3_000 })
  small.vm('c', 'h2', { vcpus: 4, cpuMilli: 3_000 })
  const checker = watch(small)
  move(small, 'b', 'h2', 'h3') // leaves h2, and is still there
  await small.clock.advance(100)
  move(small, 'a', 'h1', 'h2')
  await small.clock.advance(100)
  assert.deepEqual(codes(checker), ['S9'])
})

test("S9, Q2: an owner's own migration is no offence, and counts for others when there was time to see it", async () => {
  const heavy = { vcpus: 6, cpuMilli: 5_000, memoryMiB: 8_192 }
  for (const [afterMs, found] of [
    [100, []],
    [10_000, ['S9', 'Q2']],
  ] as const) {
    const small = smallWorld(3)
    const [a] = [small.vm('a', 'h1', heavy), small.vm('b', 'h3', heavy)]
    const checker = watch(small)
    assert.equal(small.world.owner.move(a, 'h2'), null)
    await small.clock.advance(afterMs)
    move(small, 'b', 'h3', 'h2')
    await small.clock.advance(100)
    assert.deepEqual(codes(checker), found)
  }
})

test('S9: a host whose hypervisor has just lied about a VM could not know better', async () => {
  const heavy = { vcpus: 6, cpuMilli: 5_000 }
  for (const lies of [true, false]) {
    const small = smallWorld(2)
    const [a] = [small.vm('a', 'h2', heavy), small.vm('b', 'h1', heavy)]
    const checker = watch(small)
    if (lies) small.world.misread(a, { cpuMilli: 0 })
    await small.driver('h2').sample()
    move(small, 'b', 'h1', 'h2')
    await small.clock.advance(100)
    assert.deepEqual(codes(checker), lies ? [] : ['S9'])
  }
})

test('Q2: more migrations at once than a host may have', async () => {
  const small = smallWorld(3)
  small.vm('a', 'h1')
  small.vm('b', 'h1')
  const checker = watch(small)
  move(small, 'a', 'h1', 'h2')
  await small.clock.advance(100)
  move(small, 'b', 'h1', 'h3')
  await small.clock.advance(100)
  assert.deepEqual(codes(checker), ['Q2'])
})

test('S4, S6, S7: leases that contradict each other, the past, or their own name', () => {
  const small = smallWorld(1)
  const view = (partition: string, epoch: number, leader = 'A', acting: string[] = []): PeerView =>
    ({
      host: 'H' as HostId,
      description: null,
      members: [],
      lease: { partition: partition as PartitionId, epoch, leader: leader as HostId, executing: false },
      migrations: acting.map((p, i) => ({ action: `${p}/${i}` })),
    }) as unknown as PeerView
  const verdict = (...views: PeerView[]): string[] => {
    let now: PeerView[] = []
    const checker = watch(small, { views: () => now })
    for (const one of views) {
      now = [one]
      checker.check()
    }
    checker.close()
    return checker.violations().map((v) => v.invariant)
  }
  assert.deepEqual(verdict(view('A.1.1', 1), view('A.1.2', 2), view('A.1.2', 2, 'A', ['A.1.2'])), [])
  assert.deepEqual(verdict(view('A.1.1', 4), view('A.1.2', 4)), ['S4'])
  assert.deepEqual(verdict(view('A.1.1', 4), view('A.1.2', 3)), ['S6'])
  assert.deepEqual(verdict(view('A.1.1', 4, 'B')), ['S7'])
  assert.deepEqual(verdict(view('A.1.2', 4, 'A', ['A.1.1'])), ['S4'])
  assert.deepEqual(verdict(view('A.1.2', 4, 'A', ['A.1.1', 'A.1.2'])), ['S4'])
})

test('the checker also looks at fixed intervals, until it is closed', async () => {
  const small = smallWorld(1)
  small.vm('a', 'h1')
  let looked = 0
  const checker = watch(small, {
    everyMs: 250,
    views: () => {
      looked += 1
      return []
    },
  })
  await small.clock.advance(1_000)
  assert.equal(looked, 5)
  checker.close()
  assert.equal(small.clock.pending, 0)
})
