/** A leader waits for what runs of its plan as long as that may take, and not for ever. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Action, PartitionProblem } from '@drover/placement'
import { limits, policyOf } from '../data/config.ts'
import { actionIdOf, asHostId, asVmId, type HostId, partitionIdOf } from '../data/ids.ts'
import { longestMs } from '../migration/migration-job.ts'
import { longestWaitMs } from './longest-wait.ts'
import type { PartitionState } from './partition-state.ts'
import { begin, execution, finish } from './plan-progress.ts'

const [a, b] = ['a', 'b'].map(asHostId) as [HostId, HostId]
const partition = partitionIdOf(a, 1, 1)
const policy = policyOf('balanced')
const [first, second] = [0, 1].map((n) => actionIdOf(partition, n)) as [
  ReturnType<typeof actionIdOf>,
  ReturnType<typeof actionIdOf>,
]
const actions: readonly Action[] = [
  { kind: 'migrate', id: first, vm: asVmId('small'), from: a, to: b, after: [] },
  { kind: 'migrate', id: second, vm: asVmId('large'), from: a, to: b, after: [] },
]
const vms = [
  { id: 'small', memoryMiB: 256, dirtyMiBps: 0 },
  { id: 'large', memoryMiB: 65_536, dirtyMiBps: 20 },
]
const waitOf = (state: PartitionState['execution']): number =>
  longestWaitMs(
    { execution: state, problem: { vms } as unknown as PartitionProblem } as PartitionState,
    policy,
  )

test('it waits longer than the slowest of the running migrations may take, and not for what has not begun or has ended', () => {
  const none = execution({ actions, makespanMs: 0 })
  assert.equal(waitOf(none), 0)
  const small = begin(none, first)
  assert.ok(waitOf(small) > limits.migrationMsMin && waitOf(small) < 4 * limits.migrationMsMin)
  const both = begin(small, second)
  assert.ok(waitOf(both) > longestMs(65_536, 20, policy))
  assert.equal(waitOf(finish(both, second, { kind: 'done' })), waitOf(small))
})
