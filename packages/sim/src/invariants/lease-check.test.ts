// S4, S5, S6, S7 from what agents do: each is broken on purpose, and said.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { asVmId, type Restored } from '@drover/protocol'
import {
  actionOf,
  agentOf,
  epoch,
  hears,
  jobs,
  migrates,
  opened,
  openMigration,
  partitionIdOf,
  says,
  tick,
  type WatchedAgents,
  watchedAgents,
} from '../testing/watched-agents.ts'

const p1 = partitionIdOf('h1', 1)
const p2 = partitionIdOf('h2', 2)
const vm = asVmId('a')
const granted = (to: string, partition: typeof p1, number: number) =>
  says(to, { kind: 'granted', partition, epoch: number, leaseMs: 5_000, snapshot: { vms: [] } } as never)

const begun = () => {
  const agents = watchedAgents(3)
  for (const host of ['h1', 'h2', 'h3']) {
    agents.born(host)
    agents.step(host, jobs, null)
  }
  agents.vm('a', 'h1')
  return agents
}

test('a lease that is granted, renewed, released and given to another is right', async () => {
  const { step, leased, clock, found } = begun()
  step('h3', hears('h1', { kind: 'reserve', partition: p1 }), leased(p1, 1), epoch(1), granted('h1', p1, 1))
  await clock.advance(3_000)
  step('h3', hears('h1', { kind: 'renew', partition: p1, epoch: 1 }), leased(p1, 1))
  step('h3', hears('h1', { kind: 'release', partition: p1, epoch: 1 }), null)
  step('h3', hears('h2', { kind: 'reserve', partition: p2 }), leased(p2, 2), epoch(2), granted('h2', p2, 2))
  assert.deepEqual(found(), [])
})

test('S4: a host is taken from a partition that executes, and an epoch is given twice', async () => {
  const { step, leased, clock, found } = begun()
  step('h3', tick, leased(p1, 1), epoch(1), granted('h1', p1, 1))
  step('h3', hears('h1', { kind: 'assign', partition: p1, epoch: 1 }), leased(p1, 1))
  step('h3', tick, leased(p2, 1))
  assert.deepEqual(found(), [
    `S4 h3 was leased to ${p2} while ${p1} executed there`,
    `S4 h3 was leased to ${p2} under epoch 1, which was given before`,
  ])
  await clock.advance(5_000)
  step('h3', tick, leased(p1, 2), epoch(2))
  assert.equal(found().length, 2)
})

test('S4: a host promises its lease to one partition while another has it', () => {
  const { step, leased, found } = begun()
  step('h3', tick, leased(p1, 1), epoch(1), granted('h2', p2, 1))
  assert.deepEqual(found(), [`S4 h3 granted epoch 1 to ${p2}, which does not have its lease`])
})

test('S4: a grant that the same step takes back is right only if its leader is told so, after it', () => {
  const { step, leased, found } = begun()
  const own = leased(partitionIdOf('h3', 1), 2)
  const revoked = (to: string, number: number) =>
    says(to, { kind: 'revoked', partition: p1, epoch: number, code: 'wounded' } as never)
  const said = [`S4 h3 granted epoch 1 to ${p1}, which does not have its lease`]
  const plays = (...deeds: Parameters<typeof step>[3][]) => {
    const known = found().length
    step('h3', tick, own, epoch(1), epoch(2), ...deeds)
    return found().slice(known)
  }
  assert.deepEqual(plays(granted('h1', p1, 1), revoked('h1', 1)), [])
  assert.deepEqual(plays(granted('h1', p1, 1)), said)
  assert.deepEqual(plays(revoked('h1', 1), granted('h1', p1, 1)), said)
  assert.deepEqual(plays(granted('h1', p1, 1), revoked('h2', 1)), said)
  assert.deepEqual(plays(granted('h1', p1, 1), revoked('h1', 2)), said)
  // What follows in a later step is too late.
  assert.deepEqual(plays(granted('h1', p1, 1)), said)
  assert.deepEqual(plays(revoked('h1', 1)), [])
})

test('S5: a lease ends, or is given anew, while an action is open', () => {
  const { step, leased, found } = begun()
  step('h1', tick, leased(p1, 1), epoch(1))
  step('h1', tick, leased(p1, 1), opened(openMigration('departure', p1, vm)))
  step('h1', tick, null)
  assert.deepEqual(found(), [`S5 the lease of h1 to ${p1} ended although ${actionOf(p1)} is open there`])
  step('h1', tick, leased(p2, 2), epoch(2))
  assert.equal(found()[1], `S5 h1 was leased to ${p2} although ${actionOf(p1)} is open there`)
})

test('S5: an action in the journal, and one that only the hypervisor knows, hold the host over a restart', async () => {
  const { step, leased, found, ended, born, damaged, driver, clock } = begun()
  const open = openMigration('departure', p1, vm)
  step('h1', tick, leased(p1, 1), epoch(1))
  step('h1', tick, leased(p1, 1), opened(open))
  ended('h1')
  born('h1', { open: [open] }, 2)
  step('h1', tick, leased(p2, 2), epoch(2))
  assert.deepEqual(found(), [`S5 h1 was leased to ${p2} although ${actionOf(p1)} is open there`])

  ended('h2')
  damaged('h2', 'lost')
  void driver('h1').migrate({ vm, to: 'sim://h2', handOverPaused: true, bandwidthMiBps: null })
  await clock.advance(100)
  born('h2', {}, 2)
  await clock.advance(5_000)
  const known = found().length
  step('h2', { kind: 'jobs', askedAt: 0, outgoing: [], incoming: [] }, null)
  step('h2', tick, leased(p1, 2_000), epoch(2_000))
  assert.deepEqual(found().slice(known), [`S5 h2 was leased to ${p1} although a moves from h1 to h2`])
})

test('S5: a migration whose destination has not been asked yet holds its source only', async () => {
  const { step, leased, found, driver, clock, world } = begun()
  world.phases({ beginMs: 60_000 })
  void driver('h1').migrate({ vm, to: 'sim://h2', handOverPaused: true, bandwidthMiBps: null })
  await clock.advance(5_000)
  for (const host of ['h1', 'h2']) step(host, { kind: 'jobs', askedAt: 0, outgoing: [], incoming: [] }, null)
  step('h2', tick, leased(p1, 1), epoch(1))
  const holds = (): readonly string[] => found().filter((text) => text.startsWith('S5'))
  assert.deepEqual(holds(), [])
  step('h1', tick, leased(p2, 1), epoch(1))
  assert.deepEqual(holds(), [`S5 h1 was leased to ${p2} although a moves from h1 to h2`])
})

test('S5: what a full journal could not write down is over all the same', () => {
  const { step, leased, found } = begun()
  const closed = { kind: 'closed', action: actionOf(p1), vm, end: 'departure', duty: null } as const
  step('h1', tick, leased(p1, 1), epoch(1))
  step('h1', tick, leased(p1, 1), opened(openMigration('departure', p1, vm)))
  step('h1', tick, null, { kind: 'unwritten', record: { ...closed, result: { kind: 'done' } } })
  assert.deepEqual(found(), [])
})

test('S6: an epoch goes back, leaves before it is on disk, or comes too soon after a lost journal', async () => {
  const { step, leased, found, ended, damaged, born, clock } = begun()
  step('h3', tick, leased(p1, 7), epoch(7), granted('h1', p1, 7))
  step('h3', hears('h1', { kind: 'release', partition: p1, epoch: 7 }), null)
  step('h3', tick, leased(p2, 6))
  assert.deepEqual(found(), [`S6 h3 was leased to ${p2} under epoch 6 after epoch 7`])
  step('h3', hears('h2', { kind: 'release', partition: p2, epoch: 6 }), null)
  step('h3', tick, leased(p1, 8), granted('h1', p1, 8))
  assert.equal(found()[1], `S6 h3 granted epoch 8 to ${p1} before it was on disk`)
  ended('h3')
  damaged('h3', 'lost')
  born('h3', {}, 2)
  await clock.advance(1_000)
  step('h3', tick, leased(p2, 2_000), epoch(2_000))
  assert.equal(found()[2], `S6 h3 was leased to ${p2} 1000 ms after it started without its journal`)
})

/** h3 has granted epoch 7000 as its start 7, and begins anew as start 5 without its journal, when all old leases are over. */
const setBack = async (damage: 'lost' | 'torn' = 'lost', start = 5) => {
  const agents = begun()
  const { step, leased, born, ended, damaged, clock } = agents
  ended('h3')
  born('h3', {}, 7)
  step('h3', jobs, null)
  step('h3', tick, leased(p1, 7_000), epoch(7_000), granted('h1', p1, 7_000))
  ended('h3')
  damaged('h3', damage)
  born('h3', {}, start)
  step('h3', jobs, null)
  await clock.advance(6_000)
  return agents
}
const knowsIt = (incarnation: number) => ({ host: agentOf('h3'), incarnation })
const knows = (incarnation: number): Partial<Restored> => ({ met: [knowsIt(incarnation)] })

/** h1 hears h3 as that start, and goes on speaking to it. */
const speaks = async ({ step, clock }: WatchedAgents, incarnation: number): Promise<void> => {
  const ping = { kind: 'ping', sequence: 1 } as const
  step('h1', { kind: 'received', from: agentOf('h3'), message: { ...ping, incarnation } }, null)
  await clock.advance(4_000)
  step('h3', { kind: 'received', from: agentOf('h1'), message: { ...ping, incarnation: 2 } }, null)
}

test('S6: epochs begin anew where an agent that knows the older start count is cut off', async () => {
  const { step, leased, found, born, ended, clock } = await setBack()
  ended('h1')
  born('h1', knows(7), 2)
  // One way: what h1 says to it arrives, and h1 does not hear it.
  const message = { kind: 'ping', sequence: 1, incarnation: 2 } as const
  step('h3', { kind: 'received', from: agentOf('h1'), message }, null)
  await clock.advance(4_000)
  step('h3', { kind: 'received', from: agentOf('h1'), message }, null)
  step('h3', tick, leased(p2, 5_001), epoch(5_001), granted('h2', p2, 5_001))
  assert.deepEqual(found(), [])
})

test('S6: epochs begin anew where no living agent knows the older start count', async () => {
  const { step, leased, found, born, ended } = await setBack()
  ended('h1')
  born('h1', knows(5), 2)
  ended('h2')
  born('h2', knows(7), 2)
  ended('h2')
  step('h3', tick, leased(p1, 5_001), epoch(5_001), granted('h1', p1, 5_001))
  step('h3', hears('h1', { kind: 'release', partition: p1, epoch: 5_001 }), null)
  assert.deepEqual(found(), [])
  // They grow from there.
  step('h3', tick, leased(p2, 5_000))
  assert.deepEqual(found(), [`S6 h3 was leased to ${p2} under epoch 5000 after epoch 5001`])
})

test('S6: epochs do not go back where another agent knows, the journal is torn, or the start count has grown', async () => {
  const said = (number: number) => [`S6 h3 was leased to ${p2} under epoch ${number} after epoch 7000`]
  const restored = await setBack()
  restored.ended('h1')
  restored.born('h1', knows(7), 2)
  await speaks(restored, 5)
  restored.step('h3', tick, restored.leased(p2, 5_001))
  assert.deepEqual(restored.found(), said(5_001))

  const met = await setBack()
  met.step('h1', tick, null, { kind: 'persist', record: { kind: 'met', ...knowsIt(6) } })
  await speaks(met, 5)
  met.step('h3', tick, met.leased(p2, 5_001))
  assert.deepEqual(met.found(), said(5_001))

  const torn = await setBack('torn')
  torn.step('h3', tick, torn.leased(p2, 5_001))
  assert.deepEqual(torn.found(), said(5_001))

  const grown = await setBack('lost', 8)
  grown.step('h3', tick, grown.leased(p2, 1))
  assert.deepEqual(grown.found(), said(1))
})

test('S6: what waits out the longest lease is the host, whatever lives its agent has meanwhile', async () => {
  const { step, leased, found, ended, damaged, born, clock } = begun()
  ended('h3')
  damaged('h3', 'lost')
  born('h3', {}, 2)
  await clock.advance(6_000)
  ended('h3')
  born('h3', {}, 3)
  step('h3', tick, leased(p2, 3_000), epoch(3_000))
  assert.deepEqual(found(), [])
})

test('S6: an epoch that no other host heard of may be given again', () => {
  const { step, leased, found, ended, unwritten, born } = begun()
  step('h3', tick, leased(p1, 1), epoch(1))
  ended('h3')
  unwritten('h3', 1)
  born('h3', {}, 2)
  step('h3', jobs, null)
  step('h3', tick, leased(p2, 1), granted('h2', p2, 1))
  assert.deepEqual(found(), [`S6 h3 granted epoch 1 to ${p2} before it was on disk`])
})

test('S6: a host acts for a partition that has it no more, or by an action that is not on record', () => {
  const { step, leased, found } = begun()
  step('h1', tick, leased(p1, 1), epoch(1))
  step('h1', tick, leased(p1, 1), opened(openMigration('departure', p1, vm)))
  step('h1', tick, leased(p1, 1), migrates(p1, vm))
  assert.deepEqual(found(), [])
  step('h1', tick, leased(p2, 2), migrates(p1, vm))
  assert.match(
    found()[0] ?? '',
    /S6 h1 was told to perform for .*, epoch 1, while it is leased to .*, epoch 2/,
  )
  step('h2', tick, null, { kind: 'resume', action: actionOf(p2), vm, at: null, notAfter: null })
  assert.equal(found().at(-1), `S6 h2 was told to resume for ${actionOf(p2)}, which is not open there`)
})

test('S7: another leads a partition than the life that formed it', () => {
  const { step, leased, found, ended, born } = begun()
  step('h3', tick, { ...leased(p1, 1)!, leader: agentOf('h2') }, epoch(1))
  assert.deepEqual(found(), [`S7 h3 takes H2 for the leader of ${p1}`])
  step('h2', tick, null, says('h3', { kind: 'renew', partition: p1, epoch: 1 } as never))
  assert.match(found()[1] ?? '', /S7 h2.*says 'renew' for H1\.1\.1/)
  ended('h1')
  born('h1', {}, 2)
  step('h1', tick, null, says('h3', { kind: 'begin', partition: p1, epoch: 1, incarnation: 2 } as never))
  assert.match(found()[2] ?? '', /S7 h1, whose start count is 2, says 'begin' for H1\.1\.1/)
})

test('S7: a member keeps the lease of a leader that has restarted', () => {
  const { step, leased, found } = begun()
  step('h3', tick, leased(p1, 1), epoch(1))
  step('h3', hears('h1', { kind: 'ping', sequence: 1 }), leased(p1, 1))
  assert.deepEqual(found(), [])
  step('h3', hears('h1', { kind: 'ping', sequence: 1 }, 2), leased(p1, 1))
  assert.deepEqual(found(), [`S7 h3 stays leased to ${p1} although H1 has restarted`])
})
