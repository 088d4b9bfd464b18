/** One wrong answer of a hypervisor changes nothing that is believed; what two samples in a row show is believed at the second. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { demandStatsOf } from '@drover/placement'
import fc from 'fast-check'
import { runs } from '../../../placement/src/testing/effort.ts'
import { asVmId } from '../data/ids.ts'
import type { ObservedVm } from '../data/io.ts'
import { ordinaryHost, ordinaryVm } from '../testing/observed-vm.ts'
import { createHost, demandOf, dirtyMiBpsOf, unknownVm } from './host.ts'
import { observe } from './observe.ts'

const observed = (name: string, changes: Partial<ObservedVm> = {}): ObservedVm => ({
  ...ordinaryVm,
  vm: asVmId(name),
  name,
  incarnation: '1',
  cpuMilli: 800,
  vcpus: 8,
  memoryMiB: 1_024,
  dirtyMiBps: 10,
  ...changes,
})
const names = ['a', 'b', 'c', 'd', 'e', 'f']

/** Six VMs that want 4,800 of 8,000, looked at every second for a minute. */
const steady = () => {
  const host = createHost([], false)
  host.description = {
    ...ordinaryHost,
    name: 'h',
    capacity: { cpuMilli: 8_000, memoryMiB: 32_768 },
    cpuBaseline: 'x',
    migrationUri: 'sim://h',
    version: '1',
  }
  let now = 0
  const see = (changes: Readonly<Record<string, Partial<ObservedVm>>> = {}) => {
    now += 1_000
    return observe(
      host,
      now,
      names.map((name) => observed(name, changes[name])),
      new Set(),
    )
  }
  for (let i = 0; i < 60; i++) see()
  const vm = (name: string) => host.vms.get(asVmId(name))!
  const cpu = (name = 'a') => vm(name).demand.cpuMilli
  return { host, see, vm, cpu, unknown: () => unknownVm(host, now) }
}
const all = (changes: Partial<ObservedVm>) => Object.fromEntries(names.map((name) => [name, changes]))

test('a jump of demand counts at the second sample, which is asked for at once', () => {
  const { see, cpu } = steady()
  assert.equal(see({ a: { cpuMilli: 2_600 } }), true)
  assert.equal(cpu(), 800)
  assert.equal(see({ a: { cpuMilli: 2_600 } }), false)
  assert.equal(cpu(), 2_600)
})

test('of two surprising samples the one nearer to the belief counts; a rise is followed one sample behind', () => {
  const { see, cpu } = steady()
  const seen = [1_600, 2_400, 3_200, 3_200, 3_250].map((cpuMilli) => {
    see({ a: { cpuMilli } })
    return cpu()
  })
  assert.deepEqual(seen, [800, 1_600, 2_400, 3_200, 3_250])
})

test('one sample up and the next one down do not confirm each other', () => {
  const { see, cpu } = steady()
  see({ a: { cpuMilli: 6_000 } })
  see({ a: { cpuMilli: 0 } })
  assert.equal(cpu(), 800)
})

test('two VMs that are misread one after the other do not confirm each other', () => {
  const { host, see } = steady()
  see({ a: { cpuMilli: 6_000 } })
  see({ b: { cpuMilli: 6_000 } })
  assert.equal(demandOf(host).cpuMilli, 4_800)
})

test('a clock error that makes all VMs a little smaller, or larger, is surprising, too', () => {
  for (const cpuMilli of [640, 960]) {
    const { host, see } = steady()
    see(all({ cpuMilli }))
    assert.equal(demandOf(host).cpuMilli, 4_800)
    see()
    assert.equal(demandOf(host).cpuMilli, 4_800)
  }
})

test('a small step that begins an overload is sampled twice', () => {
  const { host, see } = steady()
  const nearly = { b: { cpuMilli: 3_990 } }
  see(nearly)
  see(nearly)
  assert.equal(demandOf(host).cpuMilli, 7_990)
  see({ ...nearly, a: { cpuMilli: 820 } })
  assert.equal(demandOf(host).cpuMilli, 7_990)
  see({ ...nearly, a: { cpuMilli: 820 } })
  assert.equal(demandOf(host).cpuMilli, 8_010)
})

test('demand that jumps all the time is not sampled without end', () => {
  const { host } = steady()
  let asked = 0
  for (let at = 61_000; at < 71_000; at += 100)
    if (
      observe(
        host,
        at,
        names.map((name) => observed(name, { cpuMilli: (at / 100) % 2 === 0 ? 0 : 3_000 })),
        new Set(),
      )
    )
      asked += 1
  assert.ok(asked <= 50, `${asked} in 10 s`)
})

test('an impossible value counts as not measured: more than all vCPUs, less than nothing, no number, no memory', () => {
  const { see, vm, unknown } = steady()
  const nonsense: readonly Partial<ObservedVm>[] = [
    { cpuMilli: 40_960_589 },
    { cpuMilli: 5_000, vcpus: 2 },
    { cpuMilli: -1 },
    { cpuMilli: Number.NaN },
    { cpuMilli: Number.POSITIVE_INFINITY },
    { memoryMiB: 0 },
    { memoryMiB: Number.NaN },
    { dirtyMiBps: 1_000_000 },
    { dirtyMiBps: Number.NaN },
  ]
  for (const wrong of nonsense)
    for (let i = 0; i < 10; i++) {
      see({ a: wrong })
      assert.deepEqual(vm('a').demand, { cpuMilli: 800, memoryMiB: 1_024 }, JSON.stringify(wrong))
      assert.equal(dirtyMiBpsOf(vm('a')), 10)
    }
  assert.equal(unknown(), null)
})

test('a VM whose vCPUs are not told has those of the last sample', () => {
  const { see, cpu } = steady()
  for (let i = 0; i < 2; i++) see({ a: { vcpus: 0, cpuMilli: 2_000 } })
  assert.equal(cpu(), 2_000)
})

test('a VM without memory in its first sample is unknown, whatever else the sample tells', () => {
  const { host, see } = steady()
  const started = (changes: Partial<ObservedVm>) => observed('new', { incarnation: '2', ...changes })
  const look = (at: number, changes: Partial<ObservedVm>) =>
    observe(host, at, [...names.map((name) => observed(name)), started(changes)], new Set())
  see()
  look(100_000, { memoryMiB: 0 })
  assert.equal(unknownVm(host, 100_000)?.vm, 'new')
  look(101_000, {})
  assert.equal(unknownVm(host, 101_000), null)
})

test('a measurement a little above all vCPUs is that of a busy VM', () => {
  const { see, cpu } = steady()
  for (let i = 0; i < 2; i++) see({ a: { vcpus: 2, cpuMilli: 2_010 } })
  assert.equal(cpu(), 2_000)
})

test('no single sample, whatever it says, changes what is believed or expected of any VM', () => {
  const amount = fc.oneof(fc.integer({ min: -10, max: 50_000_000 }), fc.constantFrom(Number.NaN, 0, 8_000))
  const wrong = fc.record({
    cpuMilli: fc.option(amount),
    memoryMiB: amount,
    dirtyMiBps: fc.option(amount),
    vcpus: fc.constantFrom(8, 0),
  })
  fc.assert(
    fc.property(fc.dictionary(fc.constantFrom(...names), wrong), (changes) => {
      const { host, see, vm, unknown } = steady()
      const beliefs = () => names.map((name) => [vm(name).demand, dirtyMiBpsOf(vm(name))])
      const before = beliefs()
      see(changes)
      const surprised = host.doubt !== null
      if (surprised) assert.deepEqual(beliefs(), before)
      see()
      assert.deepEqual(beliefs(), before)
      assert.equal(unknown(), null)
      if (surprised) assert.equal(demandStatsOf(vm('a').demandSums).deviationMilli, 0)
    }),
    { numRuns: runs },
  )
})

test('a sample that lacks VMs frees nothing; what two in a row lack is gone', () => {
  const { host, vm } = steady()
  const wanted = () => demandOf(host).cpuMilli
  const look = (shown: readonly string[]) => {
    const vms = shown.map((name) => observed(name))
    observe(host, host.sampledAt! + 1_000, vms, new Set())
    return wanted()
  }
  const without = names.filter((name) => name !== 'c')
  assert.deepEqual([look([]), look(names), look(without), look(names)], [4_800, 4_800, 4_800, 4_800])
  assert.equal(vm('c').unseen, 1)
  assert.deepEqual([look(without), look(without), look([]), look([])], [4_800, 4_000, 4_000, 0])
  assert.equal(host.vms.size, 0)
})

test('a VM that is to come is not kept beside its promise because it was here before', () => {
  const { host } = steady()
  observe(host, host.sampledAt! + 1_000, [], new Set([asVmId('a')]))
  assert.deepEqual([...host.vms.keys()], ['b', 'c', 'd', 'e', 'f'])
})
