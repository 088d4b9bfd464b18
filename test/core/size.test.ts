/** Hosts with so many VMs, or so much to say of each, that one message cannot carry it: nothing is dropped without a word. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { VmId } from '../../packages/protocol/src/index.ts'
import type { Cluster } from '../kit/cluster.ts'
import { virtualCluster } from '../kit/virtual-cluster.ts'

/** So many VMs whose labels take a kilobyte each, of which one makes its host overloaded in the end. */
const fill = (cluster: Cluster, host: number, vms: number): void => {
  const labels = Array.from({ length: 16 }, (_, i) => `${'x'.repeat(60)}${i}`).join(' ')
  for (let i = 0; i < vms; i++)
    cluster.vm(`vm-${host}-${i}`, host, 20, { memoryMiB: 64, settings: { labels } })
}

const overload = async (hosts: readonly number[]): Promise<Cluster> => {
  const cluster = await virtualCluster({ hosts: hosts.length, cpuMilli: 8_000, memoryMiB: 262_144 })
  for (const [host, vms] of hosts.entries()) fill(cluster, host, vms)
  cluster.vm('large', 0, 1_000, { memoryMiB: 64 })
  await cluster.run(3_000)
  cluster.world.setCpu('large' as VmId, 5_000)
  await cluster.until(() => cluster.outcomes().some((one) => one.result !== 'running'), 60_000)
  return cluster
}

test('a host whose VMs would make the problem too large to be sent is left out, and another one helps', async () => {
  const cluster = await overload([200, 320, 0])
  assert.deepEqual(cluster.overloaded(), [])
  const sent = cluster.messages.map(({ message }) => message).filter((one) => one.kind === 'assign')
  assert.ok(sent.length > 0)
  for (const { problem } of sent) assert.ok(problem.vms.length < 320, `${problem.vms.length} VMs`)
  assert.deepEqual(cluster.checker.violations(), [])
})

test('where only such hosts are, the decision says so', async () => {
  const cluster = await overload([200, 320])
  const [decision] = cluster.outcomes().filter((one) => one.result !== 'running')
  assert.equal(decision?.code, 'limit.size')
  assert.equal(decision?.result, 'nothing')
})

test('a host that has more to say of its VMs than a message carries takes no part, with a code', async () => {
  const cluster = await overload([200, 600])
  const [decision] = cluster.outcomes().filter((one) => one.result !== 'running')
  assert.ok(decision?.candidates.some(({ code }) => code === 'limit.size'))
})
