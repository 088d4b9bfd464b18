// S12, R1, R2: an end in doubt is taken for known, and a copy is resumed on a guess; the observer says so.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ActionResult, Effect, Input, PeerUri, Presence } from '@drover/protocol'
import { asVmId } from '@drover/protocol'
import {
  actionOf,
  agentOf,
  epoch,
  hears,
  migrates,
  opened,
  openMigration,
  partitionIdOf,
  says,
  tick,
  watchedAgents,
} from '../testing/watched-agents.ts'

const partition = partitionIdOf('h1', 1)
const action = actionOf(partition)
const vm = asVmId('a')
const open = openMigration('departure', partition, vm)

const begun = () => {
  const agents = watchedAgents(3)
  for (const host of ['h1', 'h2', 'h3']) agents.born(host)
  agents.vm('a', 'h1')
  const lease = agents.leased(partition, 1)
  agents.step('h1', tick, lease, epoch(1))
  agents.step('h1', tick, lease, opened(open), migrates(partition, vm))
  return {
    ...agents,
    does: (input: Input, ...deeds: readonly Effect[]) => agents.step('h1', input, lease, ...deeds),
  }
}
const ends = (result: ActionResult): Input => ({ kind: 'finished', action, result })
const unknown = ends({ kind: 'unknown', code: 'x' })
const closes = (
  result: ActionResult,
  word: 'hand-over' | 'cancelled' | null = null,
  end: 'departure' | 'arrival' = 'departure',
): Effect => ({
  kind: 'persist',
  record: {
    kind: 'closed',
    action,
    vm,
    end,
    result,
    duty:
      word === null
        ? null
        : { action, partition, epoch: 1, vm, peer: agentOf('h2'), word, demand: open.demand },
  },
})
const asks = (round: number): readonly Effect[] => [
  { kind: 'inspect', action, round, vm, at: null },
  says('h2', { kind: 'where-is', partition, epoch: 1, action, vm, round } as never),
]
const here = (round: number, presence: Presence): Input => ({
  kind: 'inspected',
  action,
  round,
  at: 'here',
  presence,
})
const there = (round: number, presence: Presence): Input =>
  hears('h2', { kind: 'whereabouts', partition, action, vm, round, presence })
const done = { kind: 'done' } as const
const refused = { kind: 'refused', code: 'migration.failed' } as const
const resumes: Effect = { kind: 'resume', action, vm, at: null, notAfter: null }
const tookOver = hears('h2', { kind: 'took-over', partition, action, vm })

test('S12: what both ends have told is settled; what one has not is not', () => {
  const sound = begun()
  sound.does(unknown, ...asks(1))
  sound.does(here(1, 'running'))
  sound.does(there(1, 'absent'), closes(refused))
  assert.deepEqual(sound.found(), [])
  const old = begun()
  old.does(unknown, ...asks(1))
  old.does(there(1, 'absent'), ...asks(2))
  old.does(here(2, 'running'), closes(refused))
  assert.deepEqual(old.found(), [
    `S12 h1 ends ${action} as refused: the destination has not said where the VM is`,
  ])
  const blind = begun()
  blind.does(unknown, closes(refused, 'cancelled'))
  assert.deepEqual(blind.found(), [
    `S12 h1 ends ${action} as refused: its own hypervisor has not said where the VM is`,
  ])
})

test('S12: a migration is not done before the VM was seen at its destination', () => {
  const sound = begun()
  sound.does(ends(done))
  sound.does(tookOver, closes(done))
  assert.deepEqual(sound.found(), [])
  const hasty = begun()
  hasty.does(ends(done), closes(done))
  assert.match(hasty.found()[0] ?? '', /S12 h1 ends .* the destination has not said/)
  const silent = begun()
  silent.does(ends(done), closes(done, 'hand-over'))
  assert.deepEqual(silent.found(), [])
  silent.does(tick, says('h3', { kind: 'ended', partition, epoch: 1, action, result: done } as never))
  assert.match(silent.found()[0] ?? '', /S12 h1 says that .* is done/)
})

test('S12: an end that was in no journal when its agent died is told anew, as its destination says then', () => {
  const story = begun()
  const { born, ended, found, step } = story
  story.does(ends(done), closes(done, 'hand-over'))
  ended('h1')
  born('h1', { open: [open] }, 2)
  step('h1', here(1, 'absent'), null)
  step(
    'h1',
    tookOver,
    null,
    closes(done),
    says('h3', { kind: 'ended', partition, epoch: 1, action, result: done } as never),
  )
  assert.deepEqual(found(), [])
})

test('S12: an action is performed again, beside another, or lost by a restart', () => {
  const { step, found, born, ended, leased } = begun()
  step('h1', tick, leased(partition, 1), migrates(partition, vm))
  assert.deepEqual(found(), [`S12 h1 was told to perform ${action} a second time`])
  const second = { ...open, action: actionOf(partition, 1) }
  step('h1', tick, leased(partition, 1), opened(second), {
    ...migrates(partition, vm),
    action: second.action,
  } as Effect)
  assert.equal(found()[1], `S12 h1 was told to perform ${second.action} while ${action} is not settled`)
  ended('h1')
  born('h1', { open: [second] }, 2)
  assert.equal(found()[2], `S12 h1 was started again and has lost ${action} from its journal`)
})

test('R1: a paused source is resumed only when the destination has no copy', () => {
  const sound = begun()
  sound.does(unknown, ...asks(1))
  sound.does(here(1, 'paused'))
  sound.does(there(1, 'absent'), resumes)
  assert.deepEqual(sound.found(), [])
  const guess = begun()
  guess.does(unknown, ...asks(1))
  guess.does(here(1, 'paused'), resumes)
  assert.deepEqual(guess.found(), [
    `R1 h1 resumes a by ${action}: the destination has not said that it has no copy`,
  ])
})

test('S12: what was resumed on the answers of both ends has stayed, though they are asked again meanwhile', () => {
  const late = (...told: readonly Input[]) => {
    const agents = begun()
    agents.does(unknown, ...asks(1))
    agents.does(here(1, 'paused'))
    agents.does(there(1, 'absent'), resumes)
    agents.does(tick, ...asks(2))
    for (const input of told) agents.does(input)
    agents.does(tick, closes(refused))
    return agents.found()
  }
  assert.deepEqual(late({ kind: 'resumed', action, at: 'here', ok: true, detail: '' }), [])
  const tooSoon = [`S12 h1 ends ${action} as refused: its own hypervisor has not said where the VM is`]
  assert.deepEqual(late(), tooSoon)
  assert.deepEqual(late({ kind: 'resumed', action, at: 'here', ok: false, detail: 'busy' }), tooSoon)
})

test('R2: a copy that arrived paused is resumed only when its source has let it go', () => {
  const arrival = openMigration('arrival', partition, vm)
  const guess = begun()
  guess.step('h2', tick, guess.leased(partition, 1), epoch(1))
  guess.step('h2', tick, guess.leased(partition, 1), opened(arrival), resumes)
  assert.deepEqual(guess.found(), [`R2 h2 resumes a by ${action}: its source has not said that it is gone`])
  const sound = begun()
  sound.step('h2', tick, sound.leased(partition, 1), epoch(1))
  sound.step('h2', tick, sound.leased(partition, 1), opened(arrival))
  sound.step(
    'h2',
    hears('h1', { kind: 'hand-over', partition, action, vm }),
    sound.leased(partition, 1),
    resumes,
  )
  assert.deepEqual(sound.found(), [])
})

test('S12: a copy that was handed over and is not there is given up on the answer to the last question, and on no older one', () => {
  const handedOver = (...told: readonly Input[]) => {
    const agents = begun()
    const lease = agents.leased(partition, 1)
    const look: Effect = { kind: 'inspect', action, round: 2, vm, at: null }
    agents.step('h2', tick, lease, epoch(1))
    agents.step('h2', tick, lease, opened(openMigration('arrival', partition, vm)), ...asks(1))
    agents.step('h2', hears('h1', { kind: 'hand-over', partition, action, vm }), lease, look)
    for (const input of told) agents.step('h2', input, lease)
    agents.step('h2', tick, lease, closes({ kind: 'refused', code: 'vm.gone' }, null, 'arrival'))
    return agents.found()
  }
  assert.deepEqual(handedOver(here(2, 'absent')), [])
  const unseen = [`S12 h2 ends ${action} as refused: its own hypervisor has not said where the VM is`]
  assert.deepEqual(handedOver(), unseen)
  assert.deepEqual(handedOver({ ...here(2, 'absent'), presence: null } as Input), unseen)
})

test('S12: what an agent is told counts, though a full disk takes its record only later', () => {
  const record = { kind: 'opened', open: openMigration('arrival', partition, vm) } as const
  const failed = { kind: 'refused', code: 'migration.cancelled' } as const
  const full = (...told: readonly Input[]) => {
    const agents = begun()
    const lease = agents.leased(partition, 1)
    agents.step('h2', tick, lease, epoch(1))
    agents.step('h2', tick, lease, { kind: 'unwritten', record })
    for (const input of told) agents.step('h2', input, lease)
    agents.step('h2', tick, lease, { kind: 'persist', record }, closes(failed, null, 'arrival'))
    return agents.found()
  }
  assert.deepEqual(full(hears('h1', { kind: 'cancelled', partition, epoch: 1, action, vm })), [])
  assert.deepEqual(full(), [
    `S12 h2 ends ${action} as refused: its own hypervisor has not said where the VM is`,
  ])
})

test('S12: a hypervisor that does not answer has said nothing, and what its agent says of it is a guess', () => {
  const guessed = begun()
  guessed.world.daemon('h1', 'hung')
  guessed.does(unknown, ...asks(1))
  guessed.does(here(1, 'absent'))
  assert.deepEqual(guessed.found(), [
    `S12 h1 takes the VM of ${action} for absent at h1, whose hypervisor has not answered`,
  ])
  const silent = begun()
  silent.world.daemon('h1', 'down')
  silent.does(unknown, ...asks(1))
  silent.does({ kind: 'inspected', action, round: 1, at: 'here', presence: null })
  assert.deepEqual(silent.found(), [])
  const back = begun()
  back.world.daemon('h1', 'hung')
  back.does(unknown, ...asks(1))
  back.world.daemon('h1', 'up')
  back.does(here(1, 'running'))
  assert.deepEqual(back.found(), [])
  const there = begun()
  there.world.daemon('h2', 'down')
  there.does(unknown, { kind: 'inspect', action, round: 1, vm, at: 'sim://h2' as PeerUri })
  there.does({ kind: 'inspected', action, round: 1, at: 'there', presence: 'absent' })
  assert.match(there.found()[0] ?? '', /S12 h1 takes the VM of .* for absent at h2/)
})
