/** What a damaged journal still has of migrations is in doubt, in this life of the agent and in all later ones. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { limits, policyOf } from '../data/config.ts'
import type { Duty } from '../data/io.ts'
import { createStepContext } from '../step-context.ts'
import {
  action,
  departure,
  outgoingMigration,
  partition,
  self,
  there,
  vm,
} from '../testing/outgoing-migration.ts'
import { doubtOf } from './doubt-of-journal.ts'

const { demand } = vm
const owed: Duty = { action, partition, epoch: 9, vm: vm.vm, peer: there, word: 'hand-over', demand }

const doubt = (journalIntact: boolean) => {
  const context = createStepContext(self, 1, 1, policyOf('balanced'))
  return { context, ...doubtOf(context, journalIntact) }
}

test('of an intact journal all stands as it is written', () => {
  const { context, open, duty } = doubt(true)
  assert.deepEqual([open(departure), duty(owed)], [departure, owed])
  assert.deepEqual(context.takeEffects(), [])
})

test('of a damaged one each record says so from now on, and is written anew once', () => {
  const { context, open, duty } = doubt(false)
  const uncertain = { ...departure, uncertain: true }
  assert.deepEqual(open({ ...departure, ageMs: 5 }), { ...uncertain, ageMs: 5 })
  const unsaid = { ...owed, demand: null }
  assert.deepEqual(duty(owed), unsaid)
  assert.deepEqual(context.takeEffects(), [
    { kind: 'persist', record: { kind: 'opened', open: uncertain } },
    {
      kind: 'persist',
      record: { kind: 'closed', action, vm: vm.vm, end: 'departure', result: { kind: 'done' }, duty: unsaid },
    },
  ])
  assert.deepEqual([open(uncertain), duty(unsaid)], [uncertain, unsaid])
  const cancelled: Duty = { ...owed, word: 'cancelled' }
  assert.deepEqual(duty(cancelled), cancelled, 'it lets no copy run')
  assert.deepEqual(context.takeEffects(), [])
})

test('a departure in doubt lets no copy run here: it is refused, and its VM stays paused', () => {
  const resumes = (uncertain: boolean): readonly string[] => {
    const { outgoing, happened, later, round } = outgoingMigration(false)
    outgoing.restore({ ...departure, uncertain })
    for (let asked = 0; asked < 3; asked++) {
      later(limits.settlePollMs)
      outgoing.inspected(action, round(), 'there', 'absent')
      outgoing.inspected(action, round(), 'here', 'paused')
    }
    return happened().filter((one) => !one.startsWith('inspect') && one !== 'send where-is')
  }
  assert.deepEqual(resumes(false), ['resume here'])
  assert.deepEqual(resumes(true), [
    'warn',
    'send cancelled',
    'persist closed',
    'ended refused vm.paused_by_migration',
  ])
})
