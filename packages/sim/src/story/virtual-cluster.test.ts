// What a cluster in virtual time owes to the stories told in it: a dead agent is dead, a journal is what the daemon's is,
// clocks and crashes come when they are asked for, and a fault of the core cannot pass unnoticed.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { limits } from '@drover/protocol'
import { moving, overloaded } from '../testing/one-overload.ts'
import type { Cluster, ClusterOptions } from './cluster-api.ts'
import { virtualCluster } from './virtual-cluster.ts'

/** A migration from h0 has begun. */
const underWay = async (options: Partial<ClusterOptions> = {}): Promise<Cluster> => {
  const cluster = await overloaded(options)
  assert.ok(await moving(cluster))
  return cluster
}
const incarnationOf = (cluster: Cluster, host: number): number =>
  cluster.messages.findLast(({ from }) => from === cluster.ids[host])!.message.incarnation

// A process's watch over its migration ends with the process: what hangs then hangs until another agent ends it.
test('a killed agent supervises no migration any more', async () => {
  const cluster = await virtualCluster({ hosts: 3 })
  cluster.world.fail({ fault: { kind: 'hang', atPermille: 300 } })
  for (let i = 0; i < 7; i++) cluster.vm(`vm-${i}`, 0, i === 0 ? 2_500 : 1_000)
  assert.ok(await cluster.until(() => cluster.world.migrations().length > 0, 10_000))
  cluster.killAgent(0)
  await cluster.run(600_000)
  assert.equal(cluster.world.migrations().length, 1)
  assert.throws(() => cluster.peer(0), /the agent of host 0 is dead/)
})

// Nothing of it was reported to another host, and its agent must count on at least what the clock says.
test('the start count follows the wall clock when the journal is lost', async () => {
  const cluster = await virtualCluster({ hosts: 2 })
  await cluster.run(100_000)
  assert.equal(incarnationOf(cluster, 0), 1)
  const restart = async (): Promise<number> => {
    cluster.killAgent(0)
    cluster.loseJournal(0)
    cluster.restartAgent(0)
    await cluster.run(3_000)
    return incarnationOf(cluster, 0)
  }
  const first = await restart()
  assert.ok(first >= 100)
  cluster.setWallClock(0, 10 * limits.missedStartsMax * 1_000)
  const second = await restart()
  assert.ok(second >= 10 * limits.missedStartsMax)
  cluster.setWallClock(0, 0)
  const third = await restart()
  assert.ok(third > second, 'a clock that was set back makes no older life: the others know better')
})

// The disk of h0 is full when its operator drains it. The persister owes the record, and writes it when there is space.
test('records that could not be written are written later', async () => {
  const cluster = await virtualCluster({ hosts: 2 })
  cluster.vm('pinned', 0, 1_000, { fixed: 'dev.hostdev' })
  await cluster.run(3_000)
  cluster.fullJournal(0, true)
  await cluster.command(0, { kind: 'drain', onBlocker: 'skip', dryRun: false })
  assert.ok(cluster.peer(0).view(0).troubles.includes('journal.full'))
  cluster.fullJournal(0, false)
  await cluster.run(20_000)
  assert.deepEqual(cluster.peer(0).view(0).troubles, [])
  cluster.killAgent(0)
  cluster.restartAgent(0)
  await cluster.run(3_000)
  assert.equal(cluster.peer(0).view(0).draining, true)
})

// An agent cannot start on a full disk. Its service manager tries again every five seconds.
test('an agent with a full journal starts when there is space again', async () => {
  const cluster = await virtualCluster({ hosts: 2 })
  cluster.killAgent(0)
  cluster.fullJournal(0, true)
  cluster.restartAgent(0)
  await cluster.run(12_000)
  assert.throws(() => cluster.peer(0))
  cluster.fullJournal(0, false)
  await cluster.run(5_000)
  assert.equal(cluster.peer(0).view(0).able, true)
})

test('an agent that is stopped says goodbye, and its end takes time', async () => {
  const cluster = await virtualCluster({ hosts: 2 })
  await cluster.run(3_000)
  const stopped = cluster.stopAgent(0)
  await cluster.run(10_000)
  await stopped
  assert.throws(() => cluster.peer(0), /dead/)
  const seen = cluster
    .peer(1)
    .view(0)
    .members.find(({ summary }) => summary.host === cluster.ids[0])
  assert.equal(seen?.summary.state, 'leaving')
  cluster.restartAgent(0)
  await cluster.run(3_000)
  assert.equal(cluster.peer(0).view(0).able, true)
})

// A torn record is found out at the start, and asks for the same caution as a lost journal: no grants for a while.
test('a crash point is met once, and leaves the journal as it was asked to', async () => {
  const cluster = await underWay({ crash: { effect: 4, when: 'after', journal: 'torn' } })
  assert.match(cluster.crashed() ?? '', /^h\d after effect 4 \(\w+\)$/)
  const cautious = cluster.ids.filter((_, host) =>
    cluster.peer(host).view(0).troubles.includes('journal.lost'),
  )
  assert.equal(cautious.length, 1)
  const intact = await underWay({ crash: { effect: 4, when: 'after', journal: 'intact' } })
  assert.equal(intact.crashed(), cluster.crashed())
  assert.deepEqual(
    intact.ids.flatMap((_, host) => intact.peer(host).view(0).troubles),
    [],
  )
})

test('a fault in the core fails the story that it happens in', async () => {
  const broken = { answer: { kind: 'plan', moves: null }, plan: null } as never
  await assert.rejects(underWay({ solver: () => broken }), /the core of h0 failed: /)
})

// A summary goes round a cut by way of the third host; a message does not, and both ends find out.
test('cuts, one way or both, and clogs hold messages back, and healing lets them through', async () => {
  const cluster = await virtualCluster({ hosts: 3 })
  await cluster.run(5_000)
  const state = (of: number, by: number) =>
    cluster.view(by).members.find(({ summary }) => summary.host === cluster.ids[of])?.state
  for (const other of [1, 2]) cluster.cut(0, other, { oneWay: true })
  await cluster.run(30_000)
  assert.equal(state(0, 1), 'dead', 'no host hears h0')
  cluster.heal()
  await cluster.run(10_000)
  assert.equal(state(0, 1), 'alive')
  cluster.clog(0, 1, 2_000)
  await cluster.run(10_000)
  assert.equal(state(0, 1), 'alive', 'late is not dead')
})
