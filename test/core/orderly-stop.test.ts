/**
 * Agents are stopped in order, at one end of a migration or at both, as an upgrade of the whole cluster does it: no VM is left
 * paused, nothing is begun any more, and a stop comes to its end.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { limits, type VmId } from '../../packages/protocol/src/index.ts'
import { copiesOf } from '../../packages/sim/src/testing/one-overload.ts'
import type { Cluster } from '../kit/cluster.ts'
import { virtualCluster } from '../kit/virtual-cluster.ts'

/** A VM of so much memory is on its way from host 0 to host 1, at 125 MiB/s. */
const underWay = async (memoryMiB: number): Promise<{ readonly cluster: Cluster; readonly vm: VmId }> => {
  const cluster = await virtualCluster({ hosts: 3 })
  const vm = cluster.vm('web', 0, 1_000, { memoryMiB })
  await cluster.run(3_000)
  await cluster.command(0, { kind: 'migrate', vm, to: cluster.ids[1]! })
  assert.ok(await cluster.until(() => cluster.world.migrations().length > 0, 10_000))
  return { cluster, vm }
}

/** Stops the agents now, and tells how long each took. */
const stop = (cluster: Cluster, ...hosts: readonly number[]): readonly (() => number | null)[] =>
  hosts.map((host) => {
    const from = cluster.clock.now()
    let tookMs: number | null = null
    void cluster.stopAgent(host).then(() => {
      tookMs = Math.round(cluster.clock.now() - from)
    })
    return () => tookMs
  })

for (const [who, hosts] of [
  ['both ends', [0, 1]],
  ['the source', [0]],
  ['the destination', [1]],
  ['all hosts', [0, 1, 2]],
] as const) {
  test(`${who} stopped during a migration of 8 s: it arrives and runs, and then they end`, async () => {
    const { cluster, vm } = await underWay(1_024)
    const took = stop(cluster, ...hosts)
    await cluster.run(20_000)
    assert.deepEqual(copiesOf(cluster, vm), ['running on h1'])
    for (const ms of took) assert.ok(ms() !== null && ms()! < 12_000, `${ms()}`)
  })

  test(`${who} stopped during a migration of two minutes: the VM runs where it was, and they end in time`, async () => {
    const { cluster, vm } = await underWay(16_384)
    const took = stop(cluster, ...hosts)
    await cluster.run(limits.leaveMs)
    for (const ms of took) assert.ok(ms() !== null && ms()! <= limits.leaveMs, `${ms()}`)
    // A source that stays sees the migration to its end, and lets the VM run there itself.
    await cluster.run(200_000)
    const stays = hosts.every((host) => host !== 0)
    assert.deepEqual(copiesOf(cluster, vm), [stays ? 'running on h1' : 'running on h0'])
  })
}

test('an agent with nothing under way ends at once', async () => {
  const cluster = await virtualCluster({ hosts: 2 })
  await cluster.run(3_000)
  const [took] = stop(cluster, 0)
  await cluster.run(0)
  assert.equal(took?.(), 0)
})

test('when the source is stopped while it waits for admission, no migration begins', async () => {
  const cluster = await virtualCluster({ hosts: 2, latencyMs: 50 })
  const vm = cluster.vm('web', 0, 1_000)
  await cluster.run(3_000)
  cluster.tell(0, { kind: 'migrate', vm, to: cluster.ids[1]! })
  assert.ok(await cluster.until(() => cluster.messages.some((one) => one.message.kind === 'admit'), 5_000))
  const [took] = stop(cluster, 0)
  await cluster.run(60_000)
  assert.deepEqual(copiesOf(cluster, vm), ['running on h0'])
  assert.deepEqual(cluster.world.migrations(), [])
  assert.ok((took?.() ?? 60_000) <= 1_000)
})

test('a drain is under way when its agent is stopped: the VM on its way arrives, the others stay, and it goes on later', async () => {
  const cluster = await virtualCluster({ hosts: 3 })
  for (let i = 0; i < 4; i++) cluster.vm(`vm-${i}`, 0, 500)
  await cluster.run(3_000)
  await cluster.command(0, { kind: 'drain', onBlocker: 'skip', dryRun: false })
  assert.ok(await cluster.until(() => cluster.world.migrations().length > 0, 10_000))
  const [took] = stop(cluster, 0)
  await cluster.run(60_000)
  assert.ok((took?.() ?? 60_000) < 12_000)
  assert.equal(cluster.world.host('h0').vms.length, 3)
  const decision = cluster.outcomes().find((one) => one.reason === 'drain')
  assert.deepEqual([decision?.result, decision?.code], ['failed', 'host.leaving'])
  cluster.restartAgent(0)
  assert.ok(await cluster.until(() => cluster.world.host('h0').vms.length === 0, 120_000))
  await cluster.run(10_000)
  assert.deepEqual(cluster.checker.checkAtRest(), [])
})

test('a hypervisor that hears no abort: the agent ends all the same, and names the VM that it leaves waiting', async () => {
  const { cluster, vm } = await underWay(16_384)
  cluster.world.daemon('h0', 'hung')
  const [took] = stop(cluster, 0)
  const said = () => cluster.view(0).warnings
  let last = said()
  await cluster.until(() => {
    if (took?.() === null) last = said()
    return took?.() !== null
  }, 60_000)
  const ms = took?.()
  assert.ok(ms !== null && ms !== undefined && ms >= limits.leaveMs && ms <= limits.leaveMs + 6_000, `${ms}`)
  assert.ok(copiesOf(cluster, vm).includes('running on h0'))
  assert.ok(last.some((warning) => warning.vm === vm))
})

test('agents stopped for good with both journals kept: the first to be started again finishes the migration', async () => {
  const { cluster, vm } = await underWay(16_384)
  cluster.world.daemon('h0', 'hung')
  cluster.world.daemon('h1', 'hung')
  stop(cluster, 0, 1)
  await cluster.run(60_000)
  cluster.world.daemon('h0', 'up')
  cluster.world.daemon('h1', 'up')
  await cluster.run(120_000)
  assert.ok(copiesOf(cluster, vm).some((one) => one.startsWith('paused on h1')))
  cluster.restartAgent(1)
  cluster.restartAgent(0)
  await cluster.run(60_000)
  assert.deepEqual(copiesOf(cluster, vm), ['running on h1'])
  assert.deepEqual(cluster.checker.checkAtRest(), [])
})
