// A data centre is drawn from its seed: the same one each time, crowded but nowhere overloaded; and a host can be
// made busy, and quiet again.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createWorld, type World } from '../hypervisor/world.ts'
import { randomOf } from '../random.ts'
import { manualClock } from '../time/clock.ts'
import { type LayoutOptions, layoutOf } from './layout.ts'
import { createWorkload } from './load-changes.ts'

const options: LayoutOptions = {
  hosts: 10,
  vmsPerHost: 8,
  seed: 4,
  capacity: { cpuMilli: 8_000, memoryMiB: 32_768 },
  reserve: { cpuMilli: 1_000, memoryMiB: 2_048 },
  loadPermille: 600,
}
const usable = () => ({ cpuMilli: 7_000, memoryMiB: 30_720 })
const built = (): World => {
  const world = createWorld({ clock: manualClock() })
  const layout = layoutOf(options)
  for (const host of layout.hosts) world.addHost(host)
  for (const vm of layout.vms) world.addVm(vm)
  return world
}

test('the same seed draws the same, another seed another', () => {
  const names = (changes: Partial<LayoutOptions> = {}) =>
    layoutOf({ ...options, ...changes }).vms.map((vm) => [vm.vm, vm.name, vm.host, vm.memoryMiB, vm.cpuMilli])
  assert.deepEqual(names(), names())
  assert.notDeepEqual(names(), names({ seed: 5 }))
  assert.equal(new Set(names().map(([id]) => id)).size, 80)
  // What one host gets does not hang on how many others there are.
  assert.deepEqual(names({ hosts: 4 }), names().slice(0, 32))
})

test('hosts differ, about as loaded as asked, and none is overloaded; the ring’s order is that of the names', () => {
  const loads = built()
    .hosts()
    .map((host) => host.demand.cpuMilli)
  assert.ok(loads.every((load) => load < 5_950))
  const mean = loads.reduce((a, b) => a + b, 0) / loads.length
  assert.ok(Math.abs(mean - 4_200) < 400, `${mean}`)
  const { hosts } = layoutOf({ ...options, hosts: 128 })
  const byLocation = [...hosts].sort((a, b) => (a.location < b.location ? -1 : 1))
  assert.deepEqual(
    byLocation.map((host) => host.name),
    hosts.map((host) => host.name),
  )
})

test('an overload is as great as asked, made by few VMs, and can be taken back', () => {
  const world = built()
  const before = world.host('h05').demand
  const workload = createWorkload(world, usable, randomOf(1, 'overload'))
  const grown = workload.overload('h05', { toPermille: 1_200, vms: 2 })
  assert.ok(grown.length >= 2 && grown.length <= 3)
  assert.ok(Math.abs(world.host('h05').demand.cpuMilli - 8_400) <= 8)
  assert.throws(() => workload.overload('h05', { toPermille: 9_000 }), RangeError)
  workload.relax('h05')
  assert.deepEqual(world.host('h05').demand, before)
})
