// The network is cut, hypervisors refuse, break off and lie, a journal is full: safety holds at every moment, and
// what can be cured is cured when it is over.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sleep, startCluster } from '@drover/sim'

test('a host that is cut off moves no VM; when the cut heals, its overload is cured', async () => {
  await using cluster = await startCluster({ hosts: 5, seed: 31, migrationMiBps: 1_200 })
  const others = cluster.hosts.filter((host) => host !== 'h02')
  for (const other of others) cluster.cut('h02', other)
  cluster.overload('h02')
  await sleep(1_500)
  assert.deepEqual(cluster.overloadedHosts(), ['h02'])
  assert.equal(cluster.world.migrations().length, 0)
  assert.deepEqual(cluster.checkInvariants(), [])
  cluster.heal()
  await cluster.waitFor(() => cluster.overloadedHosts().length === 0, 25_000, 'the cure after healing')
  await cluster.settled(15_000)
  assert.deepEqual(cluster.checkInvariants(true), [])
})

test('overloads are cured although migrations are refused, break off, report a false failure or end in doubt', async () => {
  await using cluster = await startCluster({ hosts: 5, seed: 32, migrationMiBps: 1_200 })
  const { world } = cluster
  world.fail({ fault: { kind: 'refuse' }, from: 'h01' })
  world.fail({ fault: { kind: 'abort', atPermille: 500 }, from: 'h02' })
  world.fail({ fault: { kind: 'fail-after-success' }, from: 'h03' })
  world.fail({ fault: { kind: 'grey', destination: 'gone' }, from: 'h04' })
  for (const host of ['h01', 'h02', 'h03', 'h04'] as const) {
    cluster.relax()
    cluster.overload(host)
    await cluster.waitFor(() => cluster.overloadedHosts().length === 0, 25_000, `the cure of ${host}`)
    await cluster.settled(15_000)
  }
  assert.deepEqual(cluster.checkInvariants(true), [])
})

test('a host with a full journal grants no lease; with space again it does', async () => {
  await using cluster = await startCluster({ hosts: 2, seed: 33, migrationMiBps: 1_200 })
  cluster.member('h02').journal.full = true
  cluster.overload('h01')
  await sleep(1_500)
  assert.deepEqual(cluster.overloadedHosts(), ['h01'])
  assert.equal(cluster.world.migrations().length, 0)
  // A lease whose epoch could not be written was told to no leader: it lapses, and no other is given.
  const lease = () => cluster.views().find((view) => view.description?.name === 'h02')?.lease
  await cluster.waitFor(() => lease() === null, 10_000, 'the end of a lease that was told to no leader')
  await sleep(1_000)
  assert.equal(lease(), null)
  assert.equal(cluster.world.migrations().length, 0)
  cluster.member('h02').journal.full = false
  await cluster.waitFor(() => cluster.overloadedHosts().length === 0, 30_000, 'the cure once h02 can write')
  await cluster.settled(15_000)
  assert.deepEqual(cluster.checkInvariants(true), [])
})

test('with one message in ten lost an overload is cured, and every promise holds', async () => {
  await using cluster = await startCluster({ hosts: 5, seed: 34, migrationMiBps: 1_200 })
  cluster.lose(100)
  cluster.overload('h05')
  await cluster.waitFor(() => cluster.overloadedHosts().length === 0, 30_000, 'the cure')
  cluster.lose(0)
  await cluster.settled(15_000)
  assert.deepEqual(cluster.checkInvariants(true), [])
})
