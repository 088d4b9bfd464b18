/** When a migration is broken off: by what was expected of it, by what its link really carries, and when nothing is sent. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { limits, policyOf } from '../data/config.ts'
import { expected, type Job, jobOf, told, whyBreakOff } from './migration-job.ts'

const policy = policyOf('balanced')
const began = 1_000
const after = (job: Job, ms: number) => whyBreakOff(job, policy, began + ms)

test('a migration is broken off after four times its expected time, but not before a minute', () => {
  const small = jobOf(began, 1_024, 0)
  assert.equal(expected(small, policy, began).ms, 8_292)
  assert.equal(after(small, limits.migrationMsMin - 1), null)
  assert.equal(after(small, limits.migrationMsMin), 'migration.timeout')
  const large = jobOf(began, 8_192, 0)
  assert.equal(after(large, 262_543), null)
  assert.equal(after(large, 262_544), 'migration.timeout')
  assert.equal(expected(large, policy, began).slowAt, began + 131_272, 'half the time is worth a word')
})

test('a migration that has sent more than its memory does not converge; one that has not is slow', () => {
  const hot = jobOf(began, 8_192, 400)
  const end = 4 * 327_780
  assert.equal(after(told(hot, 164_000, began + end), end), 'mem.would_not_converge')
  const slow = 4 * 512_100
  assert.equal(after(told(jobOf(began, 8_192, 0), 8_000, began + slow), slow), 'migration.timeout')
})

test('over a slow link a migration has as much more time as the link is slower, up to a bound', () => {
  const job = jobOf(began, 8_192, 0)
  const at = began + 300_000
  // 10 MiB/s instead of 125: eight times slower counts as much slower, more does not.
  assert.equal(whyBreakOff(told(job, 12_000, at), policy, at), null, '40 MiB/s')
  assert.equal(whyBreakOff(told(job, 3_000, at), policy, at), null, '10 MiB/s')
  assert.equal(after(told(job, 3_000, at), 8_192_000), 'migration.timeout')
})

test('a migration hangs when its hypervisor says that nothing was sent for half a minute; no answer proves nothing', () => {
  const job = told(jobOf(began, 8_192, 0), 100, began + 5_000)
  assert.equal(after(told(job, 100, began + 34_999), 34_999), null)
  assert.equal(after(told(job, 100, began + 35_000), 35_000), 'migration.stalled')
  assert.equal(after(told(job, 100, began + 20_000), 60_000), null, 'there was no sample since')
  assert.equal(after(told(job, 101, began + 35_000), 35_000), null, 'it goes on')
  const silent = told(jobOf(began, 8_192, 0), null, began + 60_000)
  assert.equal(after(silent, 60_000), null, 'a hypervisor that does not tell')
})
