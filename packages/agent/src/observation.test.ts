/** What the core is told of its host: capacity, reserve, and why a VM has to stay. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { limits } from '@drover/protocol'
import { defaultReserve, describeHost, observedVms } from './observation.ts'
import { fakeHypervisor, settings, vmSample } from './testing/fakes.ts'

// Hosts of three sizes: a large one, a usual one, and a tiny one of a testbed.
test('the default reserve is a fifth of the CPU and 2 GiB or 5 % of the memory, never more than half', () => {
  assert.deepEqual(defaultReserve({ cpuMilli: 64_000, memoryMiB: 262_144 }), {
    cpuMilli: 12_800,
    memoryMiB: 13_107,
  })
  assert.deepEqual(defaultReserve({ cpuMilli: 8_000, memoryMiB: 16_384 }), {
    cpuMilli: 1_600,
    memoryMiB: 2_048,
  })
  assert.deepEqual(defaultReserve({ cpuMilli: 1_000, memoryMiB: 1_024 }), { cpuMilli: 200, memoryMiB: 512 })
})

// An operator lends only part of a machine to drover, and knows a better address for migrations.
test('configuration overrides what the hypervisor tells, dimension by dimension', () => {
  const { facts } = fakeHypervisor()
  const base = settings()
  const described = describeHost(
    facts,
    settings({
      capacity: { memoryMiB: 8_192 },
      reserve: { cpuMilli: 0 },
      hypervisor: { ...base.hypervisor, migrationUri: 'qemu+tcp://10.0.0.7/system' },
    }),
    '1',
  )
  assert.deepEqual(described.capacity, { cpuMilli: 8_000, memoryMiB: 8_192 })
  assert.deepEqual(described.reserve, { cpuMilli: 0, memoryMiB: 2_048 })
  assert.equal(described.migrationUri, 'qemu+tcp://10.0.0.7/system')
})

// A host's VMs: one with a PCI device, one that its owner pinned, one to be left alone, one that may move.
test('a VM stays for what the hypervisor cannot, then for what its owner does not want', () => {
  const vms = observedVms({
    pressure: null,
    vms: [
      vmSample('d', {}),
      vmSample('a', { migratable: { movable: false, code: 'dev.hostdev' }, settings: { pinned: 'true' } }),
      vmSample('b', { settings: { pinned: 'yes', balance: 'never' } }),
      vmSample('c', { settings: { balance: 'never' }, cpuMilli: null }),
    ],
  })
  assert.deepEqual(
    vms.map((vm) => [vm.vm, vm.fixed]),
    [
      ['a', 'dev.hostdev'],
      ['b', 'vm.pinned'],
      ['c', 'vm.ignored'],
      ['d', null],
    ],
  )
})

// The owner of a database says of its VM that it needs a licence.
test('labels are the words of its metadata, each once and in order; what is too long or too much does not count', () => {
  const said = (text: string) =>
    observedVms({ vms: [vmSample('a', { settings: { labels: text } })], pressure: null })[0]?.labels
  assert.deepEqual(said('license:oracle, gpu  gpu\nblue'), ['blue', 'gpu', 'license:oracle'])
  assert.deepEqual(said(`a ${'x'.repeat(65)}`), ['a'])
  assert.equal(said(Array.from({ length: 40 }, (_, i) => `l${i}`).join(' '))?.length, 16)
  assert.equal(said(' , '), undefined)
  assert.ok(
    !('labels' in (observedVms({ vms: [vmSample('a', {})], pressure: null })[0] ?? assert.fail('no VM'))),
  )
})

// A driver of one's own that calculates: what is no amount is not told, and not zero demand.
test('a number that cannot be an amount counts as unknown', () => {
  const wrong = [-5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 60]
  for (const amount of wrong) {
    const [vm] = observedVms({
      pressure: null,
      vms: [vmSample('a', { cpuMilli: amount, memoryMiB: amount, dirtyMiBps: amount, vcpus: amount })],
    })
    assert.deepEqual([vm?.cpuMilli, vm?.memoryMiB, vm?.dirtyMiBps, vm?.vcpus], [null, 0, null, 0])
  }
})

test('a name or a CPU that no other host would read is clipped', () => {
  const [vm] = observedVms({
    vms: [
      { ...vmSample('web1'), name: `${'n'.repeat(limits.proseCharsMax - 1)}\u{1F600}${'n'.repeat(9_000)}` },
    ],
    pressure: null,
  })
  assert.equal(vm?.name.length, limits.proseCharsMax)
  assert.ok(vm?.name.isWellFormed())
  const facts = { ...fakeHypervisor().facts, cpuBaseline: 'x'.repeat(1_000_000) }
  assert.equal(describeHost(facts, settings(), '1').cpuBaseline.length, limits.textCharsMax)
})

// A property test of the wire found it: "\uFEFFweb1" arrived as "web1", and two hosts disagreed about a name.
test('a byte order mark at the beginning of a VM name does not reach the wire', () => {
  const [vm] = observedVms({
    vms: [{ ...vmSample('web1'), name: '\uFEFF\uFEFFweb1' }],
    pressure: { cpu: 0, memory: 0 },
  })
  assert.equal(vm?.name, 'web1')
})
