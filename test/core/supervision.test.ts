/**
 * A migration that hangs, or that would never end, is ended by the agent of its source, however often
 * that agent dies; the others of its plan leave meanwhile. How it ended is seen, never assumed.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { simulatedHypervisor } from '../../packages/sim/src/hypervisor/simulated.ts'
import { atRest, moving, overloaded } from '../../packages/sim/src/testing/one-overload.ts'
import type { Cluster } from '../kit/cluster.ts'
import { virtualCluster } from '../kit/virtual-cluster.ts'

const warned = (cluster: Cluster, host = 0): readonly string[] =>
  cluster.view(host).warnings.map((warning) => warning.code)
const resultsOf = (cluster: Cluster): readonly (string | null)[] =>
  cluster
    .outcomes()
    .flatMap(({ actions }) => actions.map(({ result }) => (result && 'code' in result ? result.code : null)))

for (const atPermille of [0, 500, 999])
  test(`a migration that hangs after ${atPermille} permille is broken off, and another VM leaves`, async () => {
    const cluster = await overloaded()
    cluster.world.fail({ fault: { kind: 'hang', atPermille } })
    assert.ok(await moving(cluster))
    const { vm } = cluster.world.migrations()[0]!
    assert.ok(await cluster.until(() => cluster.overloaded().length === 0, 60_000))
    await cluster.run(5_000)
    assert.equal(resultsOf(cluster)[0], 'migration.stalled')
    assert.ok(warned(cluster).includes('migration.stalled'))
    assert.ok(cluster.world.host('h0').vms.includes(vm), 'it runs on where it was')
    atRest(cluster)
  })

test('the agent of the source dies while its migration hangs: the next one ends it', async () => {
  const cluster = await overloaded()
  cluster.world.fail({ fault: { kind: 'hang', atPermille: 500 } })
  assert.ok(await moving(cluster))
  await cluster.run(10_000)
  cluster.killAgent(0)
  await cluster.run(1_000)
  cluster.restartAgent(0)
  assert.ok(await cluster.until(() => cluster.overloaded().length === 0, 120_000))
  await cluster.run(45_000)
  atRest(cluster)
})

test('the agent dies again after it has asked for the end: its next life asks once more', async () => {
  const cluster = await overloaded()
  cluster.world.fail({ fault: { kind: 'hang', atPermille: 500, deaf: true } })
  assert.ok(await moving(cluster))
  const { vm } = cluster.world.migrations()[0]!
  assert.ok(await cluster.until(() => warned(cluster).includes('migration.stalled'), 60_000))
  cluster.killAgent(0)
  await cluster.run(1_000)
  cluster.restartAgent(0)
  await cluster.run(60_000)
  assert.equal(cluster.world.migrations().length, 1, 'it heard none of it so far')
  assert.equal(cluster.view(0).migrations[0]?.phase, 'settling')
  cluster.world.inside.migrations.limit(vm, 1)
  cluster.world.unhang(vm)
  assert.ok(await cluster.until(() => cluster.world.migrations().length === 0, 20_000))
  await cluster.run(60_000)
  assert.deepEqual(cluster.overloaded(), [])
  atRest(cluster)
})

for (const journal of ['lost', 'torn'] as const)
  test(`the agent of the source comes back with its journal ${journal} while its migration hangs: it ends what it is asked about`, async () => {
    const cluster = await overloaded()
    cluster.world.fail({ fault: { kind: 'hang', atPermille: 500 } })
    assert.ok(await moving(cluster))
    const { vm } = cluster.world.migrations()[0]!
    cluster.killAgent(0)
    if (journal === 'lost') cluster.loseJournal(0)
    else cluster.tearJournal(0)
    await cluster.run(1_000)
    cluster.restartAgent(0)
    await cluster.run(5_000)
    assert.deepEqual(
      cluster.view(0).migrations.map((one) => [one.vm, one.direction, one.phase]),
      [[vm, 'out', 'settling']],
    )
    // What it has written down again is enough for its next life.
    cluster.killAgent(0)
    await cluster.run(1_000)
    cluster.restartAgent(0)
    assert.ok(await cluster.until(() => cluster.overloaded().length === 0, 120_000))
    await cluster.run(45_000)
    assert.ok(warned(cluster).includes('migration.stalled'))
    assert.deepEqual(cluster.view(0).alarms, [])
    atRest(cluster)
  })

test('both journals are lost while the migration hangs: it is left alone, and an alarm stands until an operator ends it', async () => {
  const cluster = await overloaded()
  cluster.world.fail({ fault: { kind: 'hang', atPermille: 500 } })
  assert.ok(await moving(cluster))
  const { vm, to } = cluster.world.migrations()[0]!
  for (const host of [0, Number(to.slice(1))]) {
    cluster.killAgent(host)
    cluster.loseJournal(host)
    cluster.restartAgent(host)
  }
  const alarms = () => cluster.view(0).alarms.map((one) => [one.code, one.vm])
  assert.ok(await cluster.until(() => alarms().length > 0, 60_000))
  await cluster.run(600_000)
  assert.deepEqual(alarms(), [['migration.unaccounted', vm]])
  assert.equal(cluster.world.migrations().length, 1)
  cluster.world.byHand.abort(vm)
  await cluster.run(2_000)
  assert.deepEqual(alarms(), [])
  assert.ok(await cluster.until(() => cluster.overloaded().length === 0, 60_000))
  await cluster.run(45_000)
  atRest(cluster)
})

test('both agents are down for a while: the agent of the source supervises the migration again', async () => {
  const cluster = await overloaded()
  cluster.world.fail({ fault: { kind: 'hang', atPermille: 500 } })
  assert.ok(await moving(cluster))
  const destination = Number(cluster.world.migrations()[0]!.to.slice(1))
  cluster.killAgent(0)
  cluster.killAgent(destination)
  await cluster.run(120_000)
  assert.equal(cluster.world.migrations().length, 1)
  cluster.restartAgent(0)
  // The agent at the other end stays away: its hypervisor is asked where the VM is going.
  assert.ok(await cluster.until(() => cluster.world.migrations().length === 0, 120_000))
  cluster.restartAgent(destination)
  await cluster.run(60_000)
  assert.deepEqual(cluster.overloaded(), [])
  atRest(cluster)
})

test('a guest that rewrites memory faster than the link carries it: the others leave first, then it is given up and named', async () => {
  const cluster = await virtualCluster({ hosts: 3, sampleMs: 1_000 })
  const hot = cluster.vm('hot', 0, 4_000, { dirtyMiBps: 400, memoryMiB: 8_192 })
  for (let i = 0; i < 3; i++) cluster.vm(`v${i}`, 0, 300)
  await cluster.run(3_000)
  await cluster.command(0, { kind: 'drain', onBlocker: 'skip', dryRun: false })
  assert.ok(await cluster.until(() => cluster.world.host('h0').vms.length === 1, 120_000))
  assert.deepEqual(cluster.world.host('h0').vms, [hot])
  assert.ok(await cluster.until(() => warned(cluster).includes('migration.slow'), 1_200_000))
  assert.ok(await cluster.until(() => cluster.world.migrations().length === 0, 1_200_000))
  await cluster.run(5_000)
  assert.ok(resultsOf(cluster).includes('mem.would_not_converge'))
  assert.ok(warned(cluster).includes('mem.would_not_converge'))
  assert.equal(cluster.view(0).vms[0]?.fixed, 'vm.quarantined')
  atRest(cluster)
})

test('a VM that was on its way before the drain began: the way out is free again within the hour, and the others leave', async () => {
  const cluster = await virtualCluster({ hosts: 3, sampleMs: 1_000 })
  const hot = cluster.vm('hot', 0, 4_000, { dirtyMiBps: 400, memoryMiB: 8_192 })
  for (let i = 0; i < 3; i++) cluster.vm(`v${i}`, 0, 300)
  await cluster.run(3_000)
  cluster.tell(0, { kind: 'migrate', vm: hot, to: null })
  assert.ok(await moving(cluster))
  await cluster.command(0, { kind: 'drain', onBlocker: 'skip', dryRun: false })
  await cluster.run(3_600_000)
  assert.deepEqual(cluster.world.host('h0').vms, [hot])
  assert.ok(resultsOf(cluster).includes('mem.would_not_converge'))
})

for (const journal of ['intact', 'lost'] as const)
  test(`an administrator moves the VM while the agent is away, its journal ${journal}: that migration is not ours, and is left alone`, async () => {
    const cluster = await virtualCluster({ hosts: 3 })
    const vm = cluster.vm('web', 0, 1_000, { memoryMiB: 8_192 })
    await cluster.run(3_000)
    cluster.tell(0, { kind: 'migrate', vm, to: cluster.ids[1]! })
    assert.ok(await moving(cluster))
    cluster.killAgent(0)
    cluster.killAgent(1)
    const byHand = simulatedHypervisor(cluster.world, 'h0')
    byHand.open()
    await byHand.abort(vm)
    cluster.world.fail({ fault: { kind: 'hang', atPermille: 500 } })
    void byHand.migrate({ vm, to: 'sim://h2', handOverPaused: false, bandwidthMiBps: null })
    await cluster.run(1_000)
    if (journal === 'lost') cluster.loseJournal(0)
    cluster.restartAgent(0)
    cluster.restartAgent(1)
    await cluster.run(600_000)
    assert.equal(cluster.world.migrations()[0]?.to, 'h2', 'ten minutes later it is still there')
    if (journal === 'lost')
      assert.deepEqual(
        cluster.view(0).alarms.map((one) => one.code),
        ['migration.unaccounted'],
      )
  })
