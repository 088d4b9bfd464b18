/** What an operator asks for goes through the same machinery and the same checks. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { asHostId, asVmId } from '../../packages/protocol/src/index.ts'
import { virtualCluster } from '../kit/virtual-cluster.ts'

test('drain: what can leave leaves, the blockers are named first', async () => {
  const cluster = await virtualCluster({ hosts: 3 })
  for (let i = 0; i < 5; i++) cluster.vm(`vm-${i}`, 0, 800)
  cluster.vm('gpu', 0, 500, { fixed: 'dev.hostdev' })
  await cluster.run(2_000)
  const reply = await cluster.command(0, { kind: 'drain', onBlocker: 'skip', dryRun: false })
  assert.ok(reply.kind === 'drain')
  assert.equal(reply.leaving.length, 5)
  assert.deepEqual(reply.blockers, [{ vm: 'gpu', name: 'gpu', code: 'dev.hostdev' }])
  assert.ok(
    await cluster.until(() => cluster.world.host('h0').vms.length === 1, 300_000),
    'only the blocker is left',
  )
  await cluster.run(5_000)
  assert.deepEqual(cluster.checker.checkAtRest(), [])
  assert.deepEqual(cluster.world.host('h0').vms, ['gpu'])

  // And nothing comes back until the operator says so.
  for (const vm of cluster.world.host('h1').vms) cluster.world.setCpu(vm, 8_000)
  await cluster.run(30_000)
  assert.deepEqual(cluster.world.host('h0').vms, ['gpu'])
  await cluster.command(0, { kind: 'undrain' })
})

test('a drain goes on after a restart of its agent', async () => {
  const cluster = await virtualCluster({ hosts: 3 })
  for (let i = 0; i < 6; i++) cluster.vm(`vm-${i}`, 0, 500)
  await cluster.run(2_000)
  await cluster.command(0, { kind: 'drain', onBlocker: 'skip', dryRun: false })
  await cluster.run(4_000)
  cluster.killAgent(0)
  await cluster.run(1_000)
  cluster.restartAgent(0)
  assert.ok(await cluster.until(() => cluster.world.host('h0').vms.length === 0, 300_000))
  assert.deepEqual(cluster.checker.checkAtRest(), [])
})

test('migrate to a chosen host, to the best one, and why not', async () => {
  const cluster = await virtualCluster({ hosts: 3 })
  const vm = cluster.vm('web1', 0, 1_000)
  cluster.vm('gpu', 0, 500, { fixed: 'dev.hostdev' })
  await cluster.run(3_000)
  const chosen = await cluster.command(0, { kind: 'migrate', vm, to: cluster.ids[2]! })
  assert.equal(chosen.kind, 'ok')
  assert.ok(await cluster.until(() => cluster.world.host('h2').vms.includes(vm), 60_000))
  await cluster.run(3_000)

  const best = await cluster.command(2, { kind: 'migrate', vm, to: null })
  assert.equal(best.kind, 'ok')
  assert.ok(await cluster.until(() => !cluster.world.host('h2').vms.includes(vm), 60_000))

  const refused = await cluster.command(0, { kind: 'migrate', vm: asVmId('gpu'), to: null })
  assert.ok(refused.kind === 'refused' && refused.code === 'dev.hostdev')
  const absent = await cluster.command(0, { kind: 'migrate', vm: asVmId('nope'), to: null })
  assert.ok(absent.kind === 'refused' && absent.code === 'vm.absent')
  await cluster
    .command(0, { kind: 'migrate', vm: cluster.vm('web2', 0, 100), to: asHostId('nobody') })
    .then((reply) => assert.equal(reply.kind, 'refused'))
})

test('a rule that is broken is mended, and never broken on the way', async () => {
  const [a, b] = [asVmId('db1'), asVmId('db2')]
  const cluster = await virtualCluster({
    hosts: 3,
    rules: [{ kind: 'spread', name: 'db apart', vms: [a, b] }],
  })
  await cluster.run(2_000)
  cluster.vm('db1', 0, 1_000)
  cluster.vm('db2', 0, 1_000)
  assert.ok(
    await cluster.until(
      () => cluster.world.vm(a).copies[0]?.host !== cluster.world.vm(b).copies[0]?.host,
      60_000,
    ),
  )
  await cluster.run(5_000)
  assert.deepEqual(
    cluster.outcomes().map((one) => `${one.reason} ${one.result} ${one.actions.length}`),
    ['rule.violation cured 1'],
  )
})
