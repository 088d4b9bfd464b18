// L3: an overload that could be cured is told, unless what keeps its host is a promise of its own, or nothing of the healed core.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { asHostId, asVmId, type PartitionId, type PeerView, policyOf } from '@drover/protocol'
import { smallWorld } from '../testing/small-world.ts'
import { createLivenessCheck } from './liveness.ts'
import { livenessBounds } from './liveness-bounds.ts'

const ids = ['H0', 'H1', 'H2'].map(asHostId)
const partition = 'H1.1.1' as PartitionId

/** h1 is overloaded, and h2 is empty; h1's agent moves a VM to the host of that number under a lease, or none. */
const watched = (to: 1 | 2 | 0 | null) => {
  const { world, vm, clock, driver } = smallWorld(2)
  for (const name of ['a', 'b', 'c']) vm(name, 'h1', { vcpus: 8, cpuMilli: 3_000 })
  const view = (host: number): PeerView => {
    const moves = host === 1 && to !== null
    const lease = { partition, epoch: 1, leader: ids[1]!, executing: true }
    return {
      host: ids[host]!,
      able: true,
      mode: 'auto',
      draining: false,
      members: ids.map((id) => ({ state: 'alive', summary: { host: id } })),
      vms: ['a', 'b', 'c'].map((name) => ({ vm: name, fixed: null, cooldownMs: 0 })),
      lease: moves ? lease : null,
      decisions: moves ? [{ id: partition, members: [ids[1]!, ids[to]!] }] : [],
      migrations: moves ? [{ action: `${partition}/0`, vm: 'a', phase: 'moving', peer: ids[to]! }] : [],
    } as unknown as PeerView
  }
  const check = createLivenessCheck({
    world,
    core: [1, 2],
    ids,
    view,
    bounds: livenessBounds(policyOf('balanced', { overloadHoldMs: 2_000 }), 2, 1_000),
    forgotAt: () => Number.NEGATIVE_INFINITY,
    ruled: () => false,
  })
  const found = () => check.violations().filter(({ invariant }) => invariant === 'L3')
  return { world, clock, driver, found }
}

test('L3: a curable overload that lasts is told', async () => {
  const { clock, found } = watched(null)
  await clock.advance(99_000)
  assert.deepEqual(found(), [])
  await clock.advance(5_000)
  assert.match(
    found()[0]?.text ?? '',
    /^h1 is overloaded for more than 100000 ms, though [abc] could go to h2$/,
  )
})

test('L3: the time in which its partition has a host that is not healed does not count', async () => {
  const { clock, found } = watched(0)
  await clock.advance(300_000)
  assert.deepEqual(found(), [])
})

test('L3: of a migration of its partition only what is longer than an ordinary one does not count', async () => {
  const short = watched(2)
  await short.clock.advance(104_000)
  assert.equal(short.found().length, 1)
  const long = watched(2)
  const d = asVmId('d')
  long.world.addVm({ vm: d, name: 'd', host: 'h1', vcpus: 1, memoryMiB: 20_000, cpuMilli: 100 })
  void long.driver('h1').migrate({ vm: d, to: 'sim://h2', handOverPaused: true, bandwidthMiBps: 100 })
  await long.clock.advance(199_000)
  assert.deepEqual(long.found(), [])
})
