/** Agents, journals, hypervisors and hosts fail at the worst moment; VMs do not notice. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { VmId } from '../../packages/protocol/src/index.ts'
import { finished, moving, overloaded, runningOn } from '../../packages/sim/src/testing/one-overload.ts'
import { virtualCluster } from '../kit/virtual-cluster.ts'

test('the source agent dies during the migration: its destination finishes for it', async () => {
  // The copy arrives paused (R2); the dead agent cannot say "gone", but its hypervisor can.
  const cluster = await overloaded()
  assert.ok(await moving(cluster))
  const vm = cluster.world.migrations()[0]!.vm
  cluster.killAgent(0)
  assert.ok(await finished(cluster))
  assert.ok(
    await cluster.until(() => runningOn(cluster, vm).length === 1, 5_000),
    'it runs again within seconds',
  )
  assert.notEqual(runningOn(cluster, vm)[0], 'h0')
  cluster.restartAgent(0)
  await cluster.run(10_000)
  assert.deepEqual(cluster.checker.checkAtRest(), [])
  assert.equal(cluster.peer(0).view(0).migrations.length, 0, 'the restarted agent has settled its action')
})

test('the destination agent dies during the migration: the source finishes for it', async () => {
  const cluster = await overloaded()
  assert.ok(await moving(cluster))
  const { vm, to } = cluster.world.migrations()[0]!
  const destination = Number(to.slice(1))
  cluster.killAgent(destination)
  assert.ok(await finished(cluster))
  assert.ok(await cluster.until(() => runningOn(cluster, vm).length === 1, 5_000))
  cluster.restartAgent(destination)
  await cluster.run(10_000)
  assert.deepEqual(cluster.checker.checkAtRest(), [])
})

test('both agents die: the copy waits paused, and runs when they are back', async () => {
  const cluster = await overloaded()
  assert.ok(await moving(cluster))
  const { vm, to } = cluster.world.migrations()[0]!
  const destination = Number(to.slice(1))
  cluster.killAgent(0)
  cluster.killAgent(destination)
  assert.ok(await finished(cluster))
  await cluster.run(10_000)
  assert.deepEqual(runningOn(cluster, vm), [], 'paused is safe')
  cluster.restartAgent(0)
  cluster.restartAgent(destination)
  assert.ok(await cluster.until(() => runningOn(cluster, vm).length === 1, 10_000))
  await cluster.run(10_000)
  assert.deepEqual(cluster.checker.checkAtRest(), [])
})

test('a restarted agent grants no lease while its migration still runs', async () => {
  const cluster = await overloaded()
  assert.ok(await moving(cluster))
  cluster.killAgent(0)
  cluster.restartAgent(0)
  await cluster.run(500)
  assert.ok(cluster.world.migrations().length > 0, 'it still runs')
  assert.equal(cluster.peer(0).view(0).lease, null)
  assert.equal(cluster.peer(0).view(0).migrations[0]?.direction, 'out', 'and the agent knows')
  assert.ok(await finished(cluster))
  await cluster.run(5_000)
  assert.deepEqual(cluster.checker.checkAtRest(), [])
})

test('a migration that fails leaves the VM where it was, and another is tried', async () => {
  const cluster = await overloaded()
  cluster.world.fail({ fault: { kind: 'abort', atPermille: 500 } })
  assert.ok(await cluster.until(() => cluster.overloaded().length === 0, 60_000))
  await cluster.run(20_000)
  const [first, second] = cluster.outcomes()
  assert.equal(first?.result, 'failed')
  assert.equal(second?.result, 'cured')
  assert.deepEqual(cluster.checker.checkAtRest(), [])
})

test('success reported as failure is found out by asking both ends', async () => {
  const cluster = await overloaded()
  cluster.world.fail({ fault: { kind: 'fail-after-success' } })
  assert.ok(await cluster.until(() => cluster.overloaded().length === 0, 60_000))
  await cluster.run(10_000)
  assert.deepEqual(cluster.checker.checkAtRest(), [])
  assert.equal(cluster.outcomes().at(-1)?.result, 'cured')
})

for (const destination of ['paused', 'gone'] as const)
  test(`the grey window, destination ${destination}: both ends answer, and it runs exactly once`, async () => {
    const cluster = await overloaded()
    cluster.world.fail({ fault: { kind: 'grey', destination } })
    assert.ok(await moving(cluster))
    const { vm } = cluster.world.migrations()[0]!
    assert.ok(await finished(cluster))
    assert.ok(await cluster.until(() => runningOn(cluster, vm).length === 1, 20_000))
    await cluster.run(10_000)
    assert.deepEqual(cluster.checker.violations(), [])
  })

test('a full journal: no new lease, the running migration finishes, and all goes on when there is space', async () => {
  const cluster = await overloaded()
  assert.ok(await moving(cluster))
  for (let host = 0; host < 3; host++) cluster.fullJournal(host, true)
  assert.ok(await finished(cluster))
  await cluster.run(5_000)
  for (const vm of cluster.world.host('h0').vms) cluster.world.setCpu(vm, 2_000)
  const before = cluster.outcomes().length
  await cluster.run(20_000)
  assert.ok(
    cluster
      .outcomes()
      .slice(before)
      .every((one) => one.actions.length === 0),
    'nothing moves',
  )
  assert.ok(cluster.peer(0).view(0).troubles.includes('journal.full'))
  for (let host = 0; host < 3; host++) cluster.fullJournal(host, false)
  for (const vm of cluster.world.vms()) cluster.world.setCpu(vm.vm, 1_400)
  assert.ok(await cluster.until(() => cluster.overloaded().length === 0, 60_000))
  await cluster.run(20_000)
  assert.deepEqual(cluster.checker.violations(), [])
})

test('a host dies: the ring heals, and the survivors cure the next overload', async () => {
  const cluster = await virtualCluster({ hosts: 4 })
  for (let i = 0; i < 7; i++) cluster.vm(`vm-${i}`, 0, 1_000)
  await cluster.run(3_000)
  cluster.killHost(1)
  const seen = () => cluster.view(0).members.find((one) => one.summary.host === cluster.ids[1])?.state
  assert.ok(await cluster.until(() => seen() === 'dead', 20_000), 'noticed')
  cluster.world.setCpu('vm-0' as VmId, 2_500)
  assert.ok(await cluster.until(() => cluster.overloaded().length === 0, 20_000), 'cured by others')
  await cluster.run(20_000)
  assert.deepEqual(cluster.checker.violations(), [])
})

test('the owner destroys a VM in the middle of its migration: no host waits for it for ever', async () => {
  const cluster = await overloaded()
  cluster.world.fail({ fault: { kind: 'hang', atPermille: 500 } })
  assert.ok(await moving(cluster))
  const { vm } = cluster.world.migrations()[0]!
  cluster.world.byHand.want(vm, 'shut')
  cluster.world.byHand.destroy(vm, 'h0')
  await cluster.run(90_000)
  for (let host = 0; host < 3; host++) {
    const view = cluster.view(host)
    assert.deepEqual(view.migrations, [])
    assert.equal(view.lease, null)
  }
  assert.deepEqual(
    cluster.checker.violations().filter((one) => one.invariant !== 'S2'),
    [],
    'S2 aside: between his wish and his deed it still ran',
  )
  assert.deepEqual(runningOn(cluster, vm), [])
})

test('a solver that crashes fails the partition at once, with no host held meanwhile', async () => {
  const cluster = await overloaded({
    solver: () => ({
      answer: { kind: 'infeasible', why: { code: 'solver.failed', text: 'the worker died' } },
      plan: null,
    }),
  })
  await cluster.run(3_000)
  const [first] = cluster.outcomes()
  assert.equal(`${first?.result} ${first?.code}`, 'failed solver.failed')
  assert.equal(first?.members.length, 2, 'it did not grow')
  assert.ok(cluster.outcomes().length < 8, 'and backs off')
})

test('the destination dies with the VM before its source has heard of it: the source is free again', async () => {
  // The source's agent is dead while the VM arrives; then the destination loses its power. No answer will ever come.
  const cluster = await overloaded()
  assert.ok(await moving(cluster))
  const destination = Number(cluster.world.migrations()[0]!.to.slice(1))
  cluster.killAgent(0)
  assert.ok(await finished(cluster))
  await cluster.run(3_000)
  cluster.killHost(destination)
  cluster.restartAgent(0)
  await cluster.run(20_000)
  assert.deepEqual(cluster.view(0).migrations, [])
  cluster.world.setCpu(cluster.world.host('h0').vms[0]!, 4_000)
  assert.ok(
    await cluster.until(() => cluster.overloaded().length === 0, 30_000),
    'it cures its next overload',
  )
})

test('the destination is cut off with the VM: it runs there as soon as it can ask', async () => {
  const cluster = await overloaded()
  assert.ok(await moving(cluster))
  const { vm, to } = cluster.world.migrations()[0]!
  const destination = Number(to.slice(1))
  cluster.killAgent(0)
  cluster.killAgent(destination)
  assert.ok(await finished(cluster))
  for (const host of [0, 1, 2]) if (host !== destination) cluster.cut(host, destination)
  cluster.restartAgent(0)
  cluster.restartAgent(destination)
  await cluster.run(40_000)
  assert.deepEqual(runningOn(cluster, vm), [], 'no agent guesses')
  assert.deepEqual(cluster.view(0).migrations, [])
  cluster.heal()
  assert.ok(await cluster.until(() => runningOn(cluster, vm).length === 1, 10_000))
  await cluster.run(5_000)
  assert.deepEqual(cluster.checker.checkAtRest(), [])
})
