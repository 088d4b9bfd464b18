/** The last look before a migration begins: at its source, and at its destination, whatever the leader believed. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ActionResult } from '../../../placement/src/problem/plan.ts'
import type { Rule } from '../../../placement/src/rules/rule.ts'
import { assignedAction } from '../actions/assigned-action.ts'
import { createClosedActions } from '../actions/closed-actions.ts'
import { type ActionId, actionIdOf, asHostId, asVmId, type HostId, partitionIdOf } from '../data/ids.ts'
import type { ClosedAction, ObservedVm } from '../data/io.ts'
import type { Lease } from '../data/lease.ts'
import type { Assign } from '../data/message.ts'
import { createHost } from '../snapshot/host.ts'
import { observe } from '../snapshot/observe.ts'
import { emptySnapshot } from '../testing/empty-snapshot.ts'
import { ordinaryHost, ordinaryVm } from '../testing/observed-vm.ts'
import { vmSnapshot } from '../testing/vm-snapshot.ts'
import { mayArrive, mayLeave } from './admission.ts'

const self = asHostId('self')
const partition = partitionIdOf(asHostId('leader'), 1, 1)
const action = actionIdOf(partition, 0)
const migrate = {
  kind: 'migrate',
  id: action,
  vm: asVmId('web'),
  from: self,
  to: asHostId('there'),
  after: [],
} as const
const lease = (changes: Partial<Lease> = {}): Lease => ({
  partition,
  epoch: 4,
  leader: asHostId('leader'),
  leaderIncarnation: 1,
  reason: 'operator' as const,
  rank: { severity: 1, ageMs: 0, partition },
  expiresAt: 0,
  grantedAt: 0,
  endsAt: 60_000,
  used: false,
  snapshot: emptySnapshot(self),
  incarnations: new Map([[asVmId('web'), 'boot-1']]),
  assigned: {
    assign: { plan: { actions: [migrate], makespanMs: 0 }, epochs: { there: 9 } } as unknown as Assign,
    unsound: null,
  },
  executing: true,
  ...changes,
})
const observed = (name: string, changes: Partial<ObservedVm> = {}): ObservedVm => ({
  ...ordinaryVm,
  vm: asVmId(name),
  name,
  ...changes,
})
const hostWith = (vms: ObservedVm[], rules: Rule[] = []) => {
  const host = createHost(rules, false)
  host.connected = true
  host.description = {
    ...ordinaryHost,
    capacity: { cpuMilli: 1_000, memoryMiB: 1_024 },
  }
  observe(host, 0, vms, new Set())
  return host
}
const begin = { kind: 'begin', incarnation: 1, partition, epoch: 4, action } as const
const leaving = (
  vms: ObservedVm[],
  held: Lease | null,
  message: Omit<typeof begin, 'epoch'> & { epoch: number } = begin,
  closed = createClosedActions([]),
) => {
  const assigned = assignedAction(held, message)
  if ('code' in assigned) return assigned.code
  const may = mayLeave(hostWith(vms), assigned, migrate, closed, self, 0)
  return 'code' in may ? may.code : `to epoch ${may.toEpoch}, ${may.paused ? 'paused' : 'running'}`
}

test('a VM leaves under the current lease, by the assigned plan, as the one that the leader saw', () => {
  const web = observed('web')
  assert.equal(leaving([web], lease()), 'to epoch 9, paused')
  assert.equal(leaving([{ ...web, diskLocked: true }], lease()), 'to epoch 9, running')
  assert.equal(leaving([web], null), 'lease.stale')
  assert.equal(leaving([web], lease(), { ...begin, epoch: 3 }), 'lease.stale')
  assert.equal(leaving([web], lease({ assigned: null })), 'plan.unknown')
  assert.equal(leaving([web], lease(), { ...begin, action: 'other/7' as ActionId } as never), 'plan.unknown')
  assert.equal(leaving([], lease()), 'vm.absent')
  assert.equal(leaving([{ ...web, incarnation: 'boot-2' }], lease()), 'vm.restarted')
  assert.equal(leaving([{ ...web, fixed: 'dev.hostdev' }], lease()), 'dev.hostdev')
})

test('a host that is named like a property of every object has the epoch that it was told, or none', () => {
  const to = asHostId('constructor')
  const assigned = assignedAction(lease(), begin)
  assert.ok(!('code' in assigned))
  const may = mayLeave(
    hostWith([observed('web')]),
    assigned,
    { ...migrate, to },
    createClosedActions([]),
    self,
    0,
  )
  assert.equal('code' in may ? may.code : may.toEpoch, 0)
})

test('a VM that the last look did not show still counts, and does not leave', () => {
  const host = hostWith([observed('web')])
  observe(host, 100, [], new Set())
  assert.ok(host.vms.has(asVmId('web')))
  const assigned = assignedAction(lease(), begin)
  assert.ok(!('code' in assigned))
  const may = mayLeave(host, assigned, migrate, createClosedActions([]), self, 100)
  assert.equal('code' in may && may.code, 'vm.absent')
})

// A circle of moves is broken by a third host: the VM comes here first, and leaves again by the same plan.
test('a VM that the same plan has brought here may leave, though no snapshot knows it', () => {
  const comes = actionIdOf(partition, 1)
  const first = { ...migrate, id: comes, from: asHostId('home'), to: self }
  const assign = {
    plan: { actions: [first, migrate], makespanMs: 0 },
    epochs: { there: 9 },
  } as unknown as Assign
  const held = lease({ incarnations: new Map(), assigned: { assign, unsound: null } })
  const after = (result: ActionResult) =>
    leaving(
      [observed('web')],
      held,
      begin,
      createClosedActions([{ action: comes, vm: asVmId('web'), end: 'arrival', result }]),
    )
  assert.equal(leaving([observed('web')], held), 'vm.restarted')
  assert.equal(after({ kind: 'refused', code: 'migration.failed' }), 'vm.restarted')
  assert.equal(after({ kind: 'done' }), 'to epoch 9, paused')
})

const arriving = vmSnapshot('web', { incarnation: 'boot-1', demand: { cpuMilli: 400, memoryMiB: 256 } })
const promise = {
  action: 'p/0' as ActionId,
  vm: asVmId('promised'),
  demand: { cpuMilli: 400, memoryMiB: 256 },
}
const later = actionIdOf(partition, 7)
const arrival = (host = hostWith([]), promises = [promise].slice(0, 0), epoch = 4, of = action) =>
  mayArrive(
    host,
    lease(),
    promises,
    arriving,
    { partition, epoch, action: of },
    createClosedActions([]),
    self,
    {
      now: promises.length,
      max: 2,
    },
  )?.code ?? 'welcome'

test('a VM is admitted where there is room beside used and promised amounts (S9)', () => {
  assert.equal(arrival(), 'welcome')
  assert.equal(arrival(hostWith([observed('a')])), 'welcome')
  assert.equal(
    arrival(hostWith([observed('a')]), [promise]),
    'capacity.cpu',
    'the promise counts before it arrives',
  )
  assert.equal(arrival(hostWith([]), [promise, { ...promise, vm: asVmId('second') }]), 'limit.in')
  assert.equal(arrival(hostWith([]), [], 3), 'lease.stale')
  assert.equal(arrival(hostWith([]), [], 4, later), 'plan.unknown', 'no plan that came here names it')
  assert.equal(arrival(hostWith([observed('web')])), 'vm.present')
  assert.equal(
    arrival(hostWith([]), [{ ...promise, vm: asVmId('web') }]),
    'vm.job_active',
    'promised already',
  )
  const draining = hostWith([])
  draining.draining = true
  assert.equal(arrival(draining), 'host.draining')
})

test('a rule for the end counts a VM that its plan was to take away, once that has come to nothing here (S11)', () => {
  const [leaves, comes] = [actionIdOf(partition, 1), actionIdOf(partition, 2)]
  const move = (id: ActionId, vm: string, from: HostId, to: HostId) =>
    ({ kind: 'migrate', id, vm: asVmId(vm), from, to, after: [] }) as const
  const [there, home] = [asHostId('there'), asHostId('home')]
  const running = (vm: string, host: HostId) => ({ id: asVmId(vm), host, state: 'running' })
  const plan = { actions: [move(leaves, 'a', self, there), move(comes, 'web', home, self)], makespanMs: 0 }
  const problem = { vms: [running('a', self), running('b', there), running('web', home)] }
  const assign = { plan, problem, epochs: {} } as unknown as Assign
  const apart = (vm: string, changes: Partial<Rule> = {}): Rule =>
    ({ kind: 'spread', vms: [asVmId('web'), asVmId(vm)], ...changes }) as Rule
  const asked = (vm: ObservedVm, rule: Rule, ended: readonly ClosedAction[] = []) =>
    mayArrive(
      hostWith([vm], [rule]),
      lease({ assigned: { assign, unsound: null } }),
      [],
      arriving,
      { partition, epoch: 4, action: comes },
      createClosedActions(ended),
      self,
      { now: 0, max: 2 },
    )?.code ?? 'welcome'
  const ended = (result: ActionResult): readonly ClosedAction[] => [
    { action: leaves, vm: asVmId('a'), end: 'departure', result },
  ]
  const [soft, refused] = [apart('a', { continuous: false }), { kind: 'refused', code: 'x' } as const]
  assert.equal(asked(observed('a'), apart('a')), 'rule.anti_affinity')
  assert.equal(asked(observed('a'), soft), 'welcome')
  assert.equal(asked(observed('a'), soft, ended({ kind: 'done' })), 'welcome')
  assert.equal(asked(observed('a'), soft, ended(refused)), 'rule.anti_affinity')
  // `b` runs elsewhere: here is a copy that a migration has left, or one that its owner has paused.
  const copy = (pausedBy: ObservedVm['pausedBy']) =>
    ({ ...observed('b'), state: 'paused', pausedBy }) as const
  assert.equal(asked(copy('migration'), apart('b')), 'welcome')
  assert.equal(asked(copy('owner'), apart('b')), 'rule.anti_affinity')
})

test("the destination's own rules are asked last of all, promised VMs included (S11)", () => {
  const apart: Rule = { kind: 'spread', vms: [asVmId('web'), asVmId('promised'), asVmId('a')] }
  assert.equal(arrival(hostWith([observed('b')], [apart])), 'welcome')
  assert.equal(arrival(hostWith([observed('a')], [apart])), 'rule.anti_affinity')
  assert.equal(arrival(hostWith([], [apart]), [promise]), 'rule.anti_affinity')
  assert.equal(
    arrival(hostWith([], [{ kind: 'ban', vms: [asVmId('web')], hosts: [self] }])),
    'rule.host_group',
  )
  assert.equal(
    arrival(hostWith([], [{ kind: 'ban', vms: [asVmId('web')], hosts: [self], weight: 3 }])),
    'welcome',
    'soft',
  )
})
