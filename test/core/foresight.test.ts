/**
 * Acting early: hosts that have watched their VMs vary see an overload coming, and move a VM to a host that will not be
 * the next, before any VM suffers. Those that have seen nothing, or are told not to, wait for what has lasted.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { randomOf } from '../../packages/sim/src/random.ts'
import type { Cluster } from '../kit/cluster.ts'
import { virtualCluster } from '../kit/virtual-cluster.ts'

/** Ten VMs a host that are drawn anew from N(600, 200) every 20 s or so. */
const volatile = async (policy: object, seed: number, seconds: number): Promise<Cluster> => {
  const cluster = await virtualCluster({
    hosts: 6,
    seed,
    cpuMilli: 7_000,
    policy: { gossipMs: 2_000, overloadHoldMs: 5_000, migrationsInMax: 2, migrationsOutMax: 2, ...policy },
  })
  const random = randomOf(seed, 'demand')
  const vms = Array.from({ length: 60 }, (_, i) => cluster.vm(`vm-${i}`, i % 6, 500))
  for (let s = 0; s < seconds; s++) {
    for (const vm of vms)
      if (random.chance(1 / 40))
        cluster.world.setCpu(vm, Math.max(0, Math.min(1_000, random.normal(580, 200))))
    await cluster.run(1_000)
  }
  return cluster
}

test('overloads are prevented, and what is done early is explained as such', async () => {
  const cluster = await volatile({ forecastGainMsMin: 300, cooldownMs: 5_000 }, 3, 420)
  const early = cluster.outcomes().filter((one) => one.reason === 'forecast.cpu' && one.result === 'cured')
  assert.ok(early.length > 0, 'some host acted early')
  for (const decision of early) {
    assert.match(decision.need, /foreseen/)
    const before = decision.hosts.find((host) => host.host === decision.leader)!
    assert.ok(before.before.cpuMilli <= before.usable.cpuMilli, 'it was not overloaded yet')
    assert.ok(decision.members.length <= 3, 'few hosts are enough')
  }
  assert.deepEqual(cluster.checker.violations(), [])
})

test('no host acts early when told not to', async () => {
  const cluster = await volatile({ forecastGainMsMin: null }, 3, 90)
  assert.deepEqual(
    cluster.outcomes().filter((one) => one.reason === 'forecast.cpu'),
    [],
  )
})

test('an overload that will last is cured at once; the hold time is for those that nothing is known of', async () => {
  const early = await volatile(
    { forecastGainMsMin: 3_000, overloadHoldMs: 60_000, cooldownMs: 5_000 },
    5,
    150,
  )
  const cured = early.outcomes().filter((one) => one.reason === 'overload.cpu' && one.result === 'cured')
  assert.ok(cured.length > 0, 'an overload was cured')
  assert.ok(
    cured.some((one) => !one.need.includes('for 6') && !one.need.includes('for 7')),
    'before a minute had passed',
  )
})
