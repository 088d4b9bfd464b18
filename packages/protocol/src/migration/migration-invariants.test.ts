/** A migration that would change in a way that makes no sense stops the agent: each kind of it is shown to be noticed. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nothing } from '../../../placement/src/problem/resources.ts'
import { limits } from '../data/config.ts'
import { actionIdOf, asHostId, asVmId, partitionIdOf } from '../data/ids.ts'
import type { Duty } from '../data/io.ts'
import type { VmSnapshot } from '../data/snapshot.ts'
import type { IncomingMigration } from './incoming-table.ts'
import {
  checkBegins,
  checkDestinationVerdict,
  checkDuty,
  checkIncomingChange,
  checkIncomingEnd,
  checkOutgoingChange,
  checkOutgoingEnd,
  checkSourceVerdict,
} from './migration-invariants.ts'
import { jobOf } from './migration-job.ts'
import type { OutgoingMigration } from './outgoing-table.ts'
import { notAsked, type Seen } from './question-rounds.ts'

const [here, there] = [asHostId('here'), asHostId('there')]
const partition = partitionIdOf(here, 1, 1)
const action = actionIdOf(partition, 0)
const vm = asVmId('web')
const demand = { cpuMilli: 1, memoryMiB: 1 }
const inRound = (number: number | null) => ({ ...notAsked, number })

const asking: OutgoingMigration = {
  action,
  partition,
  leader: here,
  epoch: 3,
  toEpoch: 9,
  vm,
  vmIncarnation: 'boot-1',
  to: there,
  demand,
  paused: true,
  autostart: false,
  since: 0,
  phase: 'asking',
  uri: null,
  nextAt: 0,
  rounds: notAsked,
  takenOver: false,
  tries: 0,
  resuming: false,
  uncertain: false,
  seenHereAt: 0,
  unreadThere: 0,
  job: jobOf(0, 1, 0),
}
const moving: OutgoingMigration = { ...asking, phase: 'moving', uri: 'sim://there' }
const settling: OutgoingMigration = { ...moving, phase: 'settling', rounds: inRound(5), takenOver: true }
const handing: OutgoingMigration = { ...moving, phase: 'handing', tries: 2 }

test('an outgoing migration goes on, and nothing that is known of it is taken back', () => {
  const sound: readonly (readonly [OutgoingMigration | null, OutgoingMigration])[] = [
    [null, asking],
    [null, settling],
    [asking, moving],
    [moving, settling],
    [moving, handing],
    [settling, { ...handing, rounds: inRound(5), takenOver: true }],
    [settling, { ...settling, rounds: inRound(6), resuming: true }],
  ]
  for (const [before, next] of sound) checkOutgoingChange(before, next)

  const broken: readonly (readonly [OutgoingMigration | null, OutgoingMigration, RegExp])[] = [
    [null, moving, /begins by asking, or in doubt, not moving/],
    [handing, { ...moving, rounds: notAsked }, /goes on from handing, and not back to moving/],
    [moving, asking, /from moving, and not back to asking/],
    [asking, { ...moving, uri: null }, /moves to a URI that was looked at/],
    [moving, { ...moving, vm: asVmId('db') }, /moves web to there, and not db to there/],
    [moving, { ...moving, to: here }, /moves web to there, and not web to here/],
    [moving, { ...moving, toEpoch: 10 }, /stays under the leases 3 and 9/],
    [moving, { ...moving, demand: { ...nothing } }, /wants what it wanted when it began/],
    [settling, { ...settling, takenOver: false }, /that web has run at there is not taken back/],
    [settling, { ...settling, rounds: inRound(4) }, /round 4 of .* comes after round 5/],
    [settling, { ...settling, rounds: { ...notAsked, here: 'paused' } }, /to a question that was not asked/],
    [handing, { ...handing, tries: limits.handOverTriesMax + 1 }, /at most 10 times, not 11/],
    [moving, { ...moving, tries: 1 }, /is handed over 1 times in moving/],
    [moving, { ...moving, resuming: true }, /is resumed while in moving \(R1\)/],
    [asking, { ...asking, rounds: inRound(1) }, /nothing of .* is in doubt while its destination is asked/],
  ]
  for (const [before, next, fact] of broken) assert.throws(() => checkOutgoingChange(before, next), fact)
})

test('it begins once, alone with its VM, and where there is room for it', () => {
  const all = new Map([[action, asking]])
  const [other, db] = [actionIdOf(partition, 1), asVmId('db')]
  checkBegins(all, other, db, 2)
  assert.throws(() => checkBegins(all, action, db, 2), /is begun once/)
  assert.throws(() => checkBegins(all, other, db, 1), /no more than 1 migrations leave/)
  assert.throws(() => checkBegins(all, other, vm, 2), /web leaves by .* already/)
})

test('it ends once, when it is known how, and owes the word that goes with that', () => {
  const [done, refused] = [{ kind: 'done' }, { kind: 'refused', code: 'vm.gone' }] as const
  checkOutgoingEnd(asking, refused, null)
  checkOutgoingEnd(settling, done, 'hand-over')
  checkOutgoingEnd(settling, refused, 'cancelled')
  assert.throws(() => checkOutgoingEnd(null, done, null), /a migration ends once: done/)
  assert.throws(
    () => checkOutgoingEnd(settling, { kind: 'unknown', code: 'x' }, null),
    /when it is known how/,
  )
  assert.throws(() => checkOutgoingEnd(asking, done, null), /is done in asking/)
  assert.throws(() => checkOutgoingEnd(settling, done, 'cancelled'), /done, is told cancelled/)
  assert.throws(() => checkOutgoingEnd(settling, refused, 'hand-over'), /refused, is told hand-over/)
  assert.throws(() => checkOutgoingEnd(asking, refused, 'cancelled'), /no word is owed of/)
})

const promised: IncomingMigration = {
  action,
  vm,
  demand,
  partition,
  epoch: 9,
  from: there,
  sourceUri: 'sim://there',
  snapshot: {} as VmSnapshot,
  cooldownMs: 0,
  autostart: false,
  since: 0,
  nextAt: 0,
  rounds: notAsked,
  letGo: false,
  taking: false,
  adopted: false,
}
const letGo = { ...promised, letGo: true, rounds: inRound(3) }

test('an incoming migration keeps what was promised, and what its source has let go', () => {
  checkIncomingChange(null, promised)
  checkIncomingChange(promised, letGo)
  checkIncomingChange(letGo, { ...letGo, taking: true, rounds: notAsked })
  const broken: readonly (readonly [IncomingMigration | null, IncomingMigration, RegExp])[] = [
    [null, letGo, /web waits for there when .* begins \(R2\)/],
    [null, { ...promised, rounds: inRound(1) }, /no question was asked of/],
    [promised, { ...promised, vm: asVmId('db') }, /brings web from there, and not db/],
    [promised, { ...promised, from: here }, /and not web from here/],
    [promised, { ...promised, epoch: 10 }, /stays under the lease 9/],
    [promised, { ...promised, demand: { ...nothing } }, /stays promised \(S9\)/],
    [promised, { ...promised, adopted: true }, /was found without a record, or was not/],
    [letGo, { ...letGo, letGo: false }, /has let web go is not taken back \(R2\)/],
    [letGo, { ...letGo, rounds: inRound(2) }, /round 2 of .* comes after round 3/],
  ]
  for (const [before, next, fact] of broken) assert.throws(() => checkIncomingChange(before, next), fact)
})

test('a promise ends once, and not while its VM is being let run', () => {
  checkIncomingEnd(letGo, null)
  checkIncomingEnd({ ...letGo, adopted: true }, null)
  checkIncomingEnd(promised, 'migration.cancelled')
  assert.throws(() => checkIncomingEnd(null, null), /ends once: done/)
  assert.throws(() => checkIncomingEnd({ ...letGo, taking: true }, 'migration.cancelled'), /let run already/)
  assert.throws(() => checkIncomingEnd({ ...promised, adopted: true }, null), /runs when there has let it go/)
})

// The table of verdicts is tested by itself; here a verdict is forged that no table would give.
test('no verdict lets a VM run, or gives one up, against R1 and R2', () => {
  const seen = (a: Seen, b: Seen, stable = 1) => ({
    here: a,
    there: b,
    stable,
    byAgent: true,
    steadyMs: 0,
  })
  const source = (kind: 'resume-here' | 'hand-over' | 'give-up' | 'stayed', a: Seen, b: Seen, stable = 1) =>
    checkSourceVerdict({ kind }, seen(a, b, stable))
  source('resume-here', 'paused', 'absent')
  assert.throws(() => source('resume-here', 'paused', 'absent', 0), /is not resumed here \(R1\)/)
  assert.throws(() => source('resume-here', 'paused', null), /\(R1\)/)
  source('hand-over', 'absent', null)
  assert.throws(() => source('hand-over', 'paused', 'paused'), /is not handed over \(R2\)/)
  source('give-up', 'paused', 'paused')
  assert.throws(() => source('give-up', 'running', 'paused'), /is not given up/)
  source('stayed', 'running', null)
  assert.throws(() => source('stayed', 'running', 'running'), /has not stayed/)

  checkDestinationVerdict({ kind: 'take-over' }, seen('paused', 'saved'))
  assert.throws(
    () => checkDestinationVerdict({ kind: 'take-over' }, seen('paused', 'paused')),
    /does not run here/,
  )
  assert.throws(
    () => checkDestinationVerdict({ kind: 'take-over' }, seen('paused', null)),
    /not seen at its source/,
  )
  assert.throws(
    () => checkDestinationVerdict({ kind: 'forget', warning: null }, seen('running', 'absent')),
    /is not forgotten \(S2\)/,
  )
})

test('one word is owed of one migration', () => {
  const duty: Duty = { action, partition, epoch: 9, vm, peer: there, word: 'hand-over', demand }
  checkDuty(duty, new Map())
  assert.throws(() => checkDuty(duty, new Map([[action, duty]])), /there is owed one word of/)
  assert.throws(() => checkDuty({ ...duty, epoch: -1 }, new Map()), /goes to a lease, not -1/)
})
