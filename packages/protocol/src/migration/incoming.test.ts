/** One migration from its destination's side: what a promise remembers of the VM, also when the agent starts anew meanwhile. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { noDemandStats } from '../../../placement/src/forecast/demand-history.ts'
import { createClosedActions } from '../actions/closed-actions.ts'
import { policyOf } from '../data/config.ts'
import { actionIdOf, asHostId, asVmId, partitionIdOf } from '../data/ids.ts'
import type { OpenMigration } from '../data/io.ts'
import type { Admit } from '../data/message.ts'
import { createStepContext } from '../step-context.ts'
import { createIncoming } from './incoming.ts'

const [self, there] = [asHostId('self'), asHostId('there')]
const partition = partitionIdOf(there, 1, 1)
const action = actionIdOf(partition, 0)
const vm = asVmId('db')
const admit: Admit = {
  kind: 'admit',
  incarnation: 1,
  partition,
  epoch: 3,
  action,
  migrate: { kind: 'migrate', id: action, vm, from: there, to: self, after: [] },
  vm: {
    vm,
    name: 'db',
    state: 'running',
    incarnation: '1',
    demand: { cpuMilli: 500, memoryMiB: 256 },
    dirtyMiBps: 0,
    fixed: null,
    demandStats: noDemandStats,
    cooldownMs: 0,
    movedFrom: null,
    labels: ['license:oracle'],
  },
  paused: true,
  sourceUri: 'sim://there',
  cooldownMs: 1_000,
}

const arrivalsOn = () => {
  const context = createStepContext(self, 1, 1, policyOf('balanced'))
  const incoming = createIncoming(context, createClosedActions([]), {
    arrived: () => {},
    ended: () => {},
    reach: () => null,
  })
  return { context, incoming }
}

test('a promise knows the labels of its VM, and knows them after a restart', () => {
  const before = arrivalsOn()
  before.incoming.admit(there, admit, 'sim://self')
  assert.deepEqual(before.incoming.all.get(action)?.labels, ['license:oracle'])
  const written = before.context.takeEffects().flatMap((effect): OpenMigration[] => {
    if (effect.kind !== 'persist' || effect.record.kind !== 'opened') return []
    return effect.record.open.kind === 'arrival' ? [effect.record.open] : []
  })
  assert.equal(written.length, 1)
  const after = arrivalsOn()
  after.incoming.restore(written[0]!)
  assert.deepEqual(after.incoming.all.get(action)?.labels, ['license:oracle'])
  assert.deepEqual(after.incoming.all.get(action)?.snapshot.labels, ['license:oracle'], 'when it runs here')
})
