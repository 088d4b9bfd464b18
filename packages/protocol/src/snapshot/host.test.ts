/** This host in its agent's eyes: samples come late, VMs come and go, and the ledger never counts one twice or not at all. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type ActionId, asHostId, asVmId } from '../ids.ts'
import type { ObservedVm } from '../io.ts'
import { arrive, blame, createHost, demandOf, depart, fixedCode, observe, snapshotVm } from './host.ts'
import { refusal } from './ledger.ts'

const observed = (name: string, changes: Partial<ObservedVm> = {}): ObservedVm => ({
  vm: asVmId(name),
  name,
  state: 'running',
  incarnation: '1',
  cpuMilli: 500,
  vcpus: 1,
  memoryMiB: 256,
  dirtyMiBps: null,
  fixed: null,
  diskLocked: false,
  ...changes,
})
const hostWith = (...vms: ObservedVm[]) => {
  const host = createHost([], false)
  host.description = {
    name: 'h',
    location: '',
    capacity: { cpuMilli: 2_000, memoryMiB: 2_048 },
    reserve: { cpuMilli: 400, memoryMiB: 0 },
    cpuBaseline: 'x',
    failureDomain: null,
    migrationUri: 'sim://h',
    version: '1',
  }
  observe(host, 0, vms, new Set())
  return host
}
const none = new Set<never>()

test('a VM that was not measured yet counts what was last known of it; one that just started counts nothing', () => {
  const host = hostWith(observed('a'))
  observe(host, 1, [observed('a', { cpuMilli: null }), observed('new', { cpuMilli: null })], none)
  assert.equal(demandOf(host).cpuMilli, 500)
})

test('a VM that is promised and seen half-arrived is counted by the promise alone', () => {
  const host = hostWith(observed('a'))
  observe(host, 1, [observed('a'), observed('b', { state: 'paused' })], new Set([asVmId('b')]))
  assert.deepEqual(demandOf(host), { cpuMilli: 500, memoryMiB: 256 })
})

test('what arrived counts at once, also when an older sample does not show it yet', () => {
  const host = hostWith()
  arrive(
    host,
    snapshotVm(hostWith(observed('a')), 0, hostWith(observed('a')).vms.get(asVmId('a'))!),
    10_000,
    asHostId('x'),
  )
  observe(host, 1, [], none)
  assert.equal(demandOf(host).cpuMilli, 500)
  observe(host, 2, [], none)
  observe(host, 3, [], none)
  assert.equal(demandOf(host).cpuMilli, 0, 'but not for ever')
})

test('what left is credited at once, also when an older sample still shows it', () => {
  const host = hostWith(observed('a'))
  depart(host, asVmId('a'))
  observe(host, 1, [observed('a')], none)
  assert.equal(demandOf(host).cpuMilli, 0)
  observe(host, 2, [observed('a')], none)
  observe(host, 3, [observed('a')], none)
  assert.equal(demandOf(host).cpuMilli, 500, 'it came back')
})

test('promises count before arrivals: what does not fit beside them is refused, with the numbers', () => {
  const host = hostWith(observed('a'))
  const promise = { action: 'p/0' as ActionId, vm: asVmId('b'), demand: { cpuMilli: 800, memoryMiB: 256 } }
  assert.equal(refusal(host, [promise], { cpuMilli: 300, memoryMiB: 256 }), null)
  assert.deepEqual(refusal(host, [promise], { cpuMilli: 301, memoryMiB: 256 }), {
    code: 'capacity.cpu',
    text: 'needs 301 cpuMilli, 300 left',
  })
})

test('one failed migration is bad luck; from the second on the VM is left alone, ever longer', () => {
  const host = hostWith(observed('a'))
  const vm = () => fixedCode(host, 100, host.vms.get(asVmId('a'))!)
  blame(host, asVmId('a'), 100, 1_000)
  assert.equal(vm(), null)
  blame(host, asVmId('a'), 100, 1_000)
  assert.equal(vm(), 'vm.quarantined')
  assert.equal(fixedCode(host, 1_100, host.vms.get(asVmId('a'))!), null)
})
