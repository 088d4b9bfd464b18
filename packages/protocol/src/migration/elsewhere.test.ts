/** Before a copy runs without a sure record: which answers of third hosts hold it, and which silence does not. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { limits, policyOf } from '../data/config.ts'
import { actionIdOf, asHostId, asVmId, type HostId, partitionIdOf } from '../data/ids.ts'
import type { Presence } from '../data/message.ts'
import { createStepContext } from '../step-context.ts'
import { createSearch, type Elsewhere } from './elsewhere.ts'
import type { IncomingMigration } from './incoming-table.ts'

const [source, a, b] = [asHostId('source'), asHostId('a'), asHostId('b')]
const partition = partitionIdOf(source, 1, 1)
const migration = {
  action: actionIdOf(partition, 0),
  vm: asVmId('web'),
  partition,
  epoch: 0,
  from: source,
} as IncomingMigration

const setUp = (others: readonly HostId[] = [source, a, b]) => {
  const context = createStepContext(asHostId('self'), 1, 1, policyOf('balanced'))
  const world = { others, isYoung: false }
  const search = createSearch(context, { others: () => world.others, isYoung: () => world.isYoung })
  let asked: readonly { readonly to: HostId; readonly round: number }[] = []
  /** A round later. */
  const look = (): Elsewhere => {
    context.setTime(context.now() + limits.settlePollMs)
    const seen = search.look(migration)
    asked = context
      .takeEffects()
      .flatMap((effect) =>
        effect.kind === 'send' && effect.message.kind === 'where-is'
          ? [{ to: effect.to, round: effect.message.round }]
          : [],
      )
    return seen
  }
  const answers = (presence: Presence | 'silent', from?: HostId): void => {
    const about = { incarnation: 1, partition, epoch: 0, action: migration.action, vm: migration.vm }
    for (const { to, round } of asked)
      if (from === undefined || to === from)
        search.whereabouts(to, { kind: 'whereabouts', ...about, round, presence })
  }
  return { world, look, answers, asked: () => asked.map(({ to }) => to) }
}

test('it runs when all but its source have denied the VM twice in a row', () => {
  const { look, answers, asked } = setUp()
  assert.equal(look(), 'asking')
  assert.deepEqual(asked(), [a, b])
  answers('absent')
  assert.equal(look(), 'asking')
  answers('shut')
  assert.equal(look(), 'nowhere')
})

test('one that has the VM, or may get it, holds it for good', () => {
  for (const presence of ['running', 'paused', 'held', 'outgoing', 'incoming'] as const) {
    const { look, answers } = setUp()
    look()
    answers('absent', a)
    answers(presence, b)
    for (let i = 0; i < 3; i++) assert.deepEqual(look(), { host: b, presence })
  }
})

test('one that does not answer is waited for, and not for ever; one that is dead is not waited for', () => {
  const { look, answers } = setUp()
  let rounds = 0
  while (look() === 'asking') {
    answers('absent', a)
    answers('silent', b)
    rounds += 1
  }
  assert.equal(rounds, limits.unansweredRoundsMax + limits.deniedRounds - 1)
  const dead = setUp()
  dead.look()
  dead.answers('absent', a)
  dead.world.others = [source, a]
  assert.equal(dead.look(), 'asking')
  dead.answers('absent', a)
  assert.equal(dead.look(), 'nowhere')
})

test('with no third host there is nothing to ask, once a host has been up for long enough to know of one', () => {
  assert.equal(setUp([source]).look(), 'nowhere')
  const young = setUp([source])
  young.world.isYoung = true
  for (let i = 0; i < 4; i++) assert.equal(young.look(), 'asking')
  young.world.isYoung = false
  assert.equal(young.look(), 'nowhere')
})
