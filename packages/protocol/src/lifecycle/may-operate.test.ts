/** Which VM may be started, stopped, suspended or resumed, and when: whatever the leader believed. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Rule } from '../../../placement/src/rules/rule.ts'
import type { Assigned } from '../actions/assigned-action.ts'
import { type ActionId, actionIdOf, asHostId, asVmId, partitionIdOf, type VmId } from '../data/ids.ts'
import type { ObservedVm } from '../data/io.ts'
import type { Presence } from '../data/message.ts'
import { createHost } from '../snapshot/host.ts'
import type { Promised } from '../snapshot/ledger.ts'
import { observe } from '../snapshot/observe.ts'
import { ordinaryHost, ordinaryVm } from '../testing/observed-vm.ts'
import { type LifecycleStep, mayOperate, wrongState } from './may-operate.ts'

const self = asHostId('self')
const partition = partitionIdOf(asHostId('leader'), 1, 1)
const id = actionIdOf(partition, 0)
const web = asVmId('web')
const ends = (kind: 'stop' | 'suspend'): LifecycleStep => ({ kind, id, vm: web, after: [], from: self })
const begins = (kind: 'start' | 'resume'): LifecycleStep => ({ kind, id, vm: web, after: [], to: self })

const observed = (changes: Partial<ObservedVm> = {}): ObservedVm => ({
  ...ordinaryVm,
  vm: web,
  name: 'web-1',
  ...changes,
})

interface Situation {
  readonly vms?: readonly ObservedVm[]
  readonly rules?: readonly Rule[]
  readonly managed?: readonly VmId[]
  readonly promises?: readonly Promised[]
  readonly left?: boolean
  readonly draining?: boolean
  /** What the leader says that it wants, mCPU and MiB. */
  readonly demand?: readonly [number, number]
}

const judge = (step: LifecycleStep, of: Situation = {}): string => {
  const host = createHost(of.rules ?? [], of.draining ?? false, new Set(of.managed ?? [web]))
  host.connected = true
  host.description = {
    ...ordinaryHost,
    capacity: { cpuMilli: 1_000, memoryMiB: 1_024 },
  }
  observe(host, 0, of.vms ?? [], new Set())
  const problem = {
    dimensions: ['cpuMilli', 'memoryMiB'],
    vms: [{ id: web, state: 'ready', host: null, demand: of.demand ?? [400, 256] }],
  }
  const assign = { problem, plan: { actions: [step], makespanMs: 0 }, epochs: {} }
  const lease = { assigned: { assign, unsound: null }, incarnations: new Map([[web, 'boot-1']]) }
  const assigned = { lease, assign } as unknown as Assigned
  const closed = { hasLeft: () => of.left ?? false, resultOf: () => null }
  const may = mayOperate(host, assigned, step, of.promises ?? [], closed, self)
  return 'code' in may ? may.code : `${may.name || may.vm} ${may.demand.cpuMilli}/${may.demand.memoryMiB}`
}
const promise = { action: 'x/0' as ActionId, vm: asVmId('db'), demand: { cpuMilli: 700, memoryMiB: 0 } }

test("a VM that was not put in drover's care is neither started, stopped, suspended nor resumed", () => {
  for (const step of [ends('stop'), ends('suspend')])
    assert.equal(judge(step, { vms: [observed()], managed: [] }), 'vm.unmanaged')
  for (const step of [begins('start'), begins('resume')])
    assert.equal(judge(step, { managed: [asVmId('other')] }), 'vm.unmanaged')
})

test('a VM is stopped or suspended where it runs, as the one that the leader saw', () => {
  for (const kind of ['stop', 'suspend'] as const) {
    const after = (changes: Partial<ObservedVm>) => judge(ends(kind), { vms: [observed(changes)] })
    assert.equal(after({}), 'web-1 400/256')
    assert.equal(judge(ends(kind)), 'vm.absent')
    assert.equal(after({ incarnation: 'boot-2' }), 'vm.restarted')
    assert.equal(after({ state: 'paused', pausedBy: 'owner' }), 'vm.not_running')
    assert.equal(after({ fixed: 'vm.job_active' }), 'vm.job_active', 'a backup runs')
    assert.equal(after({ fixed: 'vm.ignored' }), 'vm.ignored')
    assert.equal(after({ fixed: 'dev.local_disk' }), 'web-1 400/256', 'which only forbids to move it')
    const elsewhere = { ...ends(kind), from: asHostId('there') } as LifecycleStep
    assert.equal(judge(elsewhere, { vms: [observed()] }), 'plan.unknown')
  }
})

test('a VM is started or resumed where there is room beside what is used and promised (S9)', () => {
  for (const kind of ['start', 'resume'] as const) {
    const step = begins(kind)
    assert.equal(judge(step), 'web 400/256')
    assert.equal(judge(step, { promises: [promise] }), 'capacity.cpu')
    assert.equal(judge(step, { demand: [100, 2_000] }), 'capacity.mem')
    assert.equal(judge(step, { vms: [observed({ vm: asVmId('db'), cpuMilli: 700 })] }), 'capacity.cpu')
    assert.equal(judge(step, { vms: [observed()] }), 'vm.present')
    assert.equal(judge(step, { draining: true }), 'host.draining')
    const apart: Rule = { kind: 'spread', vms: [web, asVmId('db')] }
    assert.equal(judge(step, { rules: [apart], vms: [observed({ vm: asVmId('db') })] }), 'rule.anti_affinity')
    assert.equal(
      judge(step, { rules: [apart], promises: [{ ...promise, demand: { cpuMilli: 0, memoryMiB: 0 } }] }),
      'rule.anti_affinity',
    )
  }
})

// Its definition may have been left behind: libvirt would start it, a second time.
test('a VM that a migration took away from here is not started here (S1)', () => {
  for (const kind of ['start', 'resume'] as const)
    assert.equal(judge(begins(kind), { left: true }), 'vm.still_defined')
})

test('its hypervisor must show the VM in the one state that the action begins with', () => {
  const codes = (kind: Parameters<typeof wrongState>[0]) =>
    (['running', 'paused', 'outgoing', 'incoming', 'shut', 'saved', 'absent'] as readonly Presence[]).map(
      (seen) => wrongState(kind, seen)?.code ?? 'goes',
    )
  const [busy, gone] = ['vm.job_active', 'vm.absent']
  const stopped = 'vm.not_running'
  assert.deepEqual(codes('start'), ['vm.present', 'vm.present', busy, busy, 'goes', 'vm.saved', gone])
  assert.deepEqual(codes('resume'), ['vm.present', 'vm.present', busy, busy, 'vm.not_saved', 'goes', gone])
  for (const kind of ['stop', 'suspend'] as const)
    assert.deepEqual(codes(kind), ['goes', stopped, busy, busy, stopped, 'vm.saved', gone])
})
