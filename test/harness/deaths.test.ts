// Agents and hosts die while the cluster works: no VM changes its state but those that die with their host, and the
// survivors go on curing.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startCluster } from '@drover/sim'

test('kill -9 of the leader during its migration: the migration ends by itself, and the restarted agent records how', async () => {
  await using cluster = await startCluster({ hosts: 5, seed: 21, migrationMiBps: 1_200 })
  const { world } = cluster
  const running = world.vms().length
  cluster.overload('h02')
  await cluster.waitFor(() => world.migrations().some((m) => m.from === 'h02'), 10_000, 'the first migration')
  const vm = world.migrations()[0]?.vm
  assert.ok(vm !== undefined)
  cluster.killAgent('h02')
  await cluster.waitFor(() => world.migrations().length === 0, 15_000, 'the orphaned migration to end')
  await cluster.restartAgent('h02')
  await cluster.waitFor(() => cluster.overloadedHosts().length === 0, 20_000, 'the cure after the restart')
  await cluster.settled(15_000)
  assert.deepEqual(
    world.vm(vm).copies.map((copy) => copy.state),
    ['running'],
  )
  assert.equal(
    world.vms().filter((one) => one.copies.some((copy) => copy.state === 'running')).length,
    running,
  )
  assert.deepEqual(cluster.checkInvariants(true), [])
})

test('kill -9 of the destination’s agent during the migration: the VM arrives and runs', async () => {
  await using cluster = await startCluster({ hosts: 5, seed: 22, migrationMiBps: 1_200 })
  const { world } = cluster
  cluster.overload('h04')
  await cluster.waitFor(() => world.migrations().some((m) => m.from === 'h04'), 10_000, 'the first migration')
  const migration = world.migrations()[0]
  assert.ok(migration !== undefined)
  cluster.killAgent(migration.to)
  await cluster.waitFor(
    () =>
      world.vm(migration.vm).copies.some((copy) => copy.host === migration.to && copy.state === 'running'),
    20_000,
    'the VM to run at its destination',
  )
  await cluster.restartAgent(migration.to)
  await cluster.waitFor(() => cluster.overloadedHosts().length === 0, 20_000, 'the cure')
  await cluster.settled(15_000)
  assert.deepEqual(cluster.checkInvariants(true), [])
})

test('power failure of a host: the other hosts count it as dead, and cure overloads as before', async () => {
  await using cluster = await startCluster({ hosts: 6, seed: 23, migrationMiBps: 1_200 })
  const { world } = cluster
  const lost = world.host('h03').vms
  cluster.killHost('h03')
  cluster.overload('h02')
  await cluster.waitFor(() => cluster.overloadedHosts().length === 0, 20_000, 'the cure without h03')
  await cluster.waitFor(
    () =>
      cluster.views().every((view) => view.members.find((m) => m.summary.name === 'h03')?.state !== 'alive'),
    15_000,
    'all to know that h03 is dead',
  )
  await cluster.settled()
  await cluster.bootHost('h03')
  await cluster.waitFor(
    () => cluster.views().every((view) => view.members.filter((m) => m.state !== 'dead').length === 6),
    15_000,
    'h03 to be back in every view',
  )
  assert.deepEqual(world.host('h03').vms, lost)
  assert.deepEqual(cluster.checkInvariants(true), [])
})

test('SIGTERM at both ends of a migration, as in an upgrade of all hosts: the VM runs before the agents end', async () => {
  await using cluster = await startCluster({ hosts: 4, seed: 24, migrationMiBps: 1_200 })
  const { world } = cluster
  cluster.overload('h02')
  await cluster.waitFor(() => world.migrations().some((m) => m.from === 'h02'), 10_000, 'the first migration')
  const migration = world.migrations()[0]
  assert.ok(migration !== undefined)
  await Promise.all([cluster.member(migration.from).stop(), cluster.member(migration.to).stop()])
  assert.deepEqual(world.migrations(), [], 'neither left before it had ended')
  assert.deepEqual(
    world.vm(migration.vm).copies.map((copy) => `${copy.state} on ${copy.host}`),
    [`running on ${migration.to}`],
  )
})
