/** An agent watches its hypervisor: at the start, in a burst of events, while it is slow, away or failing. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Input } from '@drover/protocol'
import { instantOf, monotonicClock } from './clock.ts'
import { HypervisorError } from './hypervisor/hypervisor-port.ts'
import { silentLog } from './log-port.ts'
import { createPoller } from './poller.ts'
import { deferred, fakeHypervisor, settings, until, vmSample } from './testing/fakes.ts'
import { vmId } from './testing/fixtures.ts'

/** `doubts`: the core asks again after being told what the host has. */
const watch = (sampleMs = 60_000, connected = true, doubts = () => false, clock = monotonicClock) => {
  const hypervisor = fakeHypervisor(connected)
  const told: Input[] = []
  const warnings: string[] = []
  const base = settings()
  const poller = createPoller({
    hypervisor,
    clock,
    settings: { ...base, hypervisor: { ...base.hypervisor, sampleMs } },
    version: '1.2.3',
    log: silentLog,
    feed(input) {
      told.push(input)
      if (input.kind === 'described' && doubts()) poller.describe()
    },
    warn: (code) => warnings.push(code),
    sampled() {},
  })
  const kinds = () => told.map((input) => input.kind)
  const count = (kind: Input['kind']) => told.filter((input) => input.kind === kind).length
  return { hypervisor, told, warnings, poller, kinds, count }
}

// An agent starts on a host with two VMs, one of them leaving: facts first, then VMs, then the running jobs.
test('the first look tells all that the core needs before it may grant', async () => {
  const { hypervisor, told, poller, kinds } = watch()
  hypervisor.vms = [vmSample('w', { cpuMilli: 99.6, memoryMiB: 100.2 }), vmSample('v')]
  hypervisor.running = [
    { vm: vmId('w'), direction: 'outgoing', sentMiB: 12.4, memoryMiB: null, vcpus: null },
    { vm: vmId('x'), direction: 'incoming', sentMiB: null, memoryMiB: 512, vcpus: 2 },
  ]
  poller.start()
  await until('it has looked', () => kinds().includes('jobs'))
  poller.stop()
  assert.deepEqual(kinds(), ['hypervisor', 'described', 'observed', 'jobs'])
  const described = told[1]
  assert.ok(described?.kind === 'described')
  assert.deepEqual(described.description.reserve, { cpuMilli: 1_600, memoryMiB: 2_048 })
  assert.equal(described.description.version, '1.2.3')
  assert.equal(described.description.migrationUri, 'fake://alpha')
  const observed = told[2]
  assert.ok(observed?.kind === 'observed')
  assert.deepEqual(
    observed.vms.map((vm) => [vm.vm, vm.cpuMilli, vm.memoryMiB]),
    [
      ['v', 100, 512],
      ['w', 100, 101],
    ],
  )
  assert.deepEqual(told[3], {
    kind: 'jobs',
    askedAt: told[3]?.kind === 'jobs' ? told[3].askedAt : -1,
    outgoing: [{ vm: 'w', sentMiB: 12 }],
    incoming: [{ vm: 'x', memoryMiB: 512, vcpus: 2 }],
  })
})

// A slow hypervisor, and a core that asks again and again: looks never pile up, and the last one begins after the last ask.
test('looks that overlap are merged into one more', async () => {
  const { hypervisor, poller, count } = watch()
  const slow = deferred<void>()
  hypervisor.gate = slow.promise
  poller.start()
  await until('the first look is under way', () => hypervisor.samples === 1)
  for (let i = 0; i < 10; i += 1) poller.look()
  assert.equal(hypervisor.samples, 1)
  slow.resolve()
  await until('the second has ended', () => count('jobs') === 2)
  await new Promise((resolve) => setTimeout(resolve, 10))
  poller.stop()
  assert.equal(hypervisor.samples, 2)
})

// A burst of events, as a migration's end makes it.
test('a burst of changes is one look', async () => {
  const { hypervisor, poller, count } = watch()
  poller.start()
  await until('the first look has ended', () => count('jobs') === 1)
  for (let i = 0; i < 5; i += 1) hypervisor.tell({ kind: 'changed', vm: vmId('v'), what: 'arrived' })
  await until('it has looked again', () => count('jobs') === 2)
  await new Promise((resolve) => setTimeout(resolve, 80))
  poller.stop()
  assert.equal(hypervisor.samples, 2)
})

// A migration ends while a look is under way that still saw the VM: the core must not hear of it after `finished`.
test('a sample from before the end of a migration is dropped', async () => {
  const { hypervisor, told, poller, count } = watch()
  hypervisor.vms = [vmSample('v')]
  const slow = deferred<void>()
  hypervisor.gate = slow.promise
  poller.start()
  await until('the look is under way', () => hypervisor.samples === 1)
  hypervisor.vms = []
  hypervisor.gate = Promise.resolve()
  poller.lookAfresh()
  slow.resolve()
  await until('a fresh look has ended', () => count('jobs') === 1)
  poller.stop()
  assert.deepEqual(
    told.flatMap((input) => (input.kind === 'observed' ? [input.vms] : [])),
    [[]],
  )
})

// A look that takes long, or whose answer waits because the process stands still, shows what was so before.
test('a look is as old as its question', async () => {
  const { hypervisor, told, poller, kinds } = watch()
  const slow = deferred<void>()
  hypervisor.gate = slow.promise
  poller.start()
  await until('it is asked', () => hypervisor.samples === 1)
  const asked = instantOf(monotonicClock)
  await until('time passes', () => instantOf(monotonicClock) > asked + 20)
  slow.resolve()
  await until('it is told', () => kinds().includes('jobs'))
  poller.stop()
  const looks = told.flatMap((input) =>
    input.kind === 'observed' || input.kind === 'jobs' ? [input.askedAt] : [],
  )
  assert.equal(looks.length, 2)
  const [sampleAt = Number.NaN, jobsAt = Number.NaN] = looks
  assert.ok(sampleAt <= asked && jobsAt > asked + 20, `${sampleAt}, ${jobsAt} of ${asked}`)
})

// libvirtd is restarted, and the host has got more memory meanwhile.
test('a lost hypervisor is reported at once, and its facts are read again when it is back', async () => {
  const { hypervisor, told, warnings, poller, count } = watch()
  poller.start()
  await until('it has looked', () => count('jobs') === 1)
  assert.equal(poller.answering, true)
  hypervisor.disconnect('libvirtd went away')
  hypervisor.disconnect('still away')
  assert.deepEqual(told.at(-1), { kind: 'hypervisor', connected: false })
  assert.equal(count('hypervisor'), 2)
  assert.deepEqual(warnings, ['hypervisor.unreachable'])
  poller.look()
  assert.equal(hypervisor.samples, 1)
  hypervisor.facts = { ...hypervisor.facts, capacity: { cpuMilli: 8_000, memoryMiB: 65_536 } }
  hypervisor.connect()
  await until('it has looked again', () => count('jobs') === 2)
  poller.stop()
  assert.equal(count('described'), 2)
  assert.deepEqual(told.at(-4), { kind: 'hypervisor', connected: true })
})

// libvirtd is back and tells once of half the memory: the core is told each answer, and is the one to believe it.
test('the capacity of the host is read again in the same sample, as often as the core asks', async () => {
  const { hypervisor, told, poller, count } = watch(60_000, true, () => count('described') < 3)
  const { facts } = hypervisor
  let asked = 0
  hypervisor.host = async () => ({ ...facts, capacity: { cpuMilli: 8_000, memoryMiB: ++asked } })
  poller.start()
  await until('it has looked', () => count('jobs') === 1)
  poller.stop()
  assert.deepEqual(
    told.flatMap((input) => (input.kind === 'described' ? [input.description.capacity.memoryMiB] : [])),
    [1, 2, 3],
  )
})

// libvirtd is connected but hangs: after two looks in vain the host counts as not answering.
test('a hypervisor that is connected but fails does not count as answering', async () => {
  const { hypervisor, told, poller, count } = watch(5)
  poller.start()
  await until('it has looked', () => count('jobs') > 0)
  hypervisor.failing = new HypervisorError('hypervisor.timeout', 'no answer in 5 s')
  await until('it is told', () => count('hypervisor') === 2)
  assert.deepEqual(told.at(-1), { kind: 'hypervisor', connected: false })
  assert.equal(poller.trouble, 'no answer in 5 s')
  hypervisor.failing = null
  await until('it is told again', () => count('hypervisor') === 3)
  poller.stop()
  assert.equal(poller.trouble, null)
  assert.equal(count('described'), 1, 'nothing about the host has changed')
})

// The agent of a host whose hypervisor is not there yet stays up, and begins when it comes.
test('a hypervisor that comes late is found', async () => {
  const { hypervisor, told, warnings, poller, count } = watch(10, false)
  poller.start()
  assert.deepEqual(warnings, [], 'it may need a moment')
  await until('the operator is told', () => warnings.length > 0)
  assert.deepEqual(told, [{ kind: 'hypervisor', connected: false }])
  hypervisor.connect()
  await until('it has looked', () => count('jobs') > 0)
  poller.stop()
  const looked = count('jobs')
  hypervisor.connect()
  await new Promise((resolve) => setTimeout(resolve, 25))
  assert.equal(count('jobs'), looked, 'a stopped poller looks no more')
  assert.deepEqual(warnings, ['hypervisor.unreachable'], 'told once')
})

test('what cannot be so is said once a minute of each hypervisor, not with each answer', () => {
  let nowMs = 0
  const clock = { ...monotonicClock, now: () => nowMs }
  const { hypervisor, warnings, poller } = watch(60_000, true, () => false, clock)
  poller.start()
  for (let i = 0; i < 1_000; i += 1)
    for (const at of [null, 'qemu+tcp://h2/system'])
      hypervisor.tell({ kind: 'implausible', what: `vcpu.current: ${5_000 + i}`, at })
  for (let i = 0; i < 1_000; i += 1)
    hypervisor.tell({ kind: 'implausible', what: 'a', at: `qemu+tcp://x${i}/system` })
  assert.equal(warnings.length, 64)
  // Those of an earlier minute take no place.
  nowMs = 60_000
  for (const at of [null, null, 'qemu+tcp://later/system'])
    hypervisor.tell({ kind: 'implausible', what: 'a', at })
  poller.stop()
  assert.equal(warnings.length, 66)
  assert.ok(warnings.every((code) => code === 'hypervisor.implausible'))
})
