/** What an operator brings by hand takes room from when it is seen until a sample has shown it or not. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { limits } from '../data/config.ts'
import { asVmId } from '../data/ids.ts'
import type { IncomingJob } from '../data/io.ts'
import { arrivalsNow, arrivalsSampled, noArrivals } from './foreign-arrivals.ts'

const vm = asVmId('big')
const job: IncomingJob = { vm, memoryMiB: 8_192, vcpus: 6 }
const nowhere = () => false

test('all its vCPUs count, and a VM of unknown size may want all that a host can have', () => {
  const known = arrivalsNow(noArrivals, [job], nowhere)
  assert.deepEqual(known.get(vm)?.demand, { cpuMilli: 6_000, memoryMiB: 8_192 })
  const unknown = arrivalsNow(noArrivals, [{ vm, memoryMiB: null, vcpus: 0 }], nowhere)
  assert.deepEqual(unknown.get(vm)?.demand, { cpuMilli: limits.amountMax, memoryMiB: limits.amountMax })
})

test('between the end of its job and the next sample it is neither seen here nor forgotten', () => {
  const coming = arrivalsSampled(arrivalsNow(noArrivals, [job], nowhere))
  assert.equal(coming.size, 1, 'while the job runs no sample ends it')
  const ended = arrivalsNow(coming, [], nowhere)
  assert.equal(ended.size, 1)
  assert.equal(arrivalsSampled(ended).size, 0)
  assert.equal(arrivalsNow(coming, [], () => true).size, 0, 'the same look has shown it')
})
