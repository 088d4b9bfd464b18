/** One migration from its destination's side: what a promise remembers of the VM, also when the agent starts anew meanwhile. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createClosedActions } from '../actions/closed-actions.ts'
import { policyOf } from '../data/config.ts'
import { actionIdOf, asHostId, asVmId, partitionIdOf } from '../data/ids.ts'
import type { OpenMigration } from '../data/io.ts'
import type { Admit, HandOver } from '../data/message.ts'
import { createStepContext } from '../step-context.ts'
import { vmSnapshot } from '../testing/vm-snapshot.ts'
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
  vm: vmSnapshot('db', { labels: ['license:oracle'] }),
  paused: true,
  sourceUri: 'sim://there',
  cooldownMs: 1_000,
  autostart: false,
}

/** Its source has let it go, and the destination is not known to have heard that. */
const handOver: HandOver = {
  kind: 'hand-over',
  incarnation: 1,
  partition,
  epoch: 3,
  action,
  vm,
  round: 0,
  demand: admit.vm.demand,
  autostart: false,
}

const arrivalsOn = () => {
  const context = createStepContext(self, 1, 1, policyOf('balanced'))
  const incoming = createIncoming(context, createClosedActions([]), {
    owesAutostart() {},
    elsewhere: () => 'nowhere',
    arrived: () => {},
    ended: () => {},
    asked: () => {},
    reach: () => null,
  })
  return { context, incoming }
}

/** The arrivals that it has just written down as open. */
const writtenBy = ({ context }: ReturnType<typeof arrivalsOn>): readonly OpenMigration[] =>
  context.takeEffects().flatMap((effect): OpenMigration[] => {
    if (effect.kind !== 'persist' || effect.record.kind !== 'opened') return []
    return effect.record.open.kind === 'arrival' ? [effect.record.open] : []
  })

test('a promise knows the labels of its VM, and knows them after a restart', () => {
  const before = arrivalsOn()
  before.incoming.admit(there, admit, 'sim://self')
  assert.deepEqual(before.incoming.all.get(action)?.labels, ['license:oracle'])
  const written = writtenBy(before)
  assert.equal(written.length, 1)
  const after = arrivalsOn()
  after.incoming.restore(written[0]!)
  assert.deepEqual(after.incoming.all.get(action)?.labels, ['license:oracle'])
  assert.deepEqual(after.incoming.all.get(action)?.snapshot.labels, ['license:oracle'], 'when it runs here')
})

for (const here of ['running', 'held', 'paused'] as const)
  test(`a copy without a record that is ${here}, of which its source need say no more, is not let run${here === 'paused' ? ', and is no arrival' : ': it has arrived'}`, () => {
    const { context, incoming } = arrivalsOn()
    incoming.adopt(there, handOver, { name: 'db', labels: [] })
    incoming.tick()
    const round = incoming.all.get(action)!.rounds.number!
    context.takeEffects()
    incoming.handOver(there, { ...handOver, round: round - 1, demand: null })
    incoming.inspected(action, round, 'here', here)
    assert.deepEqual(context.takeEffects(), [], 'an old answer')
    incoming.handOver(there, { ...handOver, round, demand: null })
    const effects = context.takeEffects()
    assert.ok(effects.every(({ kind }) => kind !== 'resume'))
    const ends = effects.flatMap((effect) =>
      effect.kind === 'persist' && effect.record.kind === 'closed' ? [effect.record.result.kind] : [],
    )
    assert.deepEqual(ends, here === 'paused' ? [] : ['done'])
    assert.equal(incoming.all.has(action), here === 'paused')
  })

test('a copy that was found without a record is let run by no old word, after a restart either', () => {
  const before = arrivalsOn()
  before.incoming.adopt(there, handOver, { name: 'db', labels: [] })
  const { context, incoming } = arrivalsOn()
  incoming.restore(writtenBy(before)[0]!)
  incoming.tick()
  incoming.handOver(there, handOver)
  incoming.inspected(action, incoming.all.get(action)!.rounds.number!, 'here', 'paused')
  assert.ok(context.takeEffects().every(({ kind }) => kind !== 'resume'))
})
