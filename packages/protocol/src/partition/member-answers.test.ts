/** What a host may answer that was asked to join, and what of it a leader does not believe. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Candidate } from '../data/candidate.ts'
import { limits, policyOf } from '../data/config.ts'
import type { Decision } from '../data/decision.ts'
import { asHostId, type HostId } from '../data/ids.ts'
import type { Granted } from '../data/message.ts'
import type { Need } from '../data/need.ts'
import { createStepContext } from '../step-context.ts'
import { emptySnapshot } from '../testing/empty-snapshot.ts'
import { summaryOf } from '../testing/load-summary.ts'
import { createLeader } from './leader.ts'

const self = asHostId('self')
const there = asHostId('there')
const none = { cpuMilli: 0, memoryMiB: 0 }
const roomy = { cpuMilli: 10_000, memoryMiB: 10_000 }

const need: Need = {
  kind: 'overload',
  dimension: 'cpuMilli',
  reason: 'overload.cpu',
  since: 0,
  severity: 100,
  wanted: { cpuMilli: 100, memoryMiB: 0 },
  text: '',
} as Need

const candidateOf = (host: HostId): Candidate => ({
  summary: summaryOf(host, {
    capacity: roomy,
    reserve: none,
    demand: none,
    cpuBaseline: '',
    migrationUri: '',
  }),
  state: 'alive',
  stale: false,
})

/** A leader that has asked itself and one other host; both have yet to answer. */
const setUp = () => {
  const context = createStepContext(self, 1, 1, policyOf('balanced'))
  const decisions: Decision[] = []
  const leader = createLeader(context, {
    candidates: () => [candidateOf(there)],
    own: () => ({ cpuBaseline: '', migrationUri: '' }),
    name: () => 'self',
    mode: () => 'auto',
    report: (decision) => decisions.push(decision),
    concluded() {},
  })
  const partition = leader.form(need, 'lease')
  const grantOf = (host: HostId, changes: Partial<Granted> = {}): Granted => ({
    kind: 'granted',
    incarnation: 1,
    partition,
    epoch: 4,
    leaseMs: limits.leaseMs,
    snapshot: emptySnapshot(host, roomy),
    ...changes,
  })
  const said = () =>
    context
      .takeEffects()
      .map((effect) => (effect.kind === 'send' ? `${effect.message.kind} to ${effect.to}` : effect.kind))
  assert.deepEqual(said(), ['reserve to there'], 'to itself it speaks within the step')
  return { context, leader, partition, decisions, grantOf, said }
}

test('when all have granted, their problem is solved', () => {
  const { leader, grantOf, said } = setUp()
  leader.granted(self, grantOf(self))
  assert.deepEqual(said(), [])
  leader.granted(there, grantOf(there))
  assert.deepEqual(said(), ['solve'])
})

const oddities: readonly (readonly [what: string, changes: Partial<Granted>, heard: RegExp])[] = [
  ['brings the snapshot of another host', { snapshot: emptySnapshot(asHostId('x')) }, /of another host, x/],
  ['gives a lease without an epoch', { epoch: 0 }, /without an epoch/],
]

for (const [what, changes, heard] of oddities)
  test(`a grant that ${what} is not built upon`, () => {
    const { leader, decisions, grantOf, said } = setUp()
    leader.granted(self, grantOf(self))
    leader.granted(there, grantOf(there, changes))
    assert.ok(!said().includes('solve'))
    assert.equal(leader.leading, null, 'there is no other host to ask')
    assert.equal(decisions[0]?.code, 'partition.exhausted')
    const lost = decisions[0]?.candidates.find(({ host }) => host === there)
    assert.equal(lost?.code, 'wire.garbage')
    assert.match(lost?.text ?? '', heard)
  })

test('a grant that comes too late is given back', () => {
  const { context, leader, grantOf, said } = setUp()
  leader.granted(self, grantOf(self))
  context.setTime(limits.reserveMs)
  leader.tick()
  assert.deepEqual(said(), ['release to there'], 'it is not waited for any more')
  leader.granted(there, grantOf(there))
  assert.deepEqual(said(), ['release to there'])
})

test('an answer that comes twice counts once', () => {
  const { leader, partition, grantOf, said } = setUp()
  leader.granted(self, grantOf(self))
  leader.granted(there, grantOf(there))
  said()
  leader.granted(there, grantOf(there))
  assert.deepEqual(said(), [])
  leader.refused(asHostId('x'), {
    kind: 'declined',
    incarnation: 1,
    partition,
    epoch: 0,
    code: 'host.draining',
  })
  assert.deepEqual(said(), [], 'nor does one of a host that was not asked')
})
