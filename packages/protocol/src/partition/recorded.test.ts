/** How a partition ended is said by the host that led it, and by no other. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { policyOf } from '../data/config.ts'
import { asHostId, partitionIdOf } from '../data/ids.ts'
import { exampleDecision } from '../outcome/example.ts'
import { createStepContext } from '../step-context.ts'
import { createMemberSide } from './member.ts'

const [self, leader, other] = [asHostId('self'), asHostId('leader'), asHostId('other')]

test('a record comes from the leader of its partition only', () => {
  const reported: string[] = []
  const member = createMemberSide(createStepContext(self, 1, 1, policyOf('balanced')), 0, {
    unable: () => null,
    severity: () => 0,
    busy: () => false,
    snapshot: () => null,
    report: ({ id }) => void reported.push(id),
  })
  const partition = partitionIdOf(leader, 1, 1)
  const decision = { ...exampleDecision, id: partition, leader }
  const record = { kind: 'recorded', incarnation: 1, partition, epoch: 0, decision } as const
  member.recorded(other, record)
  member.recorded(other, { ...record, partition: partitionIdOf(other, 1, 1) })
  member.recorded(leader, { ...record, decision: { ...decision, leader: other } })
  member.recorded(leader, { ...record, decision: { ...decision, id: partitionIdOf(self, 1, 1) } })
  assert.deepEqual(reported, [])
  member.recorded(leader, record)
  assert.deepEqual(reported, [partition])
})
