/** What only the leader of a partition may say: a member that knows its names and its epoch says it in vain. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { limits } from '../data/config.ts'
import { asHostId, type HostId, partitionIdOf } from '../data/ids.ts'
import { exampleDecision } from '../outcome/example.ts'
import { attackedHost, attacker, leased, planned, self, sends, vm } from '../testing/attacked-host.ts'

const mallory = asHostId('mallory')

test('no host gets a lease for a partition that is named after another', () => {
  const host = attackedHost()
  for (const leader of [self, mallory])
    assert.equal(leased(host, partitionIdOf(leader, 2, 1))?.kind, 'declined')
  assert.equal(host.peer.lease(), null)
  assert.equal(leased(host, partitionIdOf(attacker, 1, 1))?.kind, 'granted')
})

test('a plan brings no record that names another leader', () => {
  const host = attackedHost()
  const { partition } = planned(host)
  assert.deepEqual(
    host.peer.view(3_000).decisions.map(({ id, leader }) => [id, leader]),
    [[partition, attacker]],
  )
  const other = attackedHost()
  const granted = leased(other, partition)
  assert.ok(granted?.kind === 'granted')
  const decision = { ...exampleDecision, id: partition, leader: self }
  const problem = {
    dimensions: [],
    hosts: [],
    vms: [],
    rules: [],
    bandwidthMiBps: 1,
    migrationsOutMax: 1,
    migrationsInMax: 1,
  }
  const { epoch } = granted
  other.say({
    kind: 'assign',
    partition,
    epoch,
    problem,
    plan: { actions: [], makespanMs: 0 },
    epochs: {},
    decision,
  })
  assert.deepEqual(other.peer.view(3_000).decisions, [])
})

test('an action is begun by the host that leads it', () => {
  const host = attackedHost()
  const { partition, epoch, action } = planned(host)
  const begin = { kind: 'begin', partition, epoch, action } as const
  assert.deepEqual(sends(host.say(begin, mallory)), [])
  assert.deepEqual(
    sends(host.say(begin)).map(({ kind }) => kind),
    ['admit'],
  )
})

test('an action is withdrawn by the host that leads it', () => {
  const host = attackedHost()
  const { partition, epoch, action } = planned(host)
  host.say({ kind: 'withdraw', partition, epoch, action, vm }, mallory)
  // A leader that names its own partition, and the action of another.
  host.say({ kind: 'withdraw', partition: partitionIdOf(mallory, 1, 1), epoch, action, vm }, mallory)
  assert.deepEqual(
    sends(host.say({ kind: 'begin', partition, epoch, action })).map(({ kind }) => kind),
    ['admit'],
  )
})

test('one peer pushes out no records of others, whatever it says to have led', () => {
  const host = attackedHost()
  const record = (leader: HostId, counter: number): void => {
    const partition = partitionIdOf(leader, 1, counter)
    const decision = { ...exampleDecision, id: partition, leader }
    host.say({ kind: 'recorded', partition, epoch: 0, decision }, leader)
  }
  record(mallory, 1)
  for (let counter = 1; counter <= 300; counter++) record(attacker, counter)
  const leaders = host.peer.view(10_000).decisions.map(({ leader }) => leader)
  assert.equal(leaders.filter((leader) => leader === attacker).length, limits.decisionsOfPeerMax)
  assert.ok(leaders.includes(mallory))
})
