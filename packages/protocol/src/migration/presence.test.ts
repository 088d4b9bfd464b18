/** What a source answers that is asked where the VM of an unfinished action is: what it knows goes before what its hypervisor says. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createClosedActions } from '../actions/closed-actions.ts'
import { limits, policyOf } from '../data/config.ts'
import type { Presence } from '../data/message.ts'
import { createStepContext } from '../step-context.ts'
import {
  action,
  admitted,
  outgoingMigration,
  partition,
  self,
  there,
  vm,
} from '../testing/outgoing-migration.ts'
import { createDuties } from './duties.ts'
import { createPresenceAnswers } from './presence.ts'

/** A peer asks, and the hypervisor here answers that. */
const answerOf = (
  outgoing: ReturnType<typeof outgoingMigration>['outgoing'],
  presence: Presence | null,
): readonly string[] => {
  const context = createStepContext(self, 1, 1, policyOf('balanced'))
  const answers = createPresenceAnswers(
    context,
    () => true,
    outgoing,
    createClosedActions([]),
    createDuties(context),
  )
  const about = { incarnation: 1, partition, epoch: 9, action, vm: vm.vm }
  answers.asked(there, { kind: 'where-is', ...about, round: 7 })
  for (const effect of context.takeEffects())
    if (effect.kind === 'inspect') answers.inspected(effect.round, presence)
    else if (effect.kind === 'send') return [effect.message.kind, ...presenceIn(effect.message)]
  return context
    .takeEffects()
    .flatMap((effect) => (effect.kind === 'send' ? [effect.message.kind, ...presenceIn(effect.message)] : []))
}

const presenceIn = (message: { readonly kind: string }): readonly string[] =>
  'presence' in message ? [String(message.presence)] : []

test('a VM that its hypervisor calls running may still leave while the end of its migration is in doubt', () => {
  const { outgoing } = outgoingMigration()
  outgoing.admitted(there, admitted)
  assert.deepEqual(answerOf(outgoing, 'running'), ['whereabouts', 'outgoing'], 'it is under way')
  outgoing.finished(action, { kind: 'unknown', code: 'hypervisor.unreachable' })
  assert.deepEqual(answerOf(outgoing, 'running'), ['whereabouts', 'outgoing'], 'a request may be unread')
  assert.deepEqual(answerOf(outgoing, 'paused'), ['whereabouts', 'paused'])
  assert.deepEqual(answerOf(outgoing, 'absent'), ['whereabouts', 'absent'])
  assert.deepEqual(answerOf(outgoing, null), ['whereabouts', 'silent'])
})

test('a VM that is gone from here is handed over in the answer; of one that never was to leave the hypervisor tells', () => {
  const gone = outgoingMigration()
  gone.outgoing.admitted(there, admitted)
  gone.outgoing.finished(action, { kind: 'done' })
  assert.deepEqual(answerOf(gone.outgoing, 'running'), ['hand-over'])
  assert.deepEqual(answerOf(outgoingMigration(false).outgoing, 'running'), ['whereabouts', 'running'])
})

test('a host that is not the other end hears what the hypervisor says, whatever our records say, and so often', () => {
  const context = createStepContext(self, 1, 1, policyOf('balanced'))
  const closed = createClosedActions([{ action, vm: vm.vm, end: 'departure', result: { kind: 'done' } }])
  const { outgoing } = outgoingMigration()
  const answers = createPresenceAnswers(context, () => false, outgoing, closed, createDuties(context))
  const about = { incarnation: 1, partition, epoch: 9, action, vm: vm.vm }
  for (let round = 1; round <= 3 * limits.looksForPeerMax; round++)
    answers.asked(there, { kind: 'where-is', ...about, round })
  const looks = context.takeEffects().filter((effect) => effect.kind === 'inspect')
  assert.equal(looks.length, limits.looksForPeerMax)
  answers.inspected(looks[0]?.round ?? 0, 'absent')
  assert.deepEqual(
    context.takeEffects().map((effect) => effect.kind === 'send' && effect.message.kind),
    ['whereabouts'],
  )
})
