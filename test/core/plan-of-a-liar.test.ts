/** A leader with the key, written by hand: what a member does not do for it, however its plan is made (S10). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  type ActionId,
  actionIdOf,
  asHostId,
  asVmId,
  createPeer,
  type Effect,
  type HostSnapshot,
  type Input,
  type Message,
  type Plan,
  type Problem,
  type ProblemVm,
  partitionIdOf,
  type Rule,
  usableOf,
} from '../../packages/protocol/src/index.ts'
import { exampleDecision } from '../../packages/protocol/src/outcome/example.ts'
import { ordinaryHost, ordinaryVm } from '../../packages/protocol/src/testing/observed-vm.ts'
import { nothingRestored, peerInit } from '../../packages/protocol/src/testing/peer-init.ts'

const self = asHostId('self')
const liar = asHostId('liar')
const vm = asVmId('v')
const partition = partitionIdOf(liar, 1, 1)
const description = {
  ...ordinaryHost,
  capacity: { cpuMilli: 8_000, memoryMiB: 8_000 },
  migrationUri: 'qemu+tls://self/system',
}

/** An idle host with one VM, and a plan that takes that VM away; the lie is what its leader makes of both. */
const begun = (
  rules: readonly Rule[],
  lie: (problem: Problem, plan: Plan) => { readonly problem?: object; readonly plan?: Plan },
  reason: 'overload.cpu' | 'operator' | 'drain' = 'overload.cpu',
): string => {
  const peer = createPeer(peerInit(self, { incarnation: 2, rules, restored: nothingRestored }))
  const step = (now: number, input: Input): readonly Effect[] => peer.step(now, input)
  for (let i = 0; i < 2; i++) step(0, { kind: 'described', description })
  step(1, { kind: 'hypervisor', connected: true })
  for (const at of [2, 1_002, 2_002])
    step(at, { kind: 'observed', askedAt: at, vms: [{ ...ordinaryVm, vm, name: 'v' }] })
  step(2_003, { kind: 'jobs', askedAt: 2_003, outgoing: [], incoming: [] })
  let now = 2_010
  const said = (draft: object): readonly Message[] => {
    now += 10
    const message = { incarnation: 1, partition, ...draft } as unknown as Message
    return step(now, { kind: 'received', from: liar, message }).flatMap((effect) =>
      effect.kind === 'send' ? [effect.message] : [],
    )
  }
  const rank = { severity: 0, ageMs: 1, partition }
  const granted = said({ kind: 'reserve', epoch: 0, rank, reason, intent: 'lease' }).find(
    (message) => message.kind === 'granted',
  )
  assert.ok(granted?.kind === 'granted')
  const { epoch, snapshot } = granted
  const { problem, plan } = planFor(snapshot)
  const decision = { ...exampleDecision, id: partition, leader: liar }
  const common = { epoch, epochs: {}, decision, plan, problem }
  const { problem: changed = {}, ...rest } = lie(problem, plan)
  said({ ...common, kind: 'assign', ...rest, problem: { ...problem, ...changed } })
  const words = said({ kind: 'begin', epoch, action: idOf(0) })
  const end = words.find((message) => message.kind === 'ended')
  if (end?.kind !== 'ended') return words.map(({ kind }) => kind).join()
  return end.result.kind === 'done' ? 'done' : `${end.result.code}: ${end.result.detail}`
}

const idOf = (index: number): ActionId => actionIdOf(partition, index)
const move = (index: number, which: string, from = self, to = liar): Plan['actions'][number] => ({
  kind: 'migrate',
  id: idOf(index),
  vm: asVmId(which),
  from,
  to,
  after: [],
})

const planFor = (snapshot: HostSnapshot): { readonly problem: Problem; readonly plan: Plan } => {
  const { cpuMilli, memoryMiB } = usableOf(snapshot)
  const odd = {
    state: 'online',
    limit: [cpuMilli, memoryMiB],
    cpuBaseline: snapshot.cpuBaseline,
    failureDomain: null,
  } as const
  const problem: Problem = {
    dimensions: ['cpuMilli', 'memoryMiB'],
    hosts: [
      { id: self, ...odd },
      { id: liar, ...odd },
    ],
    vms: snapshot.vms.map((one) => ({
      id: one.vm,
      host: self,
      state: 'running',
      wanted: 'running',
      demand: [one.demand.cpuMilli, one.demand.memoryMiB],
      memoryMiB: one.demand.memoryMiB,
      dirtyMiBps: one.dirtyMiBps,
      movable: true,
    })),
    rules: [],
    bandwidthMiBps: 125,
    migrationsOutMax: 1,
    migrationsInMax: 1,
  }
  return { problem, plan: { actions: [move(0, vm)], makespanMs: 1 } }
}

const theirs = (name: string, cpuMilli: number): ProblemVm => ({
  id: asVmId(name),
  host: liar,
  state: 'running',
  wanted: 'running',
  demand: [cpuMilli, 1],
  memoryMiB: 1,
  dirtyMiBps: 0,
  movable: true,
})

test('no VM of an idle host leaves it for a plan that cures nothing', () => {
  assert.match(
    begun([], () => ({})),
    /^plan\.unsound: .*cures nothing/,
  )
  for (const reason of ['operator', 'drain'] as const)
    assert.match(
      begun([], () => ({}), reason),
      /^plan\.unsound: it cures nothing/,
    )
})

test('nor because its leader says that this host is overloaded, or drained, or breaks a rule that it does not know', () => {
  const hosts =
    (changes: object) =>
    ({ hosts }: Problem) => ({
      problem: { hosts: hosts.map((one) => (one.id === self ? { ...one, ...changes } : one)) },
    })
  assert.match(begun([], hosts({ limit: [1, 8_000] })), /^plan\.unsound: this host has less cpuMilli there/)
  assert.match(begun([], hosts({ state: 'draining' })), /^plan\.unsound: this host is online/)
  const rules: readonly Rule[] = [{ kind: 'fence', vms: [vm], hosts: [liar] }]
  assert.match(
    begun([], () => ({ problem: { rules } })),
    /^plan\.unsound: .*cures nothing/,
  )
  assert.equal(
    begun(rules, () => ({ problem: { rules } })),
    'admit',
    'a rule that this host knows',
  )
})

test('a VM that its own host is to keep stays, whatever is cured by its move', () => {
  // The leader is overloaded, and would be less so: its large VM comes here, and the small one goes there.
  const swap = ({ hosts, vms }: Problem) => ({
    problem: {
      hosts: hosts.map((one) => (one.id === liar ? { ...one, limit: [2_000, 8_000] } : one)),
      vms: [...vms, theirs('w', 3_000)],
    },
    plan: { actions: [{ ...move(0, vm), after: [idOf(1)] }, move(1, 'w', liar, self)], makespanMs: 1 },
  })
  assert.equal(begun([], swap), 'admit')
  const fence: Rule = { kind: 'fence', vms: [vm], hosts: [self] }
  assert.match(begun([fence], swap), /^plan\.unsound: fence: v may not be on liar/)
  assert.equal(begun([{ ...fence, weight: 1 }], swap), 'admit', 'a soft rule is a wish')
})

test('a plan that names more in its rules than can be checked soon is refused unread', () => {
  const rules = Array.from({ length: 150 }, () => ({
    kind: 'spread',
    vms: Array.from({ length: 1_000 }, (_, i) => asVmId(`v${i}`)),
  }))
  const before = process.cpuUsage()
  assert.match(
    begun([], () => ({ problem: { rules } })),
    /^plan\.unsound: its rules name 150150 VMs and hosts, more than 16384/,
  )
  const { user, system } = process.cpuUsage(before)
  assert.ok(user + system < 1_000_000, `${user + system} µs`)
})
