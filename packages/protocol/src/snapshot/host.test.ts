/** This host in its agent's eyes: samples come late, VMs come and go, and the ledger never counts one twice or not at all. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { limits } from '../data/config.ts'
import { type ActionId, asVmId } from '../data/ids.ts'
import type { ObservedVm } from '../data/io.ts'
import { ordinaryHost, ordinaryVm } from '../testing/observed-vm.ts'
import {
  agesAt,
  arrive,
  countFailedMigration,
  createHost,
  demandOf,
  depart,
  fixedCode,
  isLookedAtTwice,
  snapshotVm,
  unknownVm,
} from './host.ts'
import { refusal } from './ledger.ts'
import { observe } from './observe.ts'

const observed = (name: string, changes: Partial<ObservedVm> = {}): ObservedVm => ({
  ...ordinaryVm,
  vm: asVmId(name),
  name,
  incarnation: '1',
  cpuMilli: 500,
  dirtyMiBps: null,
  ...changes,
})
const ordinaryDescription = {
  ...ordinaryHost,
  name: 'h',
  capacity: { cpuMilli: 2_000, memoryMiB: 2_048 },
  reserve: { cpuMilli: 400, memoryMiB: 0 },
  cpuBaseline: 'x',
  migrationUri: 'sim://h',
  version: '1',
}
const hostWith = (...vms: ObservedVm[]) => {
  const host = createHost([], false)
  host.description = ordinaryDescription
  observe(host, 0, vms, new Set())
  return host
}
const none = new Set<never>()

test('a VM that is not measured yet counts with its last known demand, or else with all its vCPUs', () => {
  const host = hostWith(observed('a'))
  observe(host, 1, [observed('a', { cpuMilli: null })], none)
  assert.equal(demandOf(host).cpuMilli, 500)
  assert.equal(unknownVm(host, 1), null)
  observe(host, 2, [observed('a'), observed('new', { cpuMilli: null, vcpus: 4 })], none)
  assert.equal(demandOf(host).cpuMilli, 4_500)
  assert.equal(unknownVm(host, 2)?.vm, 'new')
})

test('a last known demand holds for a minute, for this life of the VM', () => {
  const host = hostWith(observed('a'))
  for (let at = 1_000; at <= 60_000; at += 1_000) observe(host, at, [observed('a', { cpuMilli: null })], none)
  assert.equal(unknownVm(host, 60_000), null)
  observe(host, 61_000, [observed('a', { cpuMilli: null })], none)
  assert.equal(unknownVm(host, 61_000)?.vm, 'a')
  observe(host, 63_000, [observed('a')], none)
  assert.equal(unknownVm(host, 63_000), null)
  observe(host, 64_000, [observed('a', { cpuMilli: null, incarnation: '2' })], none)
  assert.equal(unknownVm(host, 64_000)?.vm, 'a', 'started anew, it may want anything')
})

test('what was measured before its hypervisor fell silent grows old in the silence', () => {
  for (const [silentMs, known] of [
    [59_000, true],
    [61_000, false],
  ] as const) {
    const host = hostWith(observed('a'))
    observe(host, 1_000, [observed('a')], none)
    observe(host, 1_000 + silentMs, [observed('a', { cpuMilli: null })], none)
    assert.equal(unknownVm(host, 1_000 + silentMs)?.vm ?? null, known ? null : 'a')
    observe(host, 2_000 + silentMs, [observed('a')], none)
    assert.equal(unknownVm(host, 2_000 + silentMs), null)
  }
})

test('the first look at a host may show none of its VMs: it is seen from the second on, which is asked for at once', () => {
  const host = createHost([], false)
  host.connected = true
  host.description = ordinaryDescription
  assert.equal(observe(host, 0, [], none), true)
  assert.equal(isLookedAtTwice(host), false)
  assert.equal(observe(host, 200, [], none), false)
  assert.equal(isLookedAtTwice(host), true)
})

test('the first look after a long silence tells an average over it: it takes another one, a second later', () => {
  const twice = (silentMs: number, ...looksMs: readonly number[]): readonly boolean[] => {
    const host = hostWith(observed('a'))
    observe(host, 1_000, [observed('a')], none)
    return looksMs.map((ms) => {
      observe(host, 1_000 + silentMs + ms, [observed('a', { cpuMilli: 1_397 })], none)
      return isLookedAtTwice(host)
    })
  }
  const { sampleAgeMsMax, measuredOverMsMin } = limits
  assert.deepEqual(twice(sampleAgeMsMax, 0), [true])
  assert.deepEqual(twice(sampleAgeMsMax + 1, 0, measuredOverMsMin - 1, measuredOverMsMin), [
    false,
    false,
    true,
  ])
})

test('a paused VM counts with its memory; resumed it counts with its old demand, until it has run from one sample to the next', () => {
  const host = hostWith(observed('a'))
  const wanted = (at: number, changes: Partial<ObservedVm>) => {
    observe(host, at, [observed('a', changes)], none)
    return demandOf(host)
  }
  const paused = { state: 'paused', cpuMilli: 0 } as const
  assert.equal(wanted(1_000, paused).cpuMilli, 500, 'looked at twice')
  assert.deepEqual(wanted(1_000, paused), { cpuMilli: 0, memoryMiB: 256 })
  assert.equal(wanted(2_000, { cpuMilli: 20 }).cpuMilli, 500, 'measured over the pause')
  assert.equal(wanted(3_000, { cpuMilli: 420 }).cpuMilli, 420)
})

test('what was measured before a pause grows old in it, until the VM is measured again', () => {
  for (const [pausedMs, known] of [
    [58_000, true],
    [62_000, false],
  ] as const) {
    const host = hostWith(observed('a'))
    observe(host, 1_000, [observed('a', { state: 'paused', cpuMilli: 0 })], none)
    observe(host, 1_000 + pausedMs, [observed('a', { state: 'paused', cpuMilli: 0 })], none)
    assert.equal(unknownVm(host, 1_000 + pausedMs), null, 'a VM that is paused wants nothing')
    observe(host, 2_000 + pausedMs, [observed('a', { cpuMilli: 20 })], none)
    assert.equal(unknownVm(host, 2_000 + pausedMs)?.vm ?? null, known ? null : 'a')
    assert.ok(known || agesAt(host).some((at) => at <= 2_000 + pausedMs))
    observe(host, 3_000 + pausedMs, [observed('a', { cpuMilli: 500 })], none)
    assert.equal(unknownVm(host, 3_000 + pausedMs), null)
    assert.equal(host.vms.get(asVmId('a'))?.lastKnownAt, null)
  }
})

test('a VM that we are moving away counts until it is gone, also while the migration has paused it', () => {
  const host = hostWith(observed('a'))
  const paused = observed('a', { state: 'paused', cpuMilli: 0 })
  const began = { cpuMilli: 480, memoryMiB: 256 }
  observe(host, 1_000, [paused], none, new Map([[asVmId('a'), began]]))
  assert.equal(demandOf(host).cpuMilli, 500)
  const restarted = hostWith()
  observe(restarted, 1_000, [paused], none, new Map([[asVmId('a'), began]]))
  assert.equal(demandOf(restarted).cpuMilli, 480, 'the journal knows what it wanted')
  assert.equal(unknownVm(restarted, 900_000), null)
  observe(host, 2_000, [paused], none)
  observe(host, 3_000, [paused], none)
  assert.equal(demandOf(host).cpuMilli, 0, 'its owner has paused it')
})

test('a copy that waited for its hand-over counts with its promised demand until it has run for a sample', () => {
  const host = hostWith()
  const a = asVmId('a')
  const there = hostWith(observed('a')).vms.get(a)!
  observe(host, 1_000, [observed('a', { state: 'paused', cpuMilli: 0 })], new Set([a]))
  arrive(host, snapshotVm(host, 1_000, there))
  const wanted = (at: number, cpuMilli: number) => {
    observe(host, at, [observed('a', { cpuMilli })], none)
    return demandOf(host).cpuMilli
  }
  assert.deepEqual([wanted(2_000, 0), wanted(3_000, 450)], [500, 450])
})

test('a VM that is promised and seen half-arrived is counted by the promise alone', () => {
  const host = hostWith(observed('a'))
  observe(host, 1, [observed('a'), observed('b', { state: 'paused' })], new Set([asVmId('b')]))
  assert.deepEqual(demandOf(host), { cpuMilli: 500, memoryMiB: 256 })
})

test('labels are taken in when they change, and come along with a VM that arrives', () => {
  const host = hostWith(observed('a'))
  const labelsNow = () => host.vms.get(asVmId('a'))?.labels
  observe(host, 1, [observed('a', { labels: ['gpu'] })], none)
  assert.deepEqual(labelsNow(), ['gpu'])
  const snapshot = snapshotVm(host, 1, host.vms.get(asVmId('a'))!)
  assert.deepEqual(snapshot.labels, ['gpu'])
  observe(host, 2, [observed('a')], none)
  assert.equal(labelsNow(), undefined)
  const other = hostWith()
  arrive(other, snapshot)
  assert.deepEqual(other.vms.get(asVmId('a'))?.labels, ['gpu'])
})

test('a VM that arrived counts at once, also when an older sample does not show it yet', () => {
  const host = hostWith()
  arrive(host, snapshotVm(hostWith(observed('a')), 0, hostWith(observed('a')).vms.get(asVmId('a'))!))
  observe(host, 1, [], none)
  assert.equal(demandOf(host).cpuMilli, 500)
  observe(host, 2, [], none)
  observe(host, 3, [], none)
  assert.equal(demandOf(host).cpuMilli, 0, 'but not for ever')
})

test('a VM that left is credited at once, also when an older sample still shows it', () => {
  const host = hostWith(observed('a'))
  depart(host, asVmId('a'))
  observe(host, 1, [observed('a')], none)
  assert.equal(demandOf(host).cpuMilli, 0)
  observe(host, 2, [observed('a')], none)
  observe(host, 3, [observed('a')], none)
  assert.equal(demandOf(host).cpuMilli, 500, 'it came back')
})

test('promises count before arrivals: a VM that does not fit beside them is refused, with the numbers', () => {
  const host = hostWith(observed('a'))
  const promise = { action: 'p/0' as ActionId, vm: asVmId('b'), demand: { cpuMilli: 800, memoryMiB: 256 } }
  assert.equal(refusal(host, [promise], { cpuMilli: 300, memoryMiB: 256 }), null)
  assert.deepEqual(refusal(host, [promise], { cpuMilli: 301, memoryMiB: 256 }), {
    code: 'capacity.cpu',
    text: 'needs 0.301 cores, 0.3 cores left',
  })
})

test('after one failed migration a VM may be tried again; from the second on it is left alone, longer each time', () => {
  const host = hostWith(observed('a'))
  const vm = () => fixedCode(host, 100, host.vms.get(asVmId('a'))!)
  countFailedMigration(host, asVmId('a'), 100, 1_000)
  assert.equal(vm(), null)
  countFailedMigration(host, asVmId('a'), 100, 1_000)
  assert.equal(vm(), 'vm.quarantined')
  assert.equal(fixedCode(host, 1_100, host.vms.get(asVmId('a'))!), null)
})
