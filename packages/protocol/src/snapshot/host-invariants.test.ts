/**
 * Each assertion on what a host knows is shown to fail on a state that this code never makes. That it makes none is what the
 * stories, swarms and properties show: they run with all assertions on.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { noDemandSums } from '@drover/placement'
import { actionIdOf, asHostId, asVmId, partitionIdOf } from '../data/ids.ts'
import type { ObservedVm } from '../data/io.ts'
import { exampleView } from '../outcome/example.ts'
import { ordinaryVm } from '../testing/observed-vm.ts'
import { believe, believedOf, isUnknown, toldOf } from './belief.ts'
import { createHost, type HostState, type KnownVm } from './host.ts'
import { checkChange, checkKnown, checkMemory, checkSampled, checkWatched } from './host-invariants.ts'
import { checkPromised, type Promised } from './ledger.ts'
import { observe } from './observe.ts'
import { takeSnapshot } from './take.ts'

const v = asVmId('v')
const seen: ObservedVm = {
  ...ordinaryVm,
  vm: v,
  name: 'web',
  incarnation: '1',
  cpuMilli: 500,
  vcpus: 2,
  memoryMiB: 1_024,
  dirtyMiBps: 5,
}
const known: KnownVm = {
  ...seen,
  told: seen,
  unseen: 0,
  demand: { cpuMilli: 500, memoryMiB: 1_024 },
  wantedMilli: 500,
  dirtyMiBps: 5,
  unmeasuredSince: null,
  lastKnownAt: null,
  ran: true,
  demandSums: noDemandSums,
}
const hostWith = (vms: readonly KnownVm[], changes: Partial<HostState> = {}): HostState => {
  const host = createHost([], false)
  host.description = { ...exampleView.description!, capacity: { cpuMilli: 4_000, memoryMiB: 4_096 } }
  for (const vm of vms) host.vms.set(vm.vm, vm)
  return Object.assign(host, changes)
}

test('an impossible belief about a VM fails an assertion', () => {
  const fails = (changes: Partial<KnownVm>, fact: RegExp) =>
    assert.throws(() => checkKnown({ ...known, ...changes }, 1_000), fact)
  checkKnown(known, 1_000)
  fails({ demand: { cpuMilli: Number.NaN, memoryMiB: 1 } }, /what web wants is an amount/)
  fails({ demand: { cpuMilli: 1, memoryMiB: Number.POSITIVE_INFINITY } }, /what web wants is an amount/)
  fails({ dirtyMiBps: -1 }, /what web rewrites of its memory is an amount, not -1/)
  fails({ unseen: 3 }, /stays for 2 samples that do not show it, not for 3/)
  fails({ unmeasuredSince: 1_001 }, /has not been measured since 1001, which is after 1000/)
  fails({ wantedMilli: null }, /it is known that nothing is known of what web wants/)
  fails(
    { wantedMilli: null, unmeasuredSince: 1 },
    /web, of which nothing is known, counts with all its 2 vCPUs/,
  )
})

test('a memory of a VM that is no time, count or host fails an assertion', () => {
  const memory = { failures: 0, quarantinedUntil: 0, restsUntil: 0, movedFrom: null }
  checkMemory(memory)
  assert.throws(() => checkMemory({ ...memory, failures: 0.5 }), /failures are counted: 0.5/)
  assert.throws(() => checkMemory({ ...memory, quarantinedUntil: Number.NaN }), /until some time/)
  assert.throws(() => checkMemory({ ...memory, restsUntil: 1 }), /has come from some host/)
})

test('a VM is here or has left, and each change is seen by all that look', () => {
  const host = hostWith([known])
  checkChange(host, v, true)
  assert.throws(() => checkChange(host, v, false), /v is not here: it has just gone/)
  host.left.set(v, 1)
  assert.throws(() => checkChange(host, v, true), /v has not left: it has just come/)
  assert.throws(() => checkSampled(host, 1), /v has left, and is not here at the same time/)
  assert.throws(() => checkChange(hostWith([known], { steadyS: 1 }), v, true), /time without a change/)
  assert.throws(
    () => checkChange(hostWith([known], { demand: known.demand }), v, true),
    /added up anew with v/,
  )
})

test('a sample leaves every VM under its own id, and counts what late samples may still show', () => {
  const host = hostWith([known])
  checkSampled(host, 1)
  host.left.set(asVmId('gone'), 3)
  assert.throws(() => checkSampled(host, 1), /gone has left, and 3 samples may still show it/)
  const swapped = hostWith([])
  swapped.vms.set(asVmId('other'), known)
  assert.throws(() => checkSampled(swapped, 1), /other is known by its own id, not by that of v/)
})

test('samples come one after the other, and their time is counted once', () => {
  assert.throws(
    () => checkWatched(hostWith([], { sampledAt: 2 }), 1, 0),
    /a sample at 1 comes after that at 2/,
  )
  assert.throws(() => checkWatched(hostWith([]), 1, Number.NaN), /NaN s have passed/)
  assert.throws(() => checkWatched(hostWith([], { steadyS: 2, watchedS: 1 }), 1, 0), /of 1 s, 2 s are not/)
})

test('a promise is given once, for a VM that is not here, and only of what is usable (S9)', () => {
  const [a, b] = [0, 1].map((i) => actionIdOf(partitionIdOf(asHostId('h'), 1, 1), i)) as [never, never]
  const promise = (action: Promised['action'], vm: string, cpuMilli: number): Promised => ({
    action,
    vm: asVmId(vm),
    demand: { cpuMilli, memoryMiB: 0 },
  })
  const host = hostWith([known])
  const usable = 4_000 - exampleView.description!.reserve.cpuMilli
  checkPromised(host, [promise(a, 'x', usable - 500)], a)
  const fails = (promises: readonly Promised[], fact: RegExp) =>
    assert.throws(() => checkPromised(host, promises, a), fact)
  fails([], /is promised once, not 0 times/)
  fails([promise(a, 'x', 1), promise(a, 'y', 1)], /is promised once, not 2 times/)
  fails([promise(a, 'x', 1), promise(b, 'x', 1)], /x is promised once/)
  fails([promise(a, 'v', 1)], /v is promised to come, and not here yet/)
  fails(
    [promise(a, 'x', usable - 499)],
    /500 cpuMilli used and 2501 promised, x included, are no more than 3000/,
  )
  // What its VMs began to want after earlier promises is no fault of this one, which asks for none of it.
  checkPromised(host, [promise(a, 'x', 0), promise(b, 'y', usable)], a)
})

test('a snapshot is of a sample that was taken, and has each VM once', () => {
  const none = { cpuMilli: 0, memoryMiB: 0 }
  const take = (host: HostState, promised = none) =>
    takeSnapshot(host, asHostId('h'), 5, promised, { overloaded: false, foresees: false })
  assert.equal(take(hostWith([known], { sampledAt: 5 }))?.sampleAgeMs, 0)
  assert.throws(() => take(hostWith([known], { sampledAt: 6 })), /the sample of 6 is not from after 5/)
  assert.throws(
    () => take(hostWith([known], { sampledAt: 5 }), { cpuMilli: -1, memoryMiB: 0 }),
    /less than nothing/,
  )
  const twice = hostWith([known], { sampledAt: 5 })
  twice.vms.set(asVmId('w'), known)
  assert.throws(() => take(twice), /v stands once in a snapshot/)
})

test('memory that a sample first tells, and that is not believed yet, is unknown: the host promises nothing', () => {
  // Its memory was never told; its CPU was. Now a sample says more memory than the host has, and waits for a second look.
  const before = { ...known, demand: { cpuMilli: 500, memoryMiB: 0 }, wantedMilli: null }
  const told = toldOf(before, seen, null)
  const settled = { ...believedOf(before, seen, null), cpuMilli: 500 }
  assert.equal(settled.memoryMiB, null)
  const belief = believe(before, seen, told, settled, 1_000, 0, null)
  assert.ok(isUnknown(belief, 1_000))

  const host = hostWith([])
  observe(host, 0, [{ ...seen, memoryMiB: 0 }], new Set())
  observe(host, 1_000, [{ ...seen, memoryMiB: 0 }], new Set())
  observe(host, 2_000, [{ ...seen, memoryMiB: 100_000 }], new Set())
  assert.equal(host.vms.get(v)?.demand.memoryMiB, 0)
  assert.ok(isUnknown(host.vms.get(v)!, 2_000), 'not believed is not known')
})

test('an amount that no machine has counts as not told: other agents would not read it', () => {
  const huge = { ...seen, memoryMiB: 2 ** 33, vcpus: 2 ** 40, cpuMilli: 2 ** 45 }
  assert.deepEqual(toldOf(null, huge, null), { cpuMilli: null, memoryMiB: null, dirtyMiBps: 5 })
})
