/** From snapshots to the problem: what may be filled how far, and which VMs must stay. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { policyOf } from '../data/config.ts'
import { asHostId, asVmId } from '../data/ids.ts'
import type { Need } from '../data/need.ts'
import type { HostSnapshot, VmSnapshot } from '../data/snapshot.ts'
import { vmSnapshot } from '../testing/vm-snapshot.ts'
import { formulate } from './formulate.ts'

const vm = (name: string, cpuMilli: number, changes: Partial<VmSnapshot> = {}): VmSnapshot =>
  vmSnapshot(name, { demand: { cpuMilli, memoryMiB: 100 }, dirtyMiBps: 5, ...changes })
const host = (name: string, vms: VmSnapshot[], changes: Partial<HostSnapshot> = {}): HostSnapshot => ({
  host: asHostId(name),
  name,
  capacity: { cpuMilli: 1_200, memoryMiB: 1_000 },
  reserve: { cpuMilli: 200, memoryMiB: 0 },
  vms,
  promisedIn: { cpuMilli: 0, memoryMiB: 0 },
  draining: false,
  overloaded: false,
  foresees: false,
  cpuBaseline: 'x',
  failureDomain: null,
  rules: [],
  sampleAgeMs: 0,
  ...changes,
})
const need: Need = {
  kind: 'none',
  reason: 'operator',
  since: 0,
  severity: 0,
  wanted: { cpuMilli: 0, memoryMiB: 0 },
  text: '',
}
const policy = policyOf('balanced', { clearPermille: 900 })
const limitsOf = (hosts: HostSnapshot[], target: 'clear' | 'usable') =>
  Object.fromEntries(
    formulate(hosts, asHostId('a'), need, policy, target).hosts.map((one) => [one.id, one.limit[0]]),
  )

test('the overloaded host is brought to the clear mark, the others are not filled above it', () => {
  const hosts = [host('a', [vm('1', 1_100)], { overloaded: true }), host('b', [vm('2', 300)])]
  assert.deepEqual(limitsOf(hosts, 'clear'), { a: 900, b: 900 })
  assert.deepEqual(limitsOf(hosts, 'usable'), { a: 1_000, b: 1_000 })
})

test('a host above the mark that is not overloaded is left as it is', () => {
  assert.deepEqual(limitsOf([host('a', [vm('1', 950)]), host('b', [vm('2', 1_050)])], 'clear'), {
    a: 950,
    b: 1_050,
  })
})

test("the leader knows the labels of its members' VMs", () => {
  const { vms } = formulate(
    [host('a', [vm('1', 100, { labels: ['gpu'] }), vm('2', 100)])],
    asHostId('a'),
    need,
    policy,
    'clear',
  )
  assert.deepEqual(
    vms.map(({ labels }) => labels),
    [['gpu'], undefined],
  )
  assert.ok(!('labels' in vms[1]!))
})

test('room that a host has promised is no longer free', () => {
  const promised = host('a', [], { promisedIn: { cpuMilli: 400, memoryMiB: 0 } })
  assert.deepEqual(limitsOf([promised], 'usable'), { a: 600 })
})

const of = (kind: Need['kind']): Need => ({ ...need, kind, vm: asVmId('1'), to: null, request: '' }) as Need
const resting = vm('1', 500, { cooldownMs: 1_000, movedFrom: asHostId('b') })

test('a resting VM stays, unless its host is in need; and it does not go back where it came from', () => {
  for (const kind of ['overload', 'forecast', 'none'] as const) {
    const free = (changes: Partial<HostSnapshot>) => {
      const hosts = [host('a', [resting], changes), host('b', [])]
      const { vms, rules } = formulate(hosts, asHostId('a'), of(kind), policy, 'clear')
      return [
        vms[0]?.movable,
        rules.map((rule) => rule.kind === 'ban' && `${rule.code} ${rule.hosts.join()}`),
      ]
    }
    assert.deepEqual(free({}), [false, ['vm.cooldown b']])
    assert.deepEqual(free({ overloaded: true }), [true, ['vm.cooldown b']])
    assert.deepEqual(free({ draining: true }), [true, []], 'a drained host is to be empty')
  }
})

test('no cool-down binds an order, a drain or the repair of a rule: neither the VM nor those that make way', () => {
  for (const kind of ['migrate', 'drain', 'rule'] as const) {
    const other = vm('2', 100, { cooldownMs: 1_000, movedFrom: asHostId('a') })
    const hosts = [host('a', [resting]), host('b', [other])]
    const { vms, rules } = formulate(hosts, asHostId('a'), of(kind), policy, 'clear')
    assert.deepEqual(
      vms.map((one) => one.movable),
      [true, true],
    )
    assert.equal(
      rules.some((rule) => rule.code === 'vm.cooldown'),
      false,
      kind,
    )
  }
})

test('rules of all members count, each once, about VMs that are known here', () => {
  const spread = { kind: 'spread', vms: [asVmId('1'), asVmId('2'), asVmId('elsewhere')] } as const
  const problem = formulate(
    [host('a', [vm('1', 1)], { rules: [spread] }), host('b', [vm('2', 1)], { rules: [spread] })],
    asHostId('a'),
    need,
    policy,
    'clear',
  )
  assert.deepEqual(problem.rules, [{ kind: 'spread', vms: ['1', '2'] }])
})

test('a rule that the leader does not have moves no VM of a host that does not have it, and is kept where it asks for no move', () => {
  const drawn = { kind: 'fence', vms: [asVmId('2')], hosts: [asHostId('c')] } as const
  const apart = { kind: 'spread', vms: [asVmId('2'), asVmId('3')] } as const
  const rulesOf = (a: HostSnapshot['rules'], b: HostSnapshot['rules'], c: HostSnapshot['rules']) =>
    formulate(
      [
        host('a', [vm('1', 100)], { rules: a }),
        host('b', [vm('2', 100)], { rules: b }),
        host('c', [vm('3', 100)], { rules: c }),
      ],
      asHostId('a'),
      need,
      policy,
      'clear',
    ).rules
  assert.deepEqual(rulesOf([], [], [drawn]), [])
  assert.deepEqual(rulesOf([], [drawn], []), [drawn], 'its own host says so')
  assert.deepEqual(rulesOf([drawn], [], []), [drawn], 'the leader says so')
  assert.deepEqual(rulesOf([], [], [apart]), [apart], 'nothing breaks it')
})

test('an operator names the destination, or only asks that the VM leaves its host', () => {
  const requirements = (to: string | null): Need => ({
    ...need,
    kind: 'migrate',
    vm: asVmId('1'),
    to: to === null ? null : asHostId(to),
    request: 'r',
  })
  const hosts = [host('a', [vm('1', 1)]), host('b', [])]
  assert.equal(formulate(hosts, asHostId('a'), requirements('b'), policy, 'clear').rules[0]?.kind, 'fence')
  assert.equal(formulate(hosts, asHostId('a'), requirements(null), policy, 'clear').rules[0]?.kind, 'ban')
})

test('a paused copy that a broken migration left behind is load, not a second VM', () => {
  const hosts = [host('a', [vm('1', 0, { state: 'paused' })]), host('b', [vm('1', 500)])]
  const problem = formulate(hosts, asHostId('a'), need, policy, 'usable')
  assert.deepEqual(
    problem.vms.map((one) => one.host),
    ['b'],
  )
  assert.equal(problem.hosts[0]?.limit[1], 900, 'its memory is taken')
  assert.deepEqual(
    problem.rules,
    [{ kind: 'ban', name: 'copy of 1', code: 'vm.present', vms: ['1'], hosts: ['a'] }],
    'its host would not admit the VM',
  )
})

test('a VM that runs on two hosts, or stands twice in what a member says, is load, and no copy of it may move', () => {
  const hosts = [
    host('a', [vm('1', 300), vm('2', 100)]),
    host('b', [vm('1', 200), vm('3', 50), vm('3', 50)]),
    host('c', [vm('4', 0, { state: 'paused' }), vm('4', 0, { state: 'paused' })]),
  ]
  const problem = formulate(hosts, asHostId('a'), need, policy, 'usable')
  assert.deepEqual(
    problem.vms.map((one) => `${one.id} on ${one.host}`),
    ['2 on a', '4 on c'],
  )
  assert.deepEqual(
    problem.hosts.map(({ limit }) => limit),
    [
      [700, 900],
      [700, 700],
      [1_000, 900],
    ],
  )
})
