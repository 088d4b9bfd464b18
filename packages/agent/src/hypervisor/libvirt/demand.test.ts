/** What a VM wants of the CPU is read from counters that begin anew whenever it starts or arrives. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { VmId } from '@drover/protocol'
import { cpuMilli, cpuSample } from './demand.ts'

const vm = 'ac02535e-ac84-4f51-be77-1e291ebb7c23' as VmId
const second = 1_000_000_000

const at = (ms: number, id: number, wantedSeconds: number) =>
  cpuSample(ms, ms, [{ vm, id, running: true, wantedNs: wantedSeconds * second, source: '0+', vcpus: 2 }])

test('demand is what the VM used and waited for, per elapsed time', () => {
  // Measured: on half a core, one busy VM ran 4.6 s and waited 5.5 s of 10 s. It wants a whole core, not half of one.
  assert.equal(cpuMilli(at(0, 1, 100), at(10_000, 1, 110.1), vm), 1010)
  assert.equal(cpuMilli(at(0, 1, 100), at(10_000, 1, 100), vm), 0)
})

test('no demand is made up for a VM that is seen for the first time, or gone', () => {
  assert.equal(cpuMilli(null, at(0, 1, 5), vm), null)
  assert.equal(cpuMilli(cpuSample(0, 0, []), at(1000, 1, 5), vm), null)
  assert.equal(cpuMilli(at(0, 1, 5), cpuSample(1000, 1000, []), vm), null)
})

test('a migration or a restart makes the counters start again', () => {
  // A new QEMU has a new number and counts from 0: comparing it with the old one would give nonsense.
  assert.equal(cpuMilli(at(0, 1, 100), at(1000, 2, 101), vm), null)
  // The number may repeat when libvirtd has forgotten it; counters that run backwards tell the truth.
  assert.equal(cpuMilli(at(0, 1, 100), at(1000, 1, 3), vm), null)
})

test('a VM that was paused at either look was not measured', () => {
  const paused = cpuSample(1000, 1000, [
    { vm, id: 1, running: false, wantedNs: 5 * second, source: '0+', vcpus: 2 },
  ])
  assert.equal(cpuMilli(at(0, 1, 4), paused, vm), null)
  assert.equal(cpuMilli(paused, at(2000, 1, 5.1), vm), null)
})

test('two samples of the same instant say nothing', () => {
  assert.equal(cpuMilli(at(5, 1, 1), at(5, 1, 2), vm), null)
})

test('what two incomplete answers say together is nonsense, and no demand', () => {
  // Seen in other systems' reports: libvirt leaves out what it fails to read in /proc, and 2 vCPUs "want" 40,960 cores.
  const hour = 3_600
  const look = (source: string, wantedSeconds: number) =>
    cpuSample(1_150, 1_150, [
      { vm, id: 1, running: true, wantedNs: wantedSeconds * second, source, vcpus: 2 },
    ])
  const whole = cpuSample(0, 0, [
    { vm, id: 1, running: true, wantedNs: 46 * hour * second, source: '0+ 1+', vcpus: 2 },
  ])
  assert.equal(cpuMilli(whole, look('cpu', 60 * hour), vm), null, 'the whole QEMU instead of its vCPUs')
  assert.equal(cpuMilli(whole, look('0 1', 40 * hour), vm), null, 'no waits')
  assert.equal(cpuMilli(whole, look('0+', 23 * hour), vm), null, 'one vCPU only')
  assert.equal(
    cpuMilli(look('0+', 23 * hour), cpuSample(2_300, 2_300, [...whole.counters.values()]), vm),
    null,
  )
  assert.equal(cpuMilli(whole, look('0+ 1+', 46 * hour + 3), vm), null, 'more than two vCPUs can want')
  assert.equal(cpuMilli(whole, look('0+ 1+', 46 * hour + 1.15), vm), 1_000)
})

test('an answer that was long on its way does not shorten the interval', () => {
  // U10: the time was taken after the reply; a slow daemon's second look seemed to come much sooner than it did.
  const counters = (wantedSeconds: number) => [
    { vm, id: 1, running: true, wantedNs: wantedSeconds * second, source: '0+', vcpus: 2 },
  ]
  assert.equal(cpuMilli(cpuSample(0, 900, counters(0)), cpuSample(1_000, 1_010, counters(1)), vm), null)
  assert.equal(cpuMilli(cpuSample(0, 100, counters(0)), cpuSample(1_000, 1_100, counters(1)), vm), 1_000)
})
