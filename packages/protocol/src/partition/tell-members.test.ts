/** What a leader says while a plan runs: words may be lost on the way, so it says again what still matters. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { policyOf } from '../data/config.ts'
import { actionIdOf, asHostId, asVmId } from '../data/ids.ts'
import type { HostSnapshot } from '../data/snapshot.ts'
import { noNeed } from '../detect/needs.ts'
import { createStepContext } from '../step-context.ts'
import { createPartitionState } from './partition-state.ts'
import { callOff, execution, finish } from './plan-progress.ts'
import { beginUnblocked, remind } from './tell-members.ts'

test('`begin` is repeated with each renewal until the end of its action is known', () => {
  const source = asHostId('source')
  const context = createStepContext(asHostId('leader'), 1, 1, policyOf('balanced'))
  const state = createPartitionState(context, noNeed(0), 'lease', { cpuBaseline: '', migrationUri: '' }, [])
  const action = actionIdOf(state.partition, 0)
  state.members.set(source, { state: 'granted', epoch: 5, snapshot: {} as HostSnapshot })
  state.execution = execution({
    actions: [
      { kind: 'migrate', id: action, vm: asVmId('web'), from: source, to: asHostId('there'), after: [] },
    ],
    makespanMs: 0,
  })
  const said = () =>
    context
      .takeEffects()
      .map((effect) => (effect.kind === 'send' ? `${effect.message.kind} to ${effect.to}` : effect.kind))
  beginUnblocked(context, state)
  assert.deepEqual(said(), ['begin to source'])
  remind(context, state)
  assert.deepEqual(said(), ['renew to source', 'begin to source'])
  state.execution = callOff(state.execution, { code: 'operator.called_off', text: '' })
  remind(context, state)
  assert.deepEqual(said(), ['renew to source', 'withdraw to source'], 'once it is called off, the contrary')
  state.execution = finish(state.execution, action, { kind: 'done' })
  remind(context, state)
  assert.deepEqual(said(), ['renew to source'])
})
