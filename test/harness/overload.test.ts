// Real agents over real libp2p, in one process: an overloaded host finds a neighbour with room, and the two of them
// settle it; then the load is constant, and nothing moves any more.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sleep, startCluster } from '@drover/sim'

test('an overload is cured by a partition of two, and then no VM moves', async () => {
  await using cluster = await startCluster({ hosts: 6, seed: 11, migrationMiBps: 1_200 })
  const { world } = cluster
  let started = 0
  world.events((event) => {
    if (event.kind === 'migration-started') started += 1
  })
  // Constant feasible load: no VM moves (Q3).
  await sleep(1_000)
  assert.equal(started, 0)
  assert.deepEqual(cluster.decisions(), [])

  const before = world.host('h03').vms
  assert.ok(cluster.overload('h03').length > 0)
  assert.deepEqual(cluster.overloadedHosts(), ['h03'])
  await cluster.waitFor(() => cluster.overloadedHosts().length === 0, 15_000, 'the cure of h03')
  await cluster.settled()

  const decision = cluster.decisions().find((one) => one.result === 'cured')
  assert.ok(decision, JSON.stringify(cluster.decisions()))
  assert.equal(cluster.nameOf(decision.leader), 'h03')
  assert.equal(decision.members.length, 2)
  assert.ok(decision.detectToStartMs !== null)
  const moved = before.filter((vm) => !world.host('h03').vms.includes(vm))
  assert.deepEqual(
    decision.actions.map(({ action, result }) => [action.vm, result?.kind]).sort(),
    moved.map((vm) => [vm, 'done']).sort(),
  )

  const inAll = started
  await sleep(1_200)
  assert.equal(started, inAll, 'constant load moves nothing')
  assert.deepEqual(cluster.checkInvariants(true), [])
})

test('two overloads at once are cured side by side', async () => {
  await using cluster = await startCluster({ hosts: 6, seed: 12, migrationMiBps: 1_200 })
  cluster.overload('h01')
  cluster.overload('h04')
  await cluster.waitFor(() => cluster.overloadedHosts().length === 0, 20_000, 'both cures')
  await cluster.settled()
  assert.deepEqual(cluster.checkInvariants(true), [])
})

test('in observe mode the agents say what they would do, and move nothing', async () => {
  await using cluster = await startCluster({ hosts: 4, seed: 13, migrationMiBps: 1_200, mode: 'observe' })
  cluster.overload('h02')
  await cluster.waitFor(() => cluster.decisions().some((one) => one.result === 'would'), 10_000, 'a decision')
  const decision = cluster.decisions().find((one) => one.result === 'would')
  assert.ok((decision?.actions.length ?? 0) > 0)
  assert.deepEqual(cluster.world.migrations(), [])
  assert.deepEqual(cluster.overloadedHosts(), ['h02'])
  assert.deepEqual(cluster.checkInvariants(true), [])
})
