// S13, S14, S15: dead agents that act, messages without bound, and rings in disorder are noticed.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { asHostId, asVmId, type MemberView, type PeerView } from '@drover/protocol'
import { nothingRestored } from '../../../protocol/src/testing/peer-init.ts'
import {
  agentOf,
  epoch,
  migrates,
  opened,
  openMigration,
  partitionIdOf,
  says,
  tick,
  watchedAgents,
} from '../testing/watched-agents.ts'
import { createAgentFeed } from './agent-feed.ts'

const partition = partitionIdOf('h1', 1)
const vm = asVmId('a')
const request = { vm, to: 'sim://h2', handOverPaused: true, bandwidthMiBps: null }

const begun = () => {
  const agents = watchedAgents(2)
  agents.born('h1')
  agents.born('h2')
  agents.vm('a', 'h1')
  return agents
}

test('S13: what a living agent asked for goes on when it is dead, and nothing new begins', async () => {
  const { step, leased, driver, clock, ended, found } = begun()
  const lease = leased(partition, 1)
  step('h1', tick, lease, epoch(1))
  step('h2', tick, null, opened(openMigration('arrival', partition, vm)))
  step('h1', tick, lease, opened(openMigration('departure', partition, vm)), migrates(partition, vm))
  const h1 = driver('h1')
  void h1.migrate(request)
  await clock.advance(100)
  ended('h1')
  assert.deepEqual(found(), [])
  void h1.abort(vm)
  await clock.advance(100)
  assert.deepEqual(found(), ['S13 a was stopped from moving on h1, which no living agent had asked for'])
  void h1.migrate(request)
  await clock.advance(10_000)
  void driver('h2').resume(vm)
  await clock.advance(100)
  assert.deepEqual(found().slice(1), [
    'S13 a was set moving on h1, which no living agent had asked for',
    'S13 a was resumed on h2, which no living agent had asked for',
  ])
})

test('S13: owners do as they please, and a host that boots starts its VMs', async () => {
  const { world, ended, found, clock, driver } = begun()
  ended('h1')
  world.byHand.pause(vm, 'h1')
  world.byHand.resume(vm, 'h1')
  world.killHost('h1')
  world.bootHost('h1')
  void driver('h1').shutdown(vm)
  await clock.advance(10)
  assert.deepEqual(found(), [
    'S2 a should be running and is shut on h1',
    'S13 a was stopped on h1, which no living agent had asked for',
  ])
})

test('S14: too long a message, too many at once, too great a plan or partition, too much to remember', () => {
  const { step, found, born, checker } = begun()
  const assign = {
    kind: 'assign',
    partition,
    epoch: 1,
    epochs: {},
    plan: { actions: Array.from({ length: 257 }, (_, i) => ({ id: `${partition}/${i}`, vm, after: [] })) },
    problem: { hosts: Array.from({ length: 17 }, (_, i) => ({ id: `H${i}` })), vms: [], dimensions: [] },
    decision: { reason: 'drain' },
  }
  step('h1', tick, null, says('h2', assign as never))
  for (let i = 0; i < 300; i++) step('h1', tick, null, says('h2', { kind: 'ping', sequence: i } as never))
  const duties = Array.from({ length: 257 }, (_, i) => ({ action: `x/${i}` })) as never
  const autostarts = Array.from({ length: 257 }, (_, i) => ({ action: 'x/1', vm: `v${i}` })) as never
  born('h1', { duties, autostarts }, 2)
  assert.deepEqual(
    found().filter((text) => text.startsWith('S14')),
    [
      'S14 h1 has 257 actions in a plan, 256 are allowed',
      'S14 h1 has 17 hosts in a partition, 16 are allowed',
      'S14 h1 has 257 messages for H2 at once, 256 are allowed',
      'S14 h1 has 257 autostarts in its journal, 256 are allowed',
      'S14 h1 has 257 duties in its journal, 256 are allowed',
    ],
  )
  checker.close()
})

test('S14: what waits in an outbox, and for the loop', () => {
  const feed = createAgentFeed()
  const { checker, found, clock } = watchedAgents(2, { agents: feed })
  const host = agentOf('h1')
  const stepped = (waiting: number): void =>
    feed.emit({ host, kind: 'stepped', lease: null, at: clock.now(), waiting })
  const waits = (messages: number, bytes: number): void =>
    feed.emit({ host, kind: 'waits', to: agentOf('h2'), messages, bytes })
  feed.emit({ host, kind: 'born', name: 'h1', incarnation: 1, restored: nothingRestored, wallMs: 0 })
  stepped(500)
  waits(256, 4 * 1_048_576)
  assert.deepEqual(found(), [])
  stepped(600)
  waits(257, 100)
  waits(2, 5_000_000)
  assert.deepEqual(found(), [
    'S14 h1 has 600 inputs that wait, 576 are allowed',
    'S14 h1 has 257 messages that wait for H2, 256 are allowed',
    'S14 h1 has 5000000 bytes that wait for H2, 4194304 are allowed',
  ])
  checker.close()
})

test('S15: a ring that is not sorted, names a host twice, or lacks its own', () => {
  const member = (host: string, position: number, location = ''): MemberView =>
    ({ summary: { host: asHostId(host), name: host.toLowerCase(), location }, position }) as MemberView
  const said = (...members: readonly MemberView[]): readonly string[] => {
    let shown: readonly MemberView[] = [member('H1', 0), member('H2', 1)]
    const view = (): PeerView =>
      ({
        host: agentOf('h1'),
        description: { name: 'h1' },
        members: shown,
        lease: null,
        migrations: [],
      }) as never
    const { checker, found } = watchedAgents(2, { views: () => [view()] })
    shown = members
    checker.check()
    checker.close()
    return found()
  }
  assert.deepEqual(said(member('H1', 0), member('H2', 1)), [])
  assert.deepEqual(said(member('H2', 0), member('H1', 1)), ['S15 h1 sorts h2 before h1, others not'])
  assert.deepEqual(said(member('H1', 0, 'b'), member('H2', 1, 'a')), [
    'S15 h1 sorts h1 before h2, by location not',
  ])
  assert.deepEqual(said(member('H1', 0), member('H3', 1), member('H1', 2)).slice(0, 1), [
    'S15 h1 has h1 twice in its ring',
  ])
  assert.deepEqual(said(member('H1', 0), member('H2', 4)), ['S15 h1 has h2 at place 4, not 1'])
  assert.deepEqual(said(member('H2', 0)), ['S15 h1 knows 1 hosts, and not itself'])
})
