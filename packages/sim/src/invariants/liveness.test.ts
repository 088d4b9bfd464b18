// L1–L6: what does not happen in time is told, and what an end that is not healed holds up is not. Views are made by hand.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  type Assign,
  actionIdOf,
  asHostId,
  asVmId,
  type PartitionId,
  type PeerView,
  policyOf,
} from '@drover/protocol'
import { nothingRestored } from '../../../protocol/src/testing/peer-init.ts'
import { smallWorld } from '../testing/small-world.ts'
import { createAgentFeed } from './agent-feed.ts'
import type { Liveness } from './findings.ts'
import { createLivenessCheck } from './liveness.ts'
import { livenessBounds } from './liveness-bounds.ts'

const ids = ['H0', 'H1', 'H2'].map(asHostId)
const partition = 'H1.1.1' as PartitionId
const bounds = livenessBounds(policyOf('balanced', { overloadHoldMs: 2_000 }), 2, 1_000)

/** Of an agent at rest that sees all others. */
const atRest = (host: number): object => ({
  host: ids[host]!,
  able: true,
  mode: 'auto',
  draining: false,
  leading: null,
  lease: null,
  decisions: [],
  migrations: [],
  operations: [],
  members: ids.map((id) => ({ state: 'alive', summary: { host: id } })),
  vms: ['a', 'b', 'c'].map((name) => ({ vm: name, fixed: null, cooldownMs: 0 })),
})

/**
 * h1 and h2 are healed, h0 is not. `said`: what the agent of a host says beside; null = it has none. `open`: the host whose journal has
 * an action open.
 */
const watched = (said: (host: number) => object | null = () => ({}), open: number | null = null) => {
  const small = smallWorld(2)
  const feed = createAgentFeed()
  const plans = new Map<PartitionId, Assign>()
  const check = createLivenessCheck({
    world: small.world,
    core: [1, 2],
    ids,
    view(host) {
      const more = said(host)
      return more === null ? null : ({ ...atRest(host), ...more } as unknown as PeerView)
    },
    bounds,
    agents: feed,
    bookOf: (host) => ({
      held: new Set(open !== null && host === ids[open] ? [actionIdOf(partition, 0)] : []),
      plans,
    }),
    ruled: () => false,
  })
  const found = (promise: Liveness): readonly string[] =>
    check
      .violations()
      .filter(({ invariant }) => invariant === promise)
      .map(({ text }) => text)
  /** From now on that partition executes on the host, or none. */
  const executes = (host: number, of: PartitionId | null): void =>
    feed.emit({
      host: ids[host]!,
      kind: 'stepped',
      waiting: 0,
      lease: of === null ? null : { partition: of, epoch: 1, leader: ids[host]!, executing: true },
      at: small.clock.now(),
    })
  const starts = (host: number): void =>
    feed.emit({
      host: ids[host]!,
      kind: 'born',
      name: `h${host}`,
      incarnation: 2,
      restored: nothingRestored,
      wallMs: 0,
    })
  return { ...small, check, found, executes, starts, plans }
}

/** Nothing until the bound of that promise, and one sentence soon after it. */
const isToldInTime = async (
  { clock, found }: ReturnType<typeof watched>,
  promise: Liveness,
  sentence: RegExp,
): Promise<void> => {
  await clock.advance(bounds[promise] - 1_000)
  assert.deepEqual(found(promise), [])
  await clock.advance(6_000)
  assert.equal(found(promise).length, 1)
  assert.match(found(promise)[0] ?? '', sentence)
}

const lease = { partition, epoch: 1, leader: ids[1]!, executing: true }
const decisionOf = (...members: readonly number[]) => [
  { id: partition, members: members.map((one) => ids[one]!) },
]
const migration = (peer: number, phase: string) => [
  { action: `${partition}/0`, vm: 'a', phase, peer: ids[peer]!, sinceMs: 0 },
]

test('a core at rest breaks no promise', async () => {
  const { clock, check } = watched()
  await clock.advance(300_000)
  assert.deepEqual(check.violations(), [])
})

test('L1: a lease that lasts without any progress is told, once', async () => {
  const led = watched((host) => (host === 2 ? { lease, decisions: decisionOf(1, 2) } : {}))
  await isToldInTime(led, 'L1', /^h2 is leased to H1\.1\.1 without progress/)
  await led.clock.advance(300_000)
  assert.equal(led.found('L1').length, 1)
})

test('L1: a lease may wait for a member that is not healed, and for an action that makes progress', async () => {
  const outside = watched((host) => (host === 2 ? { lease, decisions: decisionOf(0, 1, 2) } : {}))
  await outside.clock.advance(300_000)
  assert.deepEqual(outside.found('L1'), [])
  let phases = 0
  const moving = watched((host) => {
    if (host !== 2) return {}
    phases += 1
    return {
      lease,
      decisions: decisionOf(1, 2),
      migrations: migration(1, `phase ${Math.floor(phases / 40)}`),
    }
  })
  await moving.clock.advance(300_000)
  assert.deepEqual(moving.found('L1'), [])
})

test("L1: a lease lasts as long as an owner's migration touches its host, and no longer", async () => {
  const led = watched((host) => (host === 2 ? { lease, decisions: decisionOf(1, 2) } : {}))
  const a = led.vm('a', 'h1', { dirtyMiBps: 100_000 })
  led.world.owner.move(a, 'h2')
  await led.clock.advance(300_000)
  assert.deepEqual(led.found('L1'), [])
  led.world.byHand.abort(a)
  await isToldInTime(led, 'L1', /^h2 is leased to H1\.1\.1 without progress/)
})

test('L2: partitions that all only try are told; one that executes meanwhile is progress', async () => {
  const tries = (host: number) => ({ leading: `H${host}.1.1` })
  await isToldInTime(
    watched((host) => (host === 1 ? tries(host) : {})),
    'L2',
    /^partition H1\.1\.1 and all others only try/,
  )
  const planned = watched((host) => (host === 1 ? tries(host) : {}))
  planned.plans.set(partition, {} as Assign)
  await planned.clock.advance(60_000)
  assert.deepEqual(planned.found('L2'), [], 'its plan is carried out by hosts that are not healed')
  const { clock, found, executes } = watched((host) => (host === 1 ? tries(host) : {}))
  // Between two looks, too.
  for (let i = 0; i < 6; i++) {
    await clock.advance(9_400)
    executes(2, `H2.1.${i}` as PartitionId)
    await clock.advance(200)
    executes(2, null)
    executes(0, `H0.1.${i}` as PartitionId)
    await clock.advance(400)
  }
  assert.deepEqual(found('L2'), [])
  await clock.advance(bounds.L2 - 3_000)
  executes(0, null)
  await clock.advance(5_000)
  assert.equal(found('L2').length, 1, 'what a host that is not healed does is no progress')
})

/** h1 is overloaded, and h2 is empty; h1's agent moves a VM to the host of that number under a lease, or none. */
const overloaded = (to: 1 | 2 | 0 | null) => {
  const small = watched((host) =>
    host !== 1 || to === null
      ? {}
      : {
          lease,
          decisions: decisionOf(1, to),
          migrations: [{ action: `${partition}/0`, vm: 'a', phase: 'moving', peer: ids[to]! }],
        },
  )
  for (const name of ['a', 'b', 'c']) small.vm(name, 'h1', { vcpus: 8, cpuMilli: 3_000 })
  return small
}

test('L3: a curable overload that lasts is told', async () => {
  await isToldInTime(
    overloaded(null),
    'L3',
    new RegExp(`^h1 is overloaded for more than ${bounds.L3} ms, though [abc] could go to h2$`),
  )
})

test('L3: the time in which its partition has a host that is not healed does not count', async () => {
  const { clock, found } = overloaded(0)
  await clock.advance(3 * bounds.L3)
  assert.deepEqual(found('L3'), [])
})

test('L3: of a migration of its partition only what is longer than an ordinary one does not count', async () => {
  const short = overloaded(2)
  await short.clock.advance(bounds.L3 + 4_000)
  assert.equal(short.found('L3').length, 1)
  const long = overloaded(2)
  const d = asVmId('d')
  long.world.addVm({ vm: d, name: 'd', host: 'h1', vcpus: 1, memoryMiB: 20_000, cpuMilli: 100 })
  void long.driver('h1').migrate({ vm: d, to: 'sim://h2', handOverPaused: true, bandwidthMiBps: 100 })
  await long.clock.advance(199_000)
  assert.deepEqual(long.found('L3'), [])
})

test('L3: the time in which a guest holds up a migration does not count', async () => {
  const { world, driver, clock, found } = overloaded(2)
  let dirtyMiBps = 1_000
  const e = asVmId('e')
  const busy = { vcpus: 1, memoryMiB: 256, cpuMilli: 100, dirtyMiBps: () => dirtyMiBps }
  world.addVm({ vm: e, name: 'e', host: 'h1', ...busy })
  void driver('h1').migrate({ vm: e, to: 'sim://h2', handOverPaused: true, bandwidthMiBps: 100 })
  await clock.advance(50_000)
  dirtyMiBps = 0
  await clock.advance(bounds.L3 - 5_000)
  assert.equal(world.migrations().length, 0)
  assert.deepEqual(found('L3'), [])
  await clock.advance(20_000)
  assert.equal(found('L3').length, 1)
})

test('L3: the time in which it leads a plan of hosts that are not healed does not count, as long as one action may take', async () => {
  const leads = { leading: partition, decisions: decisionOf(0) }
  const loaded = () => {
    const small = watched((host) => (host === 1 ? leads : {}))
    for (const name of ['a', 'b', 'c']) small.vm(name, 'h1', { vcpus: 8, cpuMilli: 3_000 })
    return small
  }
  const idle = loaded()
  await idle.clock.advance(bounds.L3 + 5_000)
  assert.equal(idle.found('L3').length, 1, 'a partition without a plan is no reason')
  const { clock, found, plans, world } = loaded()
  plans.set(partition, {} as Assign)
  const ledMs = bounds.ledMs(Math.max(...world.vms().map(({ memoryMiB }) => memoryMiB)))
  await clock.advance(ledMs + bounds.L3 - 5_000)
  assert.deepEqual(found('L3'), [])
  await clock.advance(10_000)
  assert.equal(found('L3').length, 1)
})

test('L3: what VMs that are left alone, or rest, would cure counts from when they may move', async () => {
  let free = false
  const { vm, clock, found } = watched(() => ({
    vms: ['a', 'b', 'c'].map((name) => ({
      vm: name,
      fixed: free ? null : 'vm.quarantined',
      cooldownMs: 0,
    })),
  }))
  for (const name of ['a', 'b', 'c']) vm(name, 'h1', { vcpus: 8, cpuMilli: 3_000 })
  await clock.advance(3 * bounds.L3)
  free = true
  await clock.advance(bounds.L3 - 1_000)
  assert.deepEqual(found('L3'), [])
  await clock.advance(5_000)
  assert.equal(found('L3').length, 1)
})

test('L3: an agent that was started anew is held by a migration from when that began', async () => {
  // It has only just learnt of it, again and again.
  const view = () => ({
    migrations: [{ action: `${partition}/0`, vm: 'e', phase: 'moving', peer: ids[2]!, sinceMs: 0 }],
  })
  const { world, vm, driver, clock, found } = watched((host) => (host === 1 ? view() : {}))
  for (const name of ['a', 'b', 'c']) vm(name, 'h1', { vcpus: 8, cpuMilli: 3_000 })
  vm('e', 'h2', { memoryMiB: 20_000, cpuMilli: 100 })
  void driver('h2').migrate({ vm: asVmId('e'), to: 'sim://h1', handOverPaused: true, bandwidthMiBps: 100 })
  await clock.advance(150_000)
  assert.equal(world.migrations().length, 1)
  assert.deepEqual(found('L3'), [])
})

test('L3: a migration that no agent knows of any more holds both its hosts', async () => {
  let dirtyMiBps = 1_000
  const { world, vm, driver, clock, found } = watched()
  for (const name of ['a', 'b', 'c']) vm(name, 'h1', { vcpus: 8, cpuMilli: 3_000 })
  const e = asVmId('e')
  const busy = { vcpus: 1, memoryMiB: 256, cpuMilli: 100, dirtyMiBps: () => dirtyMiBps }
  world.addVm({ vm: e, name: 'e', host: 'h2', ...busy })
  void driver('h2').migrate({ vm: e, to: 'sim://h1', handOverPaused: true, bandwidthMiBps: 100 })
  await clock.advance(3 * bounds.L3)
  assert.deepEqual(found('L3'), [])
  dirtyMiBps = 0
  await clock.advance(bounds.L3 - 5_000)
  assert.equal(world.migrations().length, 0)
  assert.deepEqual(found('L3'), [])
  await clock.advance(10_000)
  assert.equal(found('L3').length, 1)
})

test('L3: a migration that came to nothing does not count, but of one VM no more than two', async () => {
  const { world, driver, clock, found } = overloaded(null)
  const tryMs = 20_000
  const attempt = async (): Promise<void> => {
    const vm = asVmId('e')
    void driver('h1').migrate({ vm, to: 'sim://h2', handOverPaused: true, bandwidthMiBps: 1 })
    await clock.advance(tryMs)
    world.byHand.abort(vm)
  }
  world.addVm({ vm: asVmId('e'), name: 'e', host: 'h1', vcpus: 1, memoryMiB: 8_000, cpuMilli: 100 })
  await clock.advance(1_000)
  for (let i = 0; i < 2; i++) await attempt()
  await clock.advance(bounds.L3 - 5_000)
  assert.deepEqual(found('L3'), [])
  await attempt()
  assert.equal(found('L3').length, 1)
})

test('L4: a host that does not see another one of the core alive is told; one outside the core need not be seen', async () => {
  const blindTo = (unseen: number) => (host: number) =>
    host === 1
      ? {
          members: ids
            .filter((_, i) => i !== unseen)
            .map((id) => ({ state: 'alive', summary: { host: id } })),
        }
      : {}
  await isToldInTime(watched(blindTo(2)), 'L4', /^h1 does not see h2 alive/)
  const late = watched(blindTo(2))
  await late.clock.advance(8_000)
  late.starts(2)
  await late.clock.advance(bounds.L4)
  assert.deepEqual(late.found('L4'), [])
  await late.clock.advance(1_000)
  assert.equal(late.found('L4').length, 1)
  const outside = watched(blindTo(0))
  await outside.clock.advance(60_000)
  assert.deepEqual(outside.found('L4'), [])
})

test('L5: a host without an agent is told, and one whose agent is silent about what its journal has open', async () => {
  await isToldInTime(
    watched((host) => (host === 2 ? null : {})),
    'L5',
    /^h2 has no agent/,
  )
  const moves = (host: number) => (host === 2 ? { migrations: migration(1, 'promised') } : {})
  await isToldInTime(watched(moves, 1), 'L5', /^h1 does not tell of H1\.1\.1\/0/)
  const tells = watched(moves, 2)
  await tells.clock.advance(60_000)
  assert.deepEqual(tells.found('L5'), [])
})

test('L5: an agent that has given up a promise need not tell of a request that is read much later', async () => {
  const { vm, driver, clock, found } = watched()
  vm('a', 'h1', { memoryMiB: 16_000 })
  void driver('h1').migrate({ vm: asVmId('a'), to: 'sim://h2', handOverPaused: true, bandwidthMiBps: 100 })
  await clock.advance(bounds.L5 + 3_000)
  assert.deepEqual(found('L5'), [])
})

test('L6: an agent that was being stopped when its host was healed settles from its next start on', async () => {
  const { clock, found, starts } = watched((host) =>
    host === 1 ? { migrations: migration(2, 'settling') } : {},
  )
  await clock.advance(17_000)
  starts(1)
  await clock.advance(bounds.L6 - 1_000)
  assert.deepEqual(found('L6'), [])
  await clock.advance(5_000)
  assert.equal(found('L6').length, 1)
})

test('L6: an end in doubt that both healed ends could settle is told; one whose other end is not healed may wait', async () => {
  await isToldInTime(
    watched((host) => (host === 1 ? { migrations: migration(2, 'settling') } : {})),
    'L6',
    /^h1 does not settle H1\.1\.1\/0 of a/,
  )
  const outside = watched((host) => (host === 1 ? { migrations: migration(0, 'settling') } : {}))
  await outside.clock.advance(300_000)
  assert.deepEqual(outside.found('L6'), [])
})
