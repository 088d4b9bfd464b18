/** Partitions compete for hosts: the graver one wins, no member waits while it holds a lease, and nothing is lost on the way. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { virtualCluster } from '../kit/virtual-cluster.ts'

test('two overloaded hosts share the only helper, one after the other', async () => {
  // h2 is the only host with room. Both h0 and h1 are overloaded at the same moment and ask for it.
  const cluster = await virtualCluster({ hosts: 3 })
  for (let host = 0; host < 2; host++) for (let i = 0; i < 7; i++) cluster.vm(`vm-${host}-${i}`, host, 1_000)
  await cluster.run(3_000)
  cluster.world.setCpu('vm-0-0' as never, 3_000)
  cluster.world.setCpu('vm-1-0' as never, 2_500)
  assert.ok(await cluster.until(() => cluster.overloaded().length === 0, 60_000), 'both are cured')
  await cluster.run(5_000)
  assert.deepEqual(cluster.checker.checkAtRest(), [])
  assert.ok(
    cluster.messages.some(({ message }) => ['busy', 'revoked', 'declined'].includes(message.kind)) ||
      cluster.outcomes().length === 1,
    'they met',
  )
})

test('a graver partition takes a member from one that has not begun to execute', async () => {
  // h0's solver is slow; while it thinks, h1 is overloaded far worse and needs the same helper.
  const cluster = await virtualCluster({ hosts: 3, solveMs: 1_500, policy: { overloadHoldMs: 0 } })
  for (let host = 0; host < 2; host++) for (let i = 0; i < 7; i++) cluster.vm(`vm-${host}-${i}`, host, 1_000)
  await cluster.run(3_000)
  cluster.world.setCpu('vm-0-0' as never, 2_200)
  await cluster.run(600)
  cluster.world.setCpu('vm-1-0' as never, 4_000)
  assert.ok(
    await cluster.until(
      () => cluster.messages.some(({ message }) => message.kind === 'revoked' && message.code === 'wounded'),
      3_000,
    ),
    'wounded',
  )
  assert.ok(await cluster.until(() => cluster.overloaded().length === 0, 60_000), 'both are cured in the end')
  await cluster.run(20_000)
  assert.deepEqual(cluster.checker.checkAtRest(), [])
})

test('a late release of an old partition frees no host of another', async () => {
  // What DVMS got wrong: its release carried no partition. Every message is duplicated and delayed here.
  const cluster = await virtualCluster({ hosts: 4, seed: 3 })
  Object.assign(cluster.weather, { duplicate: 0.5, jitterMs: 400 })
  for (let host = 0; host < 3; host++) for (let i = 0; i < 7; i++) cluster.vm(`vm-${host}-${i}`, host, 1_000)
  await cluster.run(4_000)
  for (let host = 0; host < 3; host++) cluster.world.setCpu(`vm-${host}-0` as never, 2_500)
  assert.ok(await cluster.until(() => cluster.overloaded().length === 0, 120_000))
  await cluster.run(20_000)
  assert.deepEqual(cluster.checker.checkAtRest(), [])
})
