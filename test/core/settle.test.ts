/**
 * A VM whose migration ended in doubt: requests that are read late, answers that are old, words that are lost, journals that are
 * gone. However it happened, the VM runs once in the end, or an operator is told, and goes on being told.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { VmId } from '../../packages/protocol/src/index.ts'
import { copiesOf, finished, moving, overloaded } from '../../packages/sim/src/testing/one-overload.ts'
import { virtualCluster } from '../kit/virtual-cluster.ts'

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
    assert.deepEqual(cluster.view(0).migrations, [])
  })

test('both copies paused, and the destination dies right after it said so: its old answer gives nothing up (R1)', async () => {
  const cluster = await overloaded()
  cluster.world.fail({ fault: { kind: 'grey', destination: 'paused' } })
  assert.ok(await moving(cluster))
  const { vm, to } = cluster.world.migrations()[0]!
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
  const { migrations: motions, warnings } = cluster.view(0)
  assert.equal(motions.length, 1, 'nothing is given up: it keeps asking')
  assert.equal(warnings[0]?.code, 'vm.paused_in_doubt')
  cluster.world.byHand.destroy(vm, to)
  cluster.bootHost(destination)
  const back = () => copiesOf(cluster, vm).join() === 'running on h0'
  assert.ok(await cluster.until(back, 30_000), 'both ends answer: paused here, not there')
  await cluster.run(60_000)
  assert.deepEqual(cluster.checker.checkAtRest(), [])
})

test('the hand-over was lost and the destination lost its journal: the source repeats it until the VM runs (S2)', async () => {
  const cluster = await overloaded()
  assert.ok(await moving(cluster))
  const { vm, to } = cluster.world.migrations()[0]!
  const destination = Number(to.slice(1))
  cluster.killAgent(destination)
  await finished(cluster)
  cluster.world.daemon(to, 'hung')
  await cluster.run(30_000)
  const source = cluster.view(0)
  assert.deepEqual(source.migrations, [], 'the host is free')
  assert.deepEqual(
    source.alarms.map((one) => one.code),
    ['vm.unconfirmed'],
  )
  cluster.killAgent(0)
  cluster.loseJournal(destination)
  await cluster.run(1_000)
  cluster.restartAgent(0)
  cluster.world.daemon(to, 'up')
  cluster.restartAgent(destination)
  const runs = () => copiesOf(cluster, vm).join() === `running on ${to}`
  assert.ok(await cluster.until(runs, 20_000), 'a restart of the source forgets nothing')
  await cluster.run(10_000)
  const after = cluster.view(0)
  assert.deepEqual([after.duties, after.alarms], [[], []])
  assert.deepEqual(cluster.checker.checkAtRest(), [])
})

test('both journals are lost in a migration: the host with the paused VM says so, again and again, until it runs', async () => {
  const cluster = await overloaded()
  assert.ok(await moving(cluster))
  const { vm, to } = cluster.world.migrations()[0]!
  const destination = Number(to.slice(1))
  for (const host of [0, destination]) {
    cluster.killAgent(host)
    cluster.loseJournal(host)
  }
  await finished(cluster)
  for (const host of [0, destination]) cluster.restartAgent(host)
  const alarms = () => cluster.view(destination).alarms
  assert.ok(await cluster.until(() => alarms().length > 0, 30_000))
  assert.deepEqual(
    alarms().map((one) => [one.code, one.vm]),
    [['vm.paused_by_migration', vm]],
  )
  await cluster.run(600_000)
  assert.equal(alarms().length, 1, 'it stands')
  assert.deepEqual(cluster.view(0).alarms, [], 'only where it is')
  cluster.world.byHand.resume(vm, to)
  await cluster.run(2_000)
  assert.deepEqual(alarms(), [], 'and clears itself')
  assert.deepEqual(cluster.checker.checkAtRest(), [])
})

test('a request that is read after both agents gave it up leaves the VM paused where no action awaits it: an alarm says so', async () => {
  const cluster = await overloaded()
  cluster.world.fail({ fault: { kind: 'late', delayMs: 50_000 } })
  assert.ok(
    await cluster.until(() => cluster.messages.some(({ message }) => message.kind === 'admitted'), 10_000),
  )
  await cluster.run(5)
  const moved: string[] = []
  cluster.world.events((event) => {
    if (event.kind === 'migration-started') moved.push(`${event.migration.vm} ${event.migration.to}`)
  })
  cluster.killAgent(0)
  await cluster.run(1_000)
  cluster.restartAgent(0)
  cluster.tell(0, { kind: 'mode', mode: 'observe' })
  await cluster.run(90_000)
  const [vm, to] = moved[0]!.split(' ') as [VmId, string]
  assert.deepEqual(copiesOf(cluster, vm), [`paused on ${to}`])
  const { alarms } = cluster.view(Number(to.slice(1)))
  assert.deepEqual(
    alarms.map((one) => one.vm),
    [vm],
  )
})

test('an operator pauses a VM, or moves one by hand: no alarm', async () => {
  const cluster = await virtualCluster({ hosts: 2 })
  const vm = cluster.vm('web', 0, 500, { autostart: true })
  await cluster.run(1_000)
  cluster.world.byHand.pause(vm, 'h0')
  await cluster.run(30_000)
  assert.deepEqual(cluster.view(0).alarms, [])
})
