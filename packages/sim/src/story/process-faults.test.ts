// What a story can do to the process of an agent, to its clock and to its disk; and that a dead agent does nothing.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { asVmId, type Effect } from '@drover/protocol'
import { finished, moving, overloaded, runningOn } from '../testing/one-overload.ts'
import type { Cluster } from './cluster-api.ts'
import { virtualCluster } from './virtual-cluster.ts'

const stateOf = (cluster: Cluster, of: number, by: number) =>
  cluster.view(by).members.find(({ summary }) => summary.host === cluster.ids[of])?.state

const saidBy = (cluster: Cluster, host: number): number =>
  cluster.messages.filter(({ from }) => from === cluster.ids[host]).length

test('a frozen agent says nothing and hears all of it later, and VMs move on', async () => {
  const cluster = await overloaded()
  assert.ok(await moving(cluster))
  const { vm, to } = cluster.world.migrations()[0]!
  const destination = Number(to.slice(1))
  cluster.freeze(destination, 60_000)
  const said = saidBy(cluster, destination)
  assert.ok(await finished(cluster))
  assert.equal(runningOn(cluster, vm).length, 0, 'its agent cannot let it run')
  await cluster.run(20_000)
  assert.equal(runningOn(cluster, vm)[0], to, 'the source did, in its place')
  assert.equal(saidBy(cluster, destination), said)
  await cluster.run(60_000)
  assert.deepEqual(cluster.checker.checkAtRest(), [])
})

test('a long frozen agent is taken for dead, and is back when it goes on', async () => {
  const cluster = await virtualCluster({ hosts: 3 })
  await cluster.run(3_000)
  cluster.freeze(0, Number.POSITIVE_INFINITY)
  await cluster.run(30_000)
  assert.equal(stateOf(cluster, 0, 1), 'dead')
  cluster.thaw(0)
  await cluster.run(5_000)
  assert.equal(stateOf(cluster, 0, 1), 'alive')
  assert.deepEqual(
    [1, 2].map((of) => stateOf(cluster, of, 0)),
    ['alive', 'alive'],
  )
})

test('a frozen agent can be killed; the next one is not frozen', async () => {
  const cluster = await virtualCluster({ hosts: 2 })
  cluster.vm('a', 0, 1_000)
  await cluster.run(3_000)
  cluster.freeze(0, Number.POSITIVE_INFINITY)
  const replied = cluster.tell(0, { kind: 'undrain' })
  await cluster.run(1_000)
  cluster.killAgent(0)
  cluster.restartAgent(0)
  await cluster.run(3_000)
  assert.equal(cluster.replies.has(replied), false)
  assert.equal(cluster.view(0).able, true)
})

test('an agent can be killed while it opens its journal on a slow disk; the next one is heard', async () => {
  const cluster = await virtualCluster({ hosts: 2 })
  await cluster.run(3_000)
  cluster.killAgent(0)
  cluster.fsync(0, 500)
  cluster.restartAgent(0)
  cluster.killAgent(0)
  await cluster.run(60_000)
  cluster.fsync(0, 0)
  cluster.restartAgent(0)
  await cluster.run(5_000)
  assert.deepEqual([stateOf(cluster, 0, 1), stateOf(cluster, 1, 0)], ['alive', 'alive'])
})

test('an operator and a stop wait until the process goes on', async () => {
  const cluster = await virtualCluster({ hosts: 2 })
  await cluster.run(3_000)
  cluster.freeze(0, 5_000)
  const asked = cluster.tell(0, { kind: 'undrain' })
  const stopped = cluster.stopAgent(0)
  await cluster.run(4_000)
  assert.equal(cluster.replies.has(asked), false)
  await cluster.run(6_000)
  assert.equal(cluster.replies.has(asked), true)
  await stopped
  assert.throws(() => cluster.peer(0), /dead/)
})

test('a record is on disk before the grant that relies on it leaves', async () => {
  const cluster = await overloaded({ seed: 3 })
  for (const host of cluster.ids.keys()) cluster.fsync(host, 300)
  assert.ok(await moving(cluster))
  const granted = cluster.messages.filter(({ message }) => message.kind === 'granted')
  assert.equal(granted.length, 1)
  assert.ok(await finished(cluster))
  await cluster.run(20_000)
  assert.deepEqual(cluster.checker.checkAtRest(), [])
  assert.equal(cluster.outcomes().at(-1)?.result, 'cured')
})

// h2 stands still before it writes down the epoch under which it is leased: it has granted nothing yet.
const stillBeforeItsEpoch = async () => {
  const told: { readonly at: number; readonly what: string }[] = []
  let now = (): number => 0
  const cluster = await overloaded({
    record(event) {
      if (!('host' in event) || event.host !== 'peer-0002') return
      if (event.kind === 'born') told.push({ at: now(), what: `born with epoch ${event.restored.epoch}` })
      if (event.kind === 'written' && event.record.kind === 'epoch') told.push({ at: now(), what: 'written' })
      if (event.kind === 'sent' && event.message.kind === 'granted') told.push({ at: now(), what: 'granted' })
    },
  })
  now = cluster.clock.now
  told.length = 0
  cluster.freezeAt(2, 'persist', 4_000)
  assert.ok(await cluster.until(() => cluster.view(2).lease !== null, 20_000))
  return { cluster, told, stillSince: now() }
}

test('what a process has before it when it stands still in a step is done, and told, when it goes on', async () => {
  const { cluster, told, stillSince } = await stillBeforeItsEpoch()
  await cluster.run(5_000)
  assert.deepEqual(
    told.slice(0, 2).map(({ what }) => what),
    ['written', 'granted'],
  )
  for (const { at, what } of told) assert.ok(at >= stillSince + 3_900, `${what} after ${at - stillSince} ms`)
})

test('an agent that dies while it stands still before a record has not written it', async () => {
  const { cluster, told } = await stillBeforeItsEpoch()
  await cluster.run(2_000)
  cluster.killAgent(2)
  cluster.restartAgent(2)
  assert.deepEqual(
    told.map(({ what }) => what),
    ['born with epoch 0'],
  )
  assert.deepEqual(cluster.checker.check(), [])
})

for (const fate of ['written', 'unwritten'] as const)
  test(`an agent that dies in a write with its record ${fate} is back after five seconds`, async () => {
    const effects: string[] = []
    const observe = (host: number, { kind }: Effect): void => {
      if (host === 0 && (kind === 'persist' || kind === 'perform')) effects.push(kind)
    }
    const cluster = await overloaded({ observe })
    effects.length = 0
    cluster.crashInFsync(0, fate)
    assert.ok(await cluster.until(() => effects.length > 0, 20_000))
    await cluster.run(50)
    assert.deepEqual(effects, ['persist'])
    assert.throws(() => cluster.peer(0), /dead/)
    await cluster.run(5_000)
    assert.equal(cluster.view(0).troubles.includes('journal.lost'), false)
    assert.ok(await cluster.until(() => cluster.overloaded().length === 0, 60_000))
  })

test('the clock of a host runs fast, through all lives of its agent', async () => {
  let ticks = [0, 0]
  const counted = await virtualCluster({
    hosts: 2,
    observe(host, { kind }) {
      if (kind === 'publish') ticks[host]! += 1
    },
  })
  counted.clockRate(0, 1.5)
  counted.killAgent(0)
  counted.restartAgent(0)
  ticks = [0, 0]
  await counted.run(300_000)
  const [fast = 0, right = 1] = ticks
  assert.ok(fast / right > 1.4 && fast / right < 1.6, `${fast} of ${right}`)
})

// All agents die in the middle of what they do: nothing of them is left but what hypervisors had begun.
test('after the death of its agents nothing is sent, asked or written, and no timer is left', async () => {
  for (const frozen of [false, true]) {
    const effects: string[] = []
    const cluster = await overloaded({ observe: (host, { kind }) => void effects.push(`h${host} ${kind}`) })
    cluster.fsync(0, 50, 20)
    assert.ok(await moving(cluster))
    for (const host of cluster.ids.keys())
      cluster.tell(host, { kind: 'migrate', vm: asVmId('vm-1'), to: null })
    if (frozen) for (const host of cluster.ids.keys()) cluster.freeze(host, 2_000)
    await cluster.run(3)
    for (const host of cluster.ids.keys()) cluster.killAgent(host)
    const before = { messages: cluster.messages.length, effects: effects.length }
    const told: string[] = []
    cluster.world.events((event) => void told.push(event.kind))
    await cluster.run(120_000)
    assert.equal(cluster.messages.length, before.messages)
    assert.equal(effects.length, before.effects)
    assert.deepEqual(
      told.filter((kind) => kind !== 'migration-ended' && kind !== 'vm'),
      [],
    )
    // The checker's own look at everything.
    assert.ok(cluster.clock.pending <= 1, `${cluster.clock.pending} timers are left`)
  }
})

test('the same seed gives the same story, with everything frozen, slow and askew', async () => {
  const played = async (): Promise<readonly string[]> => {
    const lines: string[] = []
    let clock: Cluster['clock'] | null = null
    const cluster = await overloaded({
      seed: 5,
      observe: (host, { kind }) => void lines.push(`${clock?.now()} h${host} ${kind}`),
    })
    clock = cluster.clock
    for (const host of cluster.ids.keys()) {
      cluster.fsync(host, 40, 40)
      cluster.clockRate(host, 0.99 + host / 100)
    }
    await moving(cluster)
    cluster.freeze(1, 4_000)
    cluster.crashInFsync(0)
    await cluster.run(30_000)
    return lines
  }
  assert.deepEqual(await played(), await played())
})
