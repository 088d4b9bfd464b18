/**
 * A host works out what it expects once for each state of its own. A new state is: other VMs, other demand, and also
 * another capacity: cores that an operator takes away, or gives back, change what is to come.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { policyOf } from '../data/config.ts'
import { asVmId } from '../data/ids.ts'
import type { HostDescription, ObservedVm } from '../data/io.ts'
import { createHost, type HostState } from '../snapshot/host.ts'
import { observe } from '../snapshot/observe.ts'
import { ordinaryHost, ordinaryVm } from '../testing/observed-vm.ts'
import { createOwnForecast } from './own-forecast.ts'

const description = (cpuMilli: number): HostDescription => ({
  ...ordinaryHost,
  name: 'h1',
  capacity: { cpuMilli, memoryMiB: 32_768 },
  cpuBaseline: 'x',
  migrationUri: 'sim://h1',
  version: '1',
})
const vm = (i: number, cpuMilli: number): ObservedVm => ({
  ...ordinaryVm,
  vm: asVmId(`vm-${i}`),
  name: `vm-${i}`,
  incarnation: '1',
  cpuMilli,
  memoryMiB: 1_024,
  dirtyMiBps: 10,
})

/** Ten VMs that change in turn between 300 and 900, a minute and a half long. */
const watchedHost = (): HostState => {
  const host = createHost([], false)
  host.description = description(7_000)
  for (let s = 0; s <= 90; s++)
    observe(
      host,
      s * 1_000,
      Array.from({ length: 10 }, (_, i) => vm(i, (s + i * 9) % 20 < 10 ? 300 : 900)),
      new Set(),
    )
  return host
}

test('a capacity that shrinks is seen at once, although the VMs are the same', () => {
  const host = watchedHost()
  const look = createOwnForecast(host, policyOf('balanced'))
  const before = look()
  assert.ok(before !== null)
  assert.equal(look(), before, 'worked out once')
  host.description = description(5_000)
  const after = look()
  assert.ok(after !== null && after.outlook.expectedOverloadMs > before.outlook.expectedOverloadMs)
  assert.equal(after.outlook.usableMilli, 5_000)
})

test('a host that must not act early has no forecast; nor has one that has only just begun to watch', () => {
  const off = createOwnForecast(watchedHost(), policyOf('balanced', { forecastGainMsMin: null }))
  assert.equal(off(), null)
  const fresh = createHost([], false)
  fresh.description = description(7_000)
  observe(fresh, 0, [vm(1, 900)], new Set())
  observe(fresh, 1_000, [vm(1, 300)], new Set())
  assert.equal(createOwnForecast(fresh, policyOf('balanced'))(), null)
})
