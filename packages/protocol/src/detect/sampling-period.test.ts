/** A calm host is looked at every second, a nearly full one four times as often, and never so often that it says nothing. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ObservedVm } from '../data/io.ts'
import { samplePeriodMs } from './sampling-period.ts'

const seen = (cpuMilli: number | null, memoryMiB: number, vcpus = 8) => [
  { state: 'running', cpuMilli, vcpus, memoryMiB } as ObservedVm,
]
const usable = { cpuMilli: 7_000, memoryMiB: 32_000 }

test('a host that is nearly full in any dimension is sampled more often', () => {
  assert.equal(samplePeriodMs(1_000, seen(6_650, 1_000), usable), 1_000)
  assert.equal(samplePeriodMs(1_000, seen(6_651, 1_000), usable), 250)
  assert.equal(samplePeriodMs(1_000, seen(0, 31_000), usable), 250)
})

test('a host with an unmeasured VM is sampled more often until the VM is measured', () => {
  assert.equal(samplePeriodMs(1_000, seen(null, 0), usable), 250)
  assert.equal(samplePeriodMs(1_000, seen(null, 0, 1), usable), 1_000, 'one core is little here')
})

test('a host is never sampled more often than CPU time can tell, and never less often than asked for', () => {
  const full = seen(9_000, 0)
  assert.equal(samplePeriodMs(400, full, usable), 200)
  assert.equal(samplePeriodMs(100, full, usable), 100)
})
