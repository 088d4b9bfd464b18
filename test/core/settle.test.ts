/**
 * A VM whose migration ended in doubt: requests that are read late, answers that are old, words that are lost, journals that are
 * gone. However it happened, the VM runs once in the end, or an operator is told, and goes on being told.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { VmId } from '../../packages/protocol/src/index.ts'
import type { Cluster } from '../kit/cluster.ts'
import { virtualCluster } from '../kit/virtual-cluster.ts'

/** Three hosts; the first is overloaded by one VM's worth. */
const overloaded = async (options = {}): Promise<Cluster> => {
  const cluster = await virtualCluster({ hosts: 3, ...options })
  for (let i = 0; i < 7; i++) cluster.vm(`vm-${i}`, 0, 1_000)
  await cluster.run(3_000)
  cluster.world.setCpu('vm-0' as VmId, 2_500)
  return cluster
}
const moving = (cluster: Cluster) => cluster.until(() => cluster.world.motions().length > 0, 10_000)
const finished = (cluster: Cluster) => cluster.until(() => cluster.world.motions().length === 0, 60_000)
const now = (cluster: Cluster) => Math.floor(cluster.clock.now())
const copies = (cluster: Cluster, vm: VmId) =>
  cluster.world.vm(vm).copies.map((copy) => `${copy.state} on ${copy.host}`)

for (const [readAfterMs, backAfterMs] of [
  [3_000, 1_000],
  [25_000, 1_000],
  [25_000, 60_000],
] as const)
  test(`a request that is read ${readAfterMs / 1000} s late, its agent back after ${backAfterMs / 1000} s: the VM arrives where it is awaited (S2, S12)`, async () => {
    const cluster = await overloaded()
    cluster.world.fail({ fault: { kind: 'late', delayMs: readAfterMs } })
    assert.ok(
      await cluster.until(() => cluster.messages.some(({ message }) => message.kind === 'admitted'), 10_000),
    )
    await cluster.run(5)
    cluster.killAgent(0)
    await cluster.run(backAfterMs)
    cluster.restartAgent(0)
    await cluster.run(readAfterMs + 60_000)
    assert.deepEqual(cluster.checker.checkAtRest(), [])
    assert.deepEqual(cluster.overloaded(), [])
    assert.deepEqual(cluster.peer(0).view(now(cluster)).motions, [])
  })

test('both copies paused, and the destination dies right after it said so: its old answer gives nothing up (R1)', async () => {
  const cluster = await overloaded()
  cluster.world.fail({ fault: { kind: 'grey', destination: 'paused' } })
  assert.ok(await moving(cluster))
  const { vm, to } = cluster.world.motions()[0]!
  const destination = Number(to.slice(1))
  await finished(cluster)
  const before = cluster.messages.length
  const saysPaused = () =>
    cluster.messages
      .slice(before)
      .some(({ message }) => message.kind === 'whereabouts' && message.presence === 'paused')
  assert.ok(await cluster.until(saysPaused, 5_000))
  await cluster.run(5)
  cluster.killHost(destination)
  await cluster.run(60_000)
  const { motions, warnings } = cluster.peer(0).view(now(cluster))
  assert.equal(motions.length, 1, 'nothing is given up: it keeps asking')
  assert.equal(warnings[0]?.code, 'vm.paused_in_doubt')
  cluster.world.byHand.destroy(vm, to)
  cluster.bootHost(destination)
  const back = () => copies(cluster, vm).join() === 'running on h0'
  assert.ok(await cluster.until(back, 30_000), 'both ends answer: paused here, not there')
  await cluster.run(60_000)
  assert.deepEqual(cluster.checker.checkAtRest(), [])
})
