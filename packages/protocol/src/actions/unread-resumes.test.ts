/** A VM that our hypervisor may yet let run once more, as it was asked, stays here until that is over. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { limits, policyOf } from '../data/config.ts'
import { actionIdOf, asHostId, asVmId, partitionIdOf, type VmId } from '../data/ids.ts'
import { createStepContext } from '../step-context.ts'
import { createUnreadResumes } from './unread-resumes.ts'

const [self, source, other] = [asHostId('self'), asHostId('source'), asHostId('other')]
const partition = partitionIdOf(self, 1, 1)
const [first, second] = [actionIdOf(partition, 0), actionIdOf(partition, 1)]
const [web, db] = [asVmId('web'), asVmId('db')]

const setUp = () => {
  const context = createStepContext(self, 1, 1, policyOf('balanced'))
  const unread = new Map<VmId, number>()
  const resumes = createUnreadResumes(context, unread)
  const later = (ms: number) => {
    context.setTime(context.now() + ms)
    resumes.tick()
  }
  return { resumes, later, stay: () => [...unread.keys()] }
}

test('it stays until the answer comes', () => {
  const { resumes, later, stay } = setUp()
  resumes.asked(first, web)
  resumes.asked(second, db)
  later(1_000)
  assert.deepEqual(stay(), [web, db])
  resumes.answered(first, true)
  assert.deepEqual(stay(), [db])
})

test('one that was given up may be read yet, whatever becomes of the next one', () => {
  const { resumes, later, stay } = setUp()
  resumes.asked(first, web)
  later(5_000)
  resumes.answered(first, false)
  resumes.asked(first, web)
  resumes.answered(first, true)
  later(limits.lateStartMs - 5_001)
  assert.deepEqual(stay(), [web])
  later(1)
  assert.deepEqual(stay(), [])
})

test('an answer to what is not known here changes nothing', () => {
  const { resumes, later, stay } = setUp()
  resumes.answered(first, true)
  resumes.asked(first, web)
  resumes.answered(second, true)
  later(limits.lateStartMs - 1)
  assert.deepEqual(stay(), [web])
})

test('one that has come stays until its source says that it has asked for nothing more, or can no longer ask', () => {
  const { resumes, later, stay } = setUp()
  resumes.arrived(first, web, source)
  resumes.arrived(second, db, source)
  resumes.closedBySource(second, other)
  assert.deepEqual(stay(), [web, db], 'another host knows nothing of it')
  resumes.closedBySource(second, source)
  assert.deepEqual(stay(), [web])
  later(limits.letRunThereMs + limits.lateStartMs - 1)
  resumes.arrived(first, web, source)
  assert.deepEqual(stay(), [web])
  later(1)
  assert.deepEqual(stay(), [], 'that it is said again changes nothing')
})

test('what the source says is not said of our own requests', () => {
  const { resumes, later, stay } = setUp()
  resumes.asked(first, web)
  resumes.arrived(first, web, source)
  resumes.answered(first, false)
  resumes.closedBySource(first, source)
  later(limits.lateStartMs - 1)
  assert.deepEqual(stay(), [web])
  later(1)
  assert.deepEqual(stay(), [])
})

test('of what was before a restart the longest is assumed', () => {
  const { resumes, later, stay } = setUp()
  resumes.mayHaveAsked(first, web)
  resumes.answered(first, true)
  resumes.arrived(second, db, null)
  resumes.closedBySource(second, source)
  later(limits.lateStartMs)
  assert.deepEqual(stay(), [db])
  later(limits.letRunThereMs)
  assert.deepEqual(stay(), [])
})
