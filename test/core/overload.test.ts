/** The main story, in virtual time: an overload is detected, a partition of two is formed, and a VM moves. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { virtualCluster } from '../kit/virtual-cluster.ts'

test('an overloaded host is cured by one neighbour', async () => {
  // Four hosts, each with four VMs of one and a half cores; then three VMs of the first want more than there is.
  const cluster = await virtualCluster({ hosts: 4 })
  for (let host = 0; host < 4; host++) for (let i = 0; i < 4; i++) cluster.vm(`vm-${host}-${i}`, host, 1_000)
  await cluster.run(3_000)
  assert.equal(cluster.outcomes().length, 0, 'nothing is wrong, so nothing is decided')

  for (let i = 0; i < 3; i++) cluster.world.setCpu(`vm-0-${i}` as never, 2_600)
  assert.deepEqual(cluster.overloaded(), ['h0'])
  assert.ok(await cluster.until(() => cluster.overloaded().length === 0, 20_000), 'cured')
  await cluster.run(2_000)

  const [decision, ...more] = cluster.outcomes()
  assert.equal(more.length, 0, 'one decision is enough')
  assert.equal(decision?.result, 'cured')
  assert.equal(decision?.members.length, 2, 'two hosts suffice')
  assert.equal(decision?.actions.length, 1, 'one VM suffices')
  assert.deepEqual(cluster.checker.checkAtRest(), [])
})
