/**
 * One set of VMs goes to sleep, another one takes its place, and the first comes back: as a plan of starts, stops, suspends and
 * resumes on two hosts. Then the same again and again, with an agent that dies at each effect in turn: no VM runs twice, none is
 * lost or left paused, nothing is done twice, and no host stays bound.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isLong } from '../../packages/placement/src/testing/effort.ts'
import { asVmId } from '../../packages/protocol/src/index.ts'
import type { Led, Order } from '../../packages/sim/src/story/index.ts'
import type { Cluster, ClusterOptions } from '../kit/cluster.ts'
import { virtualCluster } from '../kit/virtual-cluster.ts'

const [a0, a1, b0] = [asVmId('a0'), asVmId('a1'), asVmId('b0')]
/** h0 and h1 are full with a0 and a1; b0 is defined on h0, and has never run. */
const setUp = async (options: Partial<ClusterOptions> = {}): Promise<Cluster> => {
  const cluster = await virtualCluster({
    hosts: 3,
    managed: ['a0', 'a1', 'b0'],
    simulated: { operationMs: 200 },
    ...options,
  })
  cluster.vm('a0', 0, 6_000)
  cluster.vm('a1', 1, 6_000)
  cluster.vm('b0', 0, 6_000, { state: 'shut' })
  await cluster.run(3_000)
  return cluster
}

/** a sleeps, b takes its place and ends, a comes back. */
const contextSwitch = ({ ids }: Cluster): readonly Order[] => {
  const [h0, h1] = [ids[0]!, ids[1]!]
  return [
    { kind: 'suspend', vm: a0, host: h0 },
    { kind: 'suspend', vm: a1, host: h1 },
    { kind: 'start', vm: b0, host: h0, after: [0] },
    { kind: 'stop', vm: b0, host: h0, after: [2] },
    { kind: 'resume', vm: a0, host: h0, after: [3] },
    { kind: 'resume', vm: a1, host: h1, after: [1, 3] },
  ]
}

const where = (cluster: Cluster, vm: string): string =>
  cluster.world
    .vm(asVmId(vm))
    .copies.map(({ state, host }) => `${state} ${host}`)
    .join()
const said = (led: Led): readonly string[] =>
  led.results.map((result) => (result === null ? 'open' : result.kind === 'done' ? 'done' : result.code))
const views = (cluster: Cluster) =>
  cluster.ids.map((_, host) => cluster.peer(host).view(Math.floor(cluster.clock.now())))

test('a plan suspends, starts, stops and resumes VMs, each when what it waits for is done', async () => {
  const cluster = await setUp()
  const changes: string[] = []
  cluster.world.events((event) => {
    if (event.kind === 'vm') changes.push(`${event.vm} ${event.what}`)
  })
  const led = cluster.lead(contextSwitch(cluster))
  assert.ok(await cluster.until(() => led.over, 30_000), said(led).join())
  assert.deepEqual(said(led), ['done', 'done', 'done', 'done', 'done', 'done'])
  assert.deepEqual(changes.slice(0, 2).sort(), ['a0 saved', 'a1 saved'])
  assert.deepEqual(changes.slice(2, 4), ['b0 started', 'b0 stopped'])
  assert.deepEqual(changes.slice(4).sort(), ['a0 restored', 'a1 restored'])
  assert.deepEqual([where(cluster, 'a0'), where(cluster, 'b0')], ['running h0', 'shut h0'])
  await cluster.run(10_000)
  assert.deepEqual(cluster.checker.checkAtRest(), [])
  for (const view of views(cluster)) assert.deepEqual([view.lease, view.operations], [null, []])
})

// Two full hosts exchange their VMs by way of a third: the second leg begins where no snapshot has seen the VM.
test('a VM that a plan moves twice goes all the way', async () => {
  const cluster = await virtualCluster({ hosts: 3 })
  const vm = cluster.vm('v', 0, 1_000)
  await cluster.run(3_000)
  const [h0, h1, h2] = [cluster.ids[0]!, cluster.ids[1]!, cluster.ids[2]!]
  const led = cluster.lead([
    { kind: 'migrate', vm, host: h0, to: h2 },
    { kind: 'migrate', vm, host: h2, to: h1, after: [0] },
  ])
  assert.ok(await cluster.until(() => led.over, 60_000))
  assert.deepEqual([said(led), where(cluster, 'v')], [['done', 'done'], 'running h1'])
})

test('a VM that its owner did not put into the care of drover is left as it is', async () => {
  const cluster = await setUp({ managed: ['a1'] })
  const led = cluster.lead([{ kind: 'suspend', vm: a0, host: cluster.ids[0]! }])
  assert.ok(await cluster.until(() => led.over, 10_000))
  assert.deepEqual([said(led), where(cluster, 'a0')], [['vm.unmanaged'], 'running h0'])
})

test('there is no room for a start before the suspend is seen to be over, whatever the leader thinks', async () => {
  const cluster = await setUp()
  const h0 = cluster.ids[0]!
  // The leader forgets that one waits for the other: no member takes such a plan.
  const forgetful = cluster.lead([
    { kind: 'suspend', vm: a0, host: h0 },
    { kind: 'start', vm: b0, host: h0 },
  ])
  assert.ok(await cluster.until(() => forgetful.over, 10_000))
  assert.deepEqual(said(forgetful), ['plan.unsound', 'plan.unsound'])
  assert.deepEqual([where(cluster, 'a0'), where(cluster, 'b0')], ['running h0', 'shut h0'])
})

test('a guest that does not listen runs on, and its leader hears of it after two minutes', async () => {
  const cluster = await virtualCluster({ hosts: 2, managed: ['deaf'] })
  const deaf = cluster.vm('deaf', 0, 1_000, { deaf: true })
  await cluster.run(3_000)
  const led = cluster.lead([{ kind: 'stop', vm: deaf, host: cluster.ids[0]! }])
  await cluster.run(110_000)
  assert.deepEqual(said(led), ['open'])
  assert.ok(await cluster.until(() => led.over, 20_000))
  assert.deepEqual([said(led), where(cluster, 'deaf')], [['vm.shutdown_ignored'], 'running h0'])
})

// The daemon hangs as the call comes. It is not known whether it was read; it was not.
test('a daemon that hangs is waited for, and asked where the VM is when it is back', async () => {
  const cluster = await setUp({ simulated: { callMs: 5, operationMs: 200 } })
  const h0 = cluster.ids[0]!
  const led = cluster.lead([{ kind: 'suspend', vm: a0, host: h0 }])
  const operation = () => views(cluster)[0]?.operations[0]?.phase
  assert.ok(await cluster.until(() => operation() === 'performing', 10_000))
  cluster.world.daemon('h0', 'hung')
  await cluster.run(60_000)
  assert.equal(operation(), 'settling')
  assert.deepEqual(said(led), ['open'], 'silence is no answer')
  cluster.world.daemon('h0', 'up')
  assert.ok(await cluster.until(() => led.over, 60_000))
  const [result] = said(led)
  assert.equal(result === 'done' ? 'shut h0' : 'running h0', where(cluster, 'a0'), result)
  assert.deepEqual(cluster.checker.checkAtRest(), [])
})

const tell = async (crash: ClusterOptions['crash']) => {
  const cluster = await setUp(crash === undefined ? {} : { crash })
  const changes = new Map<string, number>()
  cluster.world.events((event) => {
    if (event.kind !== 'vm') return
    const change = `${event.vm} ${event.what}`
    changes.set(change, (changes.get(change) ?? 0) + 1)
  })
  const led = cluster.lead(contextSwitch(cluster))
  const over = await cluster.until(() => led.over, 60_000)
  // The longest wait: for a guest that may have been asked to shut down.
  await cluster.run(130_000)
  // An order that is said to be done is done; one that is said to be refused has changed nothing, unless it is not known.
  const wrong = led.results.flatMap((result, i) => {
    const { kind, vm } = contextSwitch(cluster)[i]!
    const what = { suspend: 'saved', start: 'started', stop: 'stopped', resume: 'restored', migrate: '' }[
      kind
    ]
    const times = changes.get(`${vm} ${what}`) ?? 0
    return result?.kind === 'done' && times !== 1 ? [`${kind} ${vm} is done, ${times} times`] : []
  })
  return {
    over,
    wrong,
    twice: [...changes].filter(([, times]) => times > 1).map(([change]) => change),
    bound: views(cluster).flatMap(({ lease, operations }) => [
      ...(lease === null ? [] : ['lease']),
      ...operations.map(({ operation, phase }) => `${operation} ${phase}`),
    ]),
    violations: cluster.checker.checkAtRest().map((one) => one.text),
    crashed: cluster.crashed(),
  }
}

/** A quick run crashes at every eighth effect, each kind of crash at others; a long one at every effect. */
const stride = isLong ? 1 : 8

for (const [i, when] of (['before', 'after'] as const).entries())
  for (const [j, journal] of (['intact', 'torn', 'lost'] as const).entries())
    test(`crash ${when} each effect of a context switch, journal ${journal}`, async () => {
      let effect = isLong ? 1 : 1 + 4 * i + j
      for (; effect < 500; effect += stride) {
        const { crashed, ...outcome } = await tell({ effect, when, journal })
        if (crashed === null) break
        assert.deepEqual(outcome, { over: true, wrong: [], twice: [], bound: [], violations: [] }, crashed)
      }
      assert.ok(effect > 30, `${effect} effects: the story was told`)
    })
