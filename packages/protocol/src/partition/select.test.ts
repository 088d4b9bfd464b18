/** Which hosts a leader asks: as few and as near as suffice, and for every other a reason. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Candidate, MemberRequirements } from '../data/candidate.ts'
import { asHostId } from '../data/ids.ts'
import type { LoadSummary } from '../data/summary.ts'
import { summaryOf } from '../testing/load-summary.ts'
import { selectMembers } from './select.ts'

const candidate = (
  name: string,
  usedCpu: number,
  changes: Partial<LoadSummary> = {},
  rest: Partial<Candidate> = {},
): Candidate => ({
  summary: summaryOf(asHostId(name), {
    capacity: { cpuMilli: 1_000, memoryMiB: 1_000 },
    reserve: { cpuMilli: 0, memoryMiB: 0 },
    demand: { cpuMilli: usedCpu, memoryMiB: 100 },
    cpuBaseline: 'x',
    ...changes,
  }),
  state: 'alive',
  stale: false,
  ...rest,
})
const requirements: MemberRequirements = {
  wanted: { cpuMilli: 200, memoryMiB: 100 },
  own: { cpuBaseline: 'x', migrationUri: 'sim://self' },
  clearPermille: 1_000,
  intent: 'lease',
  preferred: [],
}

test('one near host that suffices is enough, even if a nearer one has a little room', () => {
  const choice = selectMembers(
    [candidate('near', 900), candidate('good', 500), candidate('best', 0)],
    requirements,
    0,
  )
  assert.deepEqual(choice.ask, ['good'])
})

test('if no host suffices alone, near ones are combined until they do', () => {
  const choice = selectMembers(
    [candidate('a', 900), candidate('b', 900), candidate('c', 900), candidate('d', 900)],
    requirements,
    0,
  )
  assert.deepEqual(choice.ask, ['a', 'b', 'c'])
})

test('growing asks for more at once; hosts that are leased or overloaded come last', () => {
  const around = [
    candidate('over', 0, { overloaded: true }),
    candidate('full', 1_000),
    candidate('free', 500),
  ]
  assert.deepEqual(selectMembers(around, requirements, 3).ask, ['free', 'full', 'over'])
})

test('hosts that cannot help are left out, each with its code', () => {
  const around = [
    candidate('dead', 0, {}, { state: 'dead' }),
    candidate('suspect', 0, {}, { state: 'suspect' }),
    candidate('stale', 0, {}, { stale: true }),
    candidate('drain', 0, { state: 'draining' }),
    candidate('sick', 0, { able: false }),
    candidate('looks', 0, { mode: 'observe' }),
    candidate('other', 0, { cpuBaseline: 'y' }),
  ]
  const choice = selectMembers(around, requirements, 0)
  assert.deepEqual(choice.ask, [])
  assert.deepEqual(
    choice.left.map(({ name, code }) => `${name} ${code}`),
    [
      'dead host.unreachable',
      'suspect host.suspect',
      'stale host.unreachable',
      'drain host.draining',
      'sick host.paused',
      'looks mode.observe',
      'other cpu.incompatible',
    ],
  )
})

test('the host that would help most is asked first, alone; unless it is leased, overloaded or unfit by now', () => {
  const around = [
    candidate('near', 100),
    candidate('leased', 100, { partition: 'p' as never }),
    candidate('drained', 100, { state: 'draining' }),
    candidate('best', 300),
    candidate('second', 300),
  ]
  const preferred = ['leased', 'drained', 'unknown', 'best', 'second'].map(asHostId)
  const choice = selectMembers(around, { ...requirements, preferred }, 0)
  assert.deepEqual(choice.ask, ['best'])
  assert.deepEqual(choice.later, ['second', 'near', 'leased'])
  assert.deepEqual(selectMembers(around, { ...requirements, preferred }, 2).ask, ['best', 'second'])
  const none = selectMembers(around, { ...requirements, preferred: [asHostId('drained')] }, 0)
  assert.deepEqual(none.ask, ['near'], 'as if none had been preferred')
})
