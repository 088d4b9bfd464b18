// S9, S10, S12, L1, L6: an end that forgets a migration too soon, lets one in against its brake, or goes silent about it is noticed.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { asVmId, type Duty, type Input, type VmId } from '@drover/protocol'
import {
  actionOf,
  agentOf,
  hears,
  jobs,
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
const departure = openMigration('departure', partition, vm)
const arrival = openMigration('arrival', partition, vm)

const begun = () => {
  const agents = watchedAgents(2)
  for (const host of ['h1', 'h2']) {
    agents.born(host)
    agents.step(host, jobs, null)
  }
  agents.vm('a', 'h1')
  return agents
}

const closed = (end: 'departure' | 'arrival', duty: Duty | null = null) => ({
  kind: 'persist' as const,
  record: { kind: 'closed' as const, action, vm, end, result: { kind: 'done' as const }, duty },
})

test('S9, S12: a request that is read late finds both ends open, unless one has lost its journal', async () => {
  const late = async (
    lateMs: number,
    deeds: (agents: ReturnType<typeof begun>) => void,
  ): Promise<readonly string[]> => {
    const agents = begun()
    const { step, found, driver, clock } = agents
    step('h2', tick, null, opened(arrival))
    step('h1', tick, null, opened(departure), migrates(partition, vm))
    await clock.advance(lateMs)
    deeds(agents)
    void driver('h1').migrate({ vm: vm as VmId, to: 'sim://h2', handOverPaused: true, bandwidthMiBps: null })
    await clock.advance(100)
    return found().filter((text) => text.includes('begins to move'))
  }
  const forgets = ({ step }: ReturnType<typeof begun>): void => step('h2', tick, null, closed('arrival'))
  const settles = ({ step }: ReturnType<typeof begun>): void => step('h1', tick, null, closed('departure'))
  assert.deepEqual(await late(20_000, () => {}), [])
  assert.deepEqual(await late(20_000, forgets), [
    'S9 a begins to move, 20000 ms after it was asked for, and h2 has no open arrival of it',
  ])
  assert.deepEqual(await late(20_000, settles), [
    'S12 a begins to move, 20000 ms after it was asked for, and h1 has no open departure of it',
  ])
  assert.deepEqual(await late(40_000, settles), [], 'no request is read that late')
  const loses = (agents: ReturnType<typeof begun>): void => {
    agents.ended('h2')
    agents.damaged('h2', 'lost')
  }
  assert.deepEqual(await late(20_000, loses), [])
})

test('S10: in mode observe no VM is let in; one that was let in before may be told so again', () => {
  const { step, found } = begun()
  const admitted = (one: string) =>
    says('h1', { kind: 'admitted', partition, epoch: 1, action: one } as never)
  const observe: Input = { kind: 'commanded', request: 'r', command: { kind: 'mode', mode: 'observe' } }
  step('h2', tick, null, opened(arrival), admitted(action))
  step('h2', observe, null, admitted(action), admitted(actionOf(partition, 1)))
  assert.deepEqual(
    found().filter((text) => text.startsWith('S10')),
    [`S10 h2 lets a VM in by ${actionOf(partition, 1)} although its mode is observe`],
  )
})

test('L6: a word that is owed is said within two minutes, in each life of an agent that goes on', async () => {
  const duty = { partition, epoch: 1, action, vm, peer: agentOf('h2'), word: 'hand-over', demand: null }
  const owes = async (alive: boolean, speaks: boolean): Promise<readonly string[]> => {
    const { step, found, clock, checker, born } = begun()
    step('h1', tick, null, opened(departure), closed('departure', duty as unknown as Duty))
    born('h1', { duties: [duty as unknown as Duty] }, 2)
    for (let s = 0; s < 130; s++) {
      await clock.advance(1_000)
      const word = says('h2', { kind: 'hand-over', ...duty, round: 0 } as never)
      if (alive) step('h1', tick, null, ...(speaks && s % 60 === 0 ? [word] : []))
      checker.check()
    }
    return found().filter((text) => text.startsWith('L6'))
  }
  assert.match(
    (await owes(true, false))[0] ?? '',
    /^L6 h1 owes a word about .*, and has not said it for \d+ ms$/,
  )
  assert.deepEqual(await owes(true, true), [])
  assert.deepEqual(await owes(false, false), [])
})

test('L1: a restarted agent stops the migration that is stuck once both ends have said that it runs', async () => {
  const stuck = async (answers: boolean): Promise<readonly string[]> => {
    const { step, found, driver, clock, checker, world, born } = begun()
    world.fail({ fault: { kind: 'hang', atPermille: 500 } })
    step('h1', tick, null, opened(departure), migrates(partition, vm))
    void driver('h1').migrate({ vm: vm as VmId, to: 'sim://h2', handOverPaused: true, bandwidthMiBps: null })
    await clock.advance(5_000)
    born('h1', { open: [departure] }, 2)
    for (let round = 1; round <= 90; round++) {
      await clock.advance(1_000)
      step('h1', jobs, null)
      if (answers) {
        step('h1', { kind: 'inspected', action, round, at: 'here', presence: 'outgoing' }, null)
        const there = { kind: 'whereabouts', partition, epoch: 1, action, vm, round, presence: 'incoming' }
        step('h1', hears('h2', there), null)
      }
      checker.check()
    }
    return found().filter((text) => text.startsWith('L1'))
  }
  assert.match((await stuck(true))[0] ?? '', /^L1 a has been stuck on its way from h1/)
  assert.deepEqual(await stuck(false), [])
})
