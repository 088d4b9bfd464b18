// What a leader makes of a host's snapshot passes at that host, whatever the host is like; a problem that says more of it does not.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Problem } from '@drover/placement'
import fc from 'fast-check'
import { noDemandStats } from '../../../placement/src/forecast/demand-history.ts'
import { runs } from '../../../placement/src/testing/effort.ts'
import { policyOf } from '../data/config.ts'
import { asHostId, asVmId } from '../data/ids.ts'
import type { Need } from '../data/need.ts'
import type { HostSnapshot, VmSnapshot } from '../data/snapshot.ts'
import { formulate } from '../snapshot/formulate.ts'
import { emptySnapshot } from '../testing/empty-snapshot.ts'
import { vmSnapshot } from '../testing/vm-snapshot.ts'
import { problemFault } from './problem-fault.ts'

const names = ['a', 'b', 'c'] as const
const amounts = (cpuMax: number) =>
  fc.record({ cpuMilli: fc.nat({ max: cpuMax }), memoryMiB: fc.nat({ max: 4_000 }) })

/** Few names: the same VM may be on several hosts. */
const vmOf = fc.record({
  vm: fc.constantFrom('1', '2', '3', '4', '5', '6').map(asVmId),
  state: fc.constantFrom('running', 'paused'),
  demand: amounts(3_000),
  dirtyMiBps: fc.nat({ max: 100 }),
  fixed: fc.constantFrom(null, 'dev.hostdev'),
  cooldownMs: fc.constantFrom(0, 1_000),
  movedFrom: fc.constantFrom(null, ...names.map((name) => asHostId(name))),
})
const snapshotOf = fc.record({
  vms: fc.uniqueArray(vmOf, { selector: ({ vm }) => vm, maxLength: 5 }),
  capacity: amounts(8_000),
  reserve: amounts(1_000),
  promisedIn: amounts(2_000),
  draining: fc.boolean(),
  overloaded: fc.boolean(),
  foresees: fc.boolean(),
})
const needOf = (kind: 'overload' | 'drain' | 'none'): Need =>
  ({
    kind,
    reason: kind === 'none' ? 'operator' : kind === 'drain' ? 'drain' : 'overload.cpu',
    since: 0,
    severity: 0,
    wanted: { cpuMilli: 0, memoryMiB: 0 },
    text: '',
  }) as Need

const frozen = (name: string, { vms, ...changes }: Partial<HostSnapshot> = {}): HostSnapshot => ({
  ...emptySnapshot(asHostId(name)),
  ...changes,
  vms: (vms ?? []).map((vm) => ({
    ...vm,
    name: String(vm.vm),
    incarnation: '1',
    demandStats: noDemandStats,
  })),
})

test('each member finds itself in the problem that is made of its snapshot', () => {
  fc.assert(
    fc.property(
      fc.array(snapshotOf, { minLength: 2, maxLength: 3 }),
      fc.constantFrom('overload' as const, 'drain' as const, 'none' as const),
      fc.constantFrom('clear' as const, 'usable' as const),
      (all, need, target) => {
        const snapshots = all.map((one, i) =>
          frozen(names[i] ?? 'a', one as unknown as Partial<HostSnapshot>),
        )
        const problem = formulate(snapshots, asHostId('a'), needOf(need), policyOf('balanced'), target)
        for (const one of snapshots) assert.equal(problemFault(problem, one), null)
      },
    ),
    { numRuns: runs },
  )
})

const vm = (name: string, cpuMilli: number, changes: Partial<VmSnapshot> = {}): VmSnapshot =>
  vmSnapshot(name, { demand: { cpuMilli, memoryMiB: 100 }, dirtyMiBps: 5, ...changes })
const capacity = { cpuMilli: 8_000, memoryMiB: 8_000 }
const own = frozen('b', {
  capacity,
  promisedIn: { cpuMilli: 1_000, memoryMiB: 0 },
  vms: [vm('1', 3_000), vm('2', 500, { fixed: 'dev.hostdev' })],
})

const lied = (lie: (problem: Problem) => Partial<Problem>, snapshot = own): string | null => {
  const problem = formulate(
    [frozen('a', { capacity }), snapshot],
    asHostId('a'),
    needOf('overload'),
    policyOf('balanced'),
    'usable',
  )
  assert.equal(problemFault(problem, snapshot), null)
  return problemFault({ ...problem, ...lie(problem) }, snapshot)
}
const host = (changes: Partial<Problem['hosts'][number]>) => (problem: Problem) => ({
  hosts: problem.hosts.map((one) => (one.id === own.host ? { ...one, ...changes } : one)),
})
const vms = (id: string, changes: Partial<Problem['vms'][number]>) => (problem: Problem) => ({
  vms: problem.vms.map((one) => (one.id === asVmId(id) ? { ...one, ...changes } : one)),
})

test('a problem that says something else of this host is no ground for a plan', () => {
  assert.equal(
    lied(({ hosts }) => ({ hosts: hosts.slice(0, 1) })),
    'this host is not in the problem',
  )
  assert.equal(
    lied(host({ limit: [7_001, 8_000] })),
    'this host has more cpuMilli there than the 7000 that it has',
  )
  assert.equal(lied(host({ limit: [6_000, 8_000] })), null, 'less is no danger')
  assert.equal(lied(host({ cpuBaseline: 'z80' })), 'this host has another CPU there, z80')
  assert.equal(
    lied(host({ state: 'online' }), { ...own, draining: true }),
    'this host is being drained, and takes in VMs there',
  )
  assert.equal(lied(host({ state: 'draining' })), 'this host is online, and draining there')
  assert.equal(
    lied(host({ limit: [1, 8_000] })),
    'this host has less cpuMilli there than the 2500 that its VMs have',
  )
  const overloaded = { ...own, overloaded: true, vms: [vm('1', 9_000), vm('2', 500)] }
  assert.equal(
    lied(host({ limit: [1, 8_000] }), overloaded),
    null,
    'how far it is to be filled its leader says',
  )
  assert.equal(lied(vms('1', { memoryMiB: 101 })), '1 has 100 MiB and rewrites 5 MiB/s, and not so there')
  assert.equal(lied(vms('1', { dirtyMiBps: 6 })), '1 has 100 MiB and rewrites 5 MiB/s, and not so there')
  assert.equal(lied(vms('1', { labels: ['web'] })), '1 has other labels there')
  assert.equal(lied(vms('1', { demand: [1, 100] })), '1 wants 3000 cpuMilli, and 1 there')
  assert.equal(lied(vms('2', { movable: true })), '2 must stay (dev.hostdev), and may leave there')
  assert.equal(
    lied(vms('1', { host: asHostId('a') })),
    'this host has more cpuMilli there than the 4000 that it has',
  )
  const foreign = (problem: Problem) => ({
    vms: problem.vms.map((one) => ({ ...one, id: asVmId(`${one.id}x`) })),
  })
  assert.equal(lied(foreign), '1x is here in the problem, and not on this host')
  assert.equal(
    lied(() => ({ dimensions: ['cpuMilli'] })),
    'there is no memoryMiB in the problem',
  )
})
