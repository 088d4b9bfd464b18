/** Each check of a run fires on what it is there for, on statuses and a world made by hand. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { asVmId } from '../../../packages/protocol/src/index.ts'
import { simulatedHypervisor } from '../../../packages/sim/src/hypervisor/simulated.ts'
import { createWorld } from '../../../packages/sim/src/hypervisor/world.ts'
import { manualClock } from '../../../packages/sim/src/time/clock.ts'
import { type Run, vmsOn } from '../run.ts'
import { boundsOf, type PromiseCode, promises } from './bounds.ts'
import { missingFrom, remainsOf, type Seen, unrest } from './liveness.ts'
import { createOperator } from './operator.ts'
import { createStarvation, ranMs } from './starvation.ts'
import { startWatch, type Watch } from './watch.ts'

const capacity = { cpuMilli: 4_000, memoryMiB: 8_192 }
const vm = asVmId('web')

const stage = () => {
  const clock = manualClock()
  const world = createWorld({ clock })
  for (const name of ['h1', 'h2']) world.addHost({ name, capacity })
  world.addVm({ vm, name: 'web', host: 'h1', vcpus: 4, memoryMiB: 1_024, cpuMilli: 500 })
  const said: string[] = []
  const run = {
    hosts: [1, 2],
    world,
    vms: [vm],
    say: (text: string) => said.push(text),
  } as unknown as Run
  return { clock, world, run, said }
}

/** As two agents at rest would say it; `changes` to the view of the first. */
const statusesOf = (changes: object = {}, peersConnected = 1): Watch['statuses'] => {
  const view = (host: number) => ({
    able: true,
    troubles: [],
    lease: null,
    migrations: [],
    alarms: [],
    decisions: [],
    members: [{ state: host === 1 ? 'self' : 'alive' }, { state: host === 2 ? 'self' : 'alive' }],
  })
  return new Map([
    [1, { peersConnected, view: { ...view(1), ...changes } }],
    [2, { peersConnected: 1, view: view(2) }],
  ]) as unknown as Watch['statuses']
}

const settling = { action: 'A.1.1/0', vm, direction: 'out', phase: 'settling' }
const leased = { lease: { partition: 'A.1.1' } }

const seenWith = (run: Run, statuses: Watch['statuses'], more: Partial<Seen> = {}): Seen => ({
  run,
  watch: { statuses } as Watch,
  dead: [],
  before: { partitions: new Set(['A.1.1']), doubts: new Set(['A.1.1/0']) },
  ...more,
})

test('two agents at rest keep every promise; each promise is seen to be broken', () => {
  const { run, world } = stage()
  const broken: Readonly<Record<PromiseCode, () => Seen>> = {
    L1: () => seenWith(run, statusesOf(leased)),
    L3: () => {
      world.setCpu(vm, 4_000)
      world.addVm({ vm: asVmId('db'), name: 'db', host: 'h1', vcpus: 1, memoryMiB: 512, cpuMilli: 100 })
      return seenWith(run, statusesOf())
    },
    L4: () => seenWith(run, statusesOf({ members: [{ state: 'self' }, { state: 'suspect' }] })),
    L5: () => seenWith(run, statusesOf({ able: false, troubles: ['journal.lost'] }), { dead: [1] }),
    L6: () => seenWith(run, statusesOf({ migrations: [settling] })),
  }
  for (const code of promises) assert.deepEqual(missingFrom[code](seenWith(run, statusesOf())), [], code)
  assert.deepEqual(unrest(seenWith(run, statusesOf())), [])
  for (const code of promises) {
    const seen = broken[code]()
    assert.deepEqual(
      promises.filter((one) => missingFrom[one](seen).length > 0),
      code === 'L3' ? ['L3'] : [code, ...(promises.indexOf(code) > 1 ? (['L3'] as const) : [])].sort(),
      code,
    )
  }
})

test('an agent that is not heard keeps no promise, and one that is not connected is seen', () => {
  const { run } = stage()
  const silent = seenWith(run, new Map(), { dead: [2] })
  for (const code of ['L1', 'L4', 'L5', 'L6'] as const) assert.ok(missingFrom[code](silent).length > 0, code)
  assert.deepEqual(missingFrom.L4(seenWith(run, statusesOf({}, 0))), ['h1 sees 1 alive, 0 connected, of 1'])
  assert.ok(unrest(silent).length === 2)
})

test('a restarted agent has to report what leaves its host', async () => {
  const { run, world, clock } = stage()
  world.fail({ fault: { kind: 'hang', atPermille: 100 } })
  const hypervisor = simulatedHypervisor(world, 'h1')
  hypervisor.open()
  void hypervisor.migrate({ vm, to: 'sim://h2', handOverPaused: true, bandwidthMiBps: null })
  await clock.advance(5_000)
  assert.deepEqual(missingFrom.L5(seenWith(run, statusesOf(), { dead: [1] })), [
    'h1 does not report that web leaves it',
  ])
  assert.deepEqual(missingFrom.L5(seenWith(run, statusesOf({ migrations: [settling] }), { dead: [1] })), [])
  assert.deepEqual(remainsOf({ statuses: statusesOf({ ...leased, migrations: [settling] }) } as Watch), {
    partitions: new Set(['A.1.1']),
    doubts: new Set(['A.1.1/0']),
  })
  await hypervisor.close()
})

test('the watch tells a VM that an agent lets run twice, and an agent that ended', async () => {
  const { world, clock } = stage()
  const told: string[] = []
  const watch = startWatch({ world, agents: [], capacity, onViolation: (text) => told.push(text) })
  const [source, destination] = ['h1', 'h2'].map((name) => simulatedHypervisor(world, name))
  assert.ok(source !== undefined && destination !== undefined)
  source.open()
  destination.open()
  world.fail({ fault: { kind: 'split' } })
  void source.migrate({ vm, to: 'sim://h2', handOverPaused: true, bandwidthMiBps: null })
  await clock.advance(60_000)
  assert.deepEqual(Object.fromEntries(watch.migrations), { begun: 1, split: 1 })
  // What a hypervisor left behind is for the operator; that an agent let it run is not.
  assert.deepEqual(watch.violations, [])
  await destination.resume(vm)
  await clock.advance(1_000)
  assert.deepEqual(watch.violations, ['S1 web runs on h1 and h2'])
  watch.tell('the agent of h1 ended by itself')
  assert.equal(told.length, 2)
  await watch.close()
  await Promise.all([source.close(), destination.close()])
})

test('the operator acts on an alarm that stands, as docs/operating.md says, and on no other', (context) => {
  const { run, world, said } = stage()
  let now = 0
  context.mock.method(performance, 'now', () => now)
  world.byHand.pause(vm, 'h1')
  const alarm = { code: 'vm.paused_by_migration', vm }
  let statuses = statusesOf({ alarms: [alarm] })
  const operator = createOperator(run, {
    get statuses() {
      return statuses
    },
  } as Watch)
  operator.look()
  now = 19_000
  operator.look()
  assert.equal(world.vm(vm).copies[0]?.state, 'paused')
  now = 21_000
  operator.look()
  assert.equal(world.vm(vm).copies[0]?.state, 'running')
  assert.deepEqual(Object.fromEntries(operator.done), { 'vm.paused_by_migration': 1 })
  assert.match(said[0] ?? '', /web runs nowhere: virsh resume on h1/)
  statuses = statusesOf()
  now = 60_000
  operator.look()
  assert.equal(operator.done.size, 1)
})

test('a copy that is paused is not among the VMs whose load changes', () => {
  const { run, world } = stage()
  assert.deepEqual([vmsOn(run, 1), vmsOn(run, 2)], [[vm], []])
  world.byHand.pause(vm, 'h1')
  assert.deepEqual(vmsOn(run, 1), [])
})

test('every bound is finite, grows with what was measured, and says what it is made of', () => {
  const quick = boundsOf({ startMs: 1_000, cureMs: 1_000 }, 9)
  const slow = boundsOf({ startMs: 2_000, cureMs: 2_000 }, 9)
  for (const code of promises) {
    assert.ok(quick[code].ms > 0 && quick[code].ms < slow[code].ms && quick[code].ms < 200_000, code)
    assert.ok(quick[code].why !== '' && quick[code].what !== '')
  }
})

test('time in which nothing waits for a CPU counts, and never more than has passed', async () => {
  const begun = performance.now()
  const starvation = createStarvation(() => [process.pid])
  await new Promise((resolve) => setTimeout(resolve, 20))
  starvation.look()
  starvation.look()
  assert.ok(starvation.countedMs >= 0 && starvation.countedMs <= performance.now() - begun)
  assert.ok(ranMs(process.pid) > 0 && ranMs(null) === 0)
  assert.match(starvation.words(), /^starved \d+ %$/)
})
