/**
 * What an operator says holds from the reply on, also in the middle of a plan: the migration under way ends, none begins
 * after it, and the decision says that it was called off.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { planOrder } from '../../packages/placement/src/index.ts'
import {
  asVmId,
  type Command,
  type PartitionId,
  type PartitionProblem,
  type Solution,
} from '../../packages/protocol/src/index.ts'
import { atRest } from '../../packages/sim/src/testing/one-overload.ts'
import type { Cluster, ClusterOptions } from '../kit/cluster.ts'
import { virtualCluster } from '../kit/virtual-cluster.ts'

const observe: Command = { kind: 'mode', mode: 'observe' }
const undrain: Command = { kind: 'undrain' }

/** Host 0 is being drained of six VMs, one at a time; the second has just begun to move. */
const draining = async (options: Partial<ClusterOptions> = {}): Promise<Cluster> => {
  const cluster = await virtualCluster({ hosts: 3, sampleMs: 1_000, ...options })
  for (let i = 0; i < 6; i++) cluster.vm(`v${i}`, 0, 600, { memoryMiB: 2_048 })
  await cluster.run(3_000)
  await cluster.command(0, { kind: 'drain', onBlocker: 'skip', dryRun: false })
  assert.ok(await cluster.until(() => cluster.world.host('h0').vms.length === 5, 120_000))
  assert.ok(await cluster.until(() => cluster.world.migrations().length === 1, 10_000))
  return cluster
}
const countsBegun = (cluster: Cluster): (() => readonly string[]) => {
  const begun: string[] = []
  cluster.world.events((event) => {
    if (event.kind === 'migration-started') begun.push(`${event.migration.vm} to ${event.migration.to}`)
  })
  return () => begun
}
const lastOf = (cluster: Cluster) => cluster.outcomes().find((one) => one.reason === 'drain')

for (const [who, hosts] of [
  ['at the leader, which is the source', [0]],
  ['at every host', [0, 1, 2]],
] as const)
  test(`mode observe ${who}: the migration under way ends, and no other begins`, async () => {
    const cluster = await draining()
    const begun = countsBegun(cluster)
    for (const host of hosts) await cluster.command(host, observe)
    await cluster.run(150_000)
    assert.deepEqual(begun(), [])
    assert.equal(cluster.world.host('h0').vms.length, 4, 'what was under way has arrived')
    const decision = lastOf(cluster)
    assert.deepEqual([decision?.result, decision?.code], ['failed', 'operator.called_off'])
    atRest(cluster)
  })

test('mode observe at the destination: nothing more comes in, and the drain goes elsewhere', async () => {
  const cluster = await draining()
  const to = cluster.world.migrations()[0]!.to
  const begun = countsBegun(cluster)
  await cluster.command(Number(to.slice(1)), observe)
  await cluster.run(150_000)
  assert.deepEqual(
    begun().filter((one) => one.endsWith(to)),
    [],
  )
  assert.equal(cluster.world.host('h0').vms.length, 0, 'the third host took the rest')
  assert.equal(cluster.world.host(to).vms.length, 2, 'what was admitted before has arrived')
  const refused = lastOf(cluster)
  assert.deepEqual([refused?.result, refused?.code], ['failed', 'mode.observe'])
  atRest(cluster)
})

test('undrain: the host takes VMs again, keeps those that it has, and the decision was called off', async () => {
  const cluster = await draining()
  const begun = countsBegun(cluster)
  await cluster.command(0, undrain)
  await cluster.run(150_000)
  assert.deepEqual(begun(), [])
  assert.equal(cluster.world.host('h0').vms.length, 4)
  const decision = lastOf(cluster)
  assert.deepEqual(
    [decision?.result, decision?.code, decision?.text],
    ['failed', 'operator.called_off', 'the drain was called off'],
  )
  atRest(cluster)
})

test('undrain between the question and the answer: a plan that is still being made is not carried out', async () => {
  const cluster = await virtualCluster({ hosts: 3, solveMs: 500 })
  for (let i = 0; i < 3; i++) cluster.vm(`v${i}`, 0, 600)
  await cluster.run(3_000)
  const begun = countsBegun(cluster)
  await cluster.command(0, { kind: 'drain', onBlocker: 'skip', dryRun: false })
  await cluster.run(100)
  await cluster.command(0, undrain)
  await cluster.run(60_000)
  assert.deepEqual(begun(), [])
  atRest(cluster)
})

test('undrain does not call off the cure of an overload', async () => {
  const cluster = await virtualCluster({ hosts: 3 })
  for (let i = 0; i < 8; i++) cluster.vm(`v${i}`, 0, 1_400, { memoryMiB: 2_048 })
  assert.ok(await cluster.until(() => cluster.world.migrations().length === 1, 20_000))
  const begun = countsBegun(cluster)
  await cluster.command(0, undrain)
  assert.ok(await cluster.until(() => cluster.overloaded().length === 0, 120_000))
  await cluster.run(10_000)
  assert.ok(begun().length > 0, 'more than one had to leave')
  assert.equal(cluster.outcomes()[0]?.result, 'cured')
})

const nothing = { overloadedHosts: 0, excess: 0, softPenalty: 0, migrationMs: 0, hostsTouched: 0 }

/** Two moves, of which another host than the leader carries out the first: it makes room for the second. */
const twoSources = (problem: PartitionProblem, planId: PartitionId): Solution => {
  const { vms, hosts } = problem
  const proven = { cost: nothing, bound: nothing, optimal: true }
  const [h0, h1, h2] = hosts.map((host) => host.id).sort()
  if (h2 === undefined)
    return { answer: { kind: 'infeasible', why: { code: 'capacity.cpu', text: 'ask one more' } }, plan: null }
  if (vms.find((vm) => vm.id === 'small')?.host !== h1)
    return { answer: { kind: 'satisfied', ...proven }, plan: null }
  const moves = [
    { vm: asVmId('small'), from: h1!, to: h2 },
    { vm: asVmId('large'), from: h0!, to: h1! },
  ]
  const order = planOrder(problem, moves, { planId })
  assert.ok(order.kind === 'plan')
  return { answer: { kind: 'plan', moves, ...proven }, plan: order.plan }
}

/** Host 0 leads; its word to begin, to host 1, is on its way. */
const remoteBegin = async (): Promise<Cluster> => {
  const cluster = await virtualCluster({ hosts: 3, latencyMs: 50, solver: twoSources })
  cluster.vm('large', 0, 5_000)
  cluster.vm('rest', 0, 1_000)
  cluster.vm('small', 1, 4_000)
  cluster.vm('other', 2, 1_000)
  await cluster.run(3_000)
  cluster.world.setCpu(asVmId('rest'), 5_000)
  assert.ok(
    await cluster.until(() => cluster.messages.some(({ message }) => message.kind === 'begin'), 20_000),
  )
  return cluster
}

test('mode observe at the leader withdraws in time the begin that another host was told', async () => {
  const cluster = await remoteBegin()
  const begun = countsBegun(cluster)
  await cluster.command(0, observe)
  await cluster.run(60_000)
  assert.deepEqual(begun(), [])
  const [decision] = cluster.outcomes()
  assert.deepEqual([decision?.result, decision?.code], ['failed', 'operator.called_off'])
  assert.deepEqual(decision?.actions.map(({ vmName, result }) => [vmName, result?.kind ?? null]).sort(), [
    ['large', null],
    ['small', 'refused'],
  ])
  atRest(cluster)
})

test('a withdrawal that is lost, or overtakes its begin, holds nevertheless', async () => {
  for (const order of ['lost', 'first'] as const) {
    const cluster = await remoteBegin()
    const begun = countsBegun(cluster)
    // Lost: all that is said in the next moment. First: the word to begin is slower than the word not to.
    if (order === 'lost') cluster.weather.drop = 1
    else cluster.weather.jitterMs = 400
    await cluster.command(0, observe)
    await cluster.run(100)
    cluster.weather.drop = 0
    await cluster.run(60_000)
    assert.ok(begun().length <= 1, 'the first may have begun before it could be told; the second never')
    assert.equal(cluster.outcomes()[0]?.code, 'operator.called_off')
    atRest(cluster)
  }
})

test('mode observe at the source, while it waits to be admitted: the admission comes too late', async () => {
  const cluster = await remoteBegin()
  const begun = countsBegun(cluster)
  assert.ok(
    await cluster.until(() => cluster.messages.some(({ message }) => message.kind === 'admit'), 1_000),
  )
  await cluster.command(1, observe)
  await cluster.run(40_000)
  assert.deepEqual(begun(), [])
  assert.ok(cluster.messages.some(({ message }) => message.kind === 'admitted'))
  const decision = cluster.outcomes()[0]
  assert.deepEqual([decision?.result, decision?.code], ['failed', 'mode.observe'])
  atRest(cluster)
})

test('the destination is drained in the middle: it admits nothing more', async () => {
  const cluster = await draining()
  const to = cluster.world.migrations()[0]!.to
  const begun = countsBegun(cluster)
  await cluster.command(Number(to.slice(1)), { kind: 'drain', onBlocker: 'skip', dryRun: false })
  await cluster.run(150_000)
  assert.deepEqual(
    begun().filter((one) => one.endsWith(to)),
    [],
  )
  assert.equal(cluster.world.host(to).vms.length, 0)
  atRest(cluster)
})

test('mode observe: orders that wait for their turn are refused at once, a question is answered', async () => {
  const cluster = await draining()
  const order = cluster.tell(0, { kind: 'migrate', vm: asVmId('v5'), to: null })
  const question = cluster.tell(0, { kind: 'plan' })
  assert.equal(cluster.replies.get(order), undefined)
  await cluster.command(0, observe)
  assert.deepEqual(cluster.replies.get(order), {
    kind: 'refused',
    code: 'mode.observe',
    text: 'mode is observe: nothing moves. Try: drover mode auto',
  })
  await cluster.run(60_000)
  assert.ok(cluster.replies.has(question))
})

test('after mode auto the drain goes on where it was', async () => {
  const cluster = await draining()
  await cluster.command(0, observe)
  await cluster.run(60_000)
  assert.equal(cluster.world.host('h0').vms.length, 4)
  await cluster.command(0, { kind: 'mode', mode: 'auto' })
  assert.ok(await cluster.until(() => cluster.world.host('h0').vms.length === 0, 300_000))
})
