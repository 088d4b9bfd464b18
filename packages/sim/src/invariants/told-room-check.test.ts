// S9 by what an agent was told: what the last samples all say counts, one sample does not, and what leaves counts for nothing.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { asVmId, type Input, type ObservedVm } from '@drover/protocol'
import {
  actionOf,
  hears,
  opened,
  openMigration,
  partitionIdOf,
  tick,
  watchedAgents,
} from '../testing/watched-agents.ts'

const partition = partitionIdOf('h1', 1)
const action = actionOf(partition)
const vm = asVmId('a')
const coming = openMigration('arrival', partition, vm)

const seen = (name: string, cpuMilli: number | null): ObservedVm => ({
  vm: asVmId(name),
  name,
  state: 'running',
  pausedBy: null,
  cpuMilli,
  vcpus: 16,
  memoryMiB: 1_024,
  dirtyMiBps: null,
  incarnation: '1',
  fixed: null,
  diskLocked: false,
  autostart: false,
  labels: [],
})
const shows = (...vms: readonly ObservedVm[]): Input => ({ kind: 'observed', askedAt: 0, vms })
const asks = hears('h1', { kind: 'admit', partition, epoch: 1, action, vm: { vm } })

/** h2 is told that, and then lets `a` in, which wants 600 of its 8,000. */
const letIn = (...inputs: readonly Input[]): readonly string[] => {
  const agents = watchedAgents(2)
  agents.vm('a', 'h1')
  agents.born('h2')
  const lease = agents.leased(partition, 1)
  for (const input of inputs) agents.step('h2', input, lease)
  agents.step('h2', asks, lease, opened(coming))
  return agents.found().filter((text) => text.startsWith('S9'))
}
const often = (sample: Input): readonly Input[] => [sample, sample, sample, sample]
const full = shows(seen('b', 7_500))
const tooMuch = [`S9 h2 lets a in by ${action}: 8100 of 8000 cpuMilli usable, by what it was told`]

test('S9: what all of the last samples have told is known', () => {
  assert.deepEqual(letIn(...often(full)), tooMuch)
  assert.deepEqual(letIn(...often(shows(seen('b', 7_400)))), [])
})

test('S9: what one of them has not told is not', () => {
  assert.deepEqual(letIn(...often(full).slice(1)), [])
  assert.deepEqual(letIn(full, full, shows(seen('b', 100)), full), [])
  assert.deepEqual(letIn(full, full, shows(), full), [])
  assert.deepEqual(letIn(...often(shows(seen('b', null)))), [])
  assert.deepEqual(letIn(...often(shows(seen('b', 60_000)))), [], 'no VM wants more than its vCPUs')
})

test('S9: a promise counts until it is kept, and then as long as the VM is there', () => {
  const other = partitionIdOf('h1', 2)
  const c = openMigration('arrival', other, asVmId('c'), { demand: { cpuMilli: 3_000, memoryMiB: 1_024 } })
  const agents = watchedAgents(2)
  for (const name of ['a', 'c']) agents.vm(name, 'h1')
  agents.born('h2')
  const lease = agents.leased(partition, 1)
  for (const input of often(shows(seen('b', 4_500)))) agents.step('h2', input, lease)
  agents.step('h2', tick, lease, opened(c))
  agents.step('h2', asks, lease, opened(coming))
  assert.equal(agents.found().filter((text) => text.startsWith('S9')).length, 1)
})

test('S9: a VM that leaves counts for nothing here', () => {
  const leaving = openMigration('departure', partition, asVmId('b'), { action: actionOf(partition, 1) })
  const agents = watchedAgents(2)
  for (const name of ['a', 'b']) agents.vm(name, 'h1')
  agents.born('h2', { open: [leaving] })
  const lease = agents.leased(partition, 1)
  for (const input of often(full)) agents.step('h2', input, lease)
  agents.step('h2', asks, lease, opened(coming))
  assert.deepEqual(
    agents.found().filter((text) => text.startsWith('S9')),
    [],
  )
})
