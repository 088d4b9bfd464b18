/** A plan that has passed the check is let in by every destination, in whatever order its actions run, as long as the world is as it was. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  type Action,
  asHostId,
  asVmId,
  checkPlan,
  type Plan,
  type Problem,
  planOrder,
  type Rule,
} from '@drover/placement'
import fc from 'fast-check'
import { runs } from '../../../placement/src/testing/effort.ts'
import { createClosedActions } from '../actions/closed-actions.ts'
import { type HostId, partitionIdOf, type VmId } from '../data/ids.ts'
import type { ObservedVm } from '../data/io.ts'
import type { Lease } from '../data/lease.ts'
import type { Assign } from '../data/message.ts'
import { createHost, snapshotVm } from '../snapshot/host.ts'
import { observe } from '../snapshot/observe.ts'
import { emptySnapshot } from '../testing/empty-snapshot.ts'
import { ordinaryHost, ordinaryVm } from '../testing/observed-vm.ts'
import { mayArrive } from './admission.ts'

const partition = partitionIdOf(asHostId('leader'), 1, 1)
const hostIds = ['h0', 'h1', 'h2', 'h3'].map(asHostId)
const vmIds = ['v0', 'v1', 'v2', 'v3', 'v4'].map(asVmId)
const inMax = 2

interface Situation {
  readonly problem: Problem
  /** Where each VM is to be in the end. */
  readonly targets: readonly HostId[]
  /** Which action begins or ends next. */
  readonly choices: readonly number[]
}

const labelOf = (v: number) => (v % 2 === 0 ? { labels: ['even'] } : {})

const rules: fc.Arbitrary<Rule> = fc
  .record({
    kind: fc.constantFrom('spread', 'ban', 'fence', 'labelCapacity'),
    vms: fc.uniqueArray(fc.constantFrom(...vmIds), { minLength: 2, maxLength: 3 }),
    hosts: fc.uniqueArray(fc.constantFrom(...hostIds), { minLength: 1, maxLength: 2 }),
    max: fc.integer({ min: 0, max: 2 }),
    continuous: fc.constantFrom({}, { continuous: false }, { continuous: true }),
  })
  .map(({ kind, vms, hosts, max, continuous }): Rule => {
    if (kind === 'spread') return { kind, vms, ...continuous }
    if (kind === 'labelCapacity') return { kind, label: 'even', max, ...continuous }
    return { kind: kind as 'ban' | 'fence', vms, hosts, ...continuous }
  })

const situations: fc.Arbitrary<Situation> = fc.record({
  problem: fc
    .record({
      homes: fc.array(fc.constantFrom(...hostIds), { minLength: vmIds.length, maxLength: vmIds.length }),
      rules: fc.array(rules, { minLength: 1, maxLength: 3 }),
    })
    .map(
      ({ homes, rules: all }): Problem => ({
        dimensions: ['cpuMilli', 'memoryMiB'],
        hosts: hostIds.map((id) => ({
          id,
          state: 'online',
          limit: [100_000, 100_000],
          cpuBaseline: '',
          failureDomain: null,
        })),
        vms: vmIds.map((id, v) => ({
          id,
          host: homes[v]!,
          state: 'running',
          wanted: 'running',
          demand: [100, 100],
          memoryMiB: 100,
          dirtyMiBps: 0,
          movable: true,
          ...labelOf(v),
        })),
        rules: all,
        bandwidthMiBps: 125,
        migrationsOutMax: 2,
        migrationsInMax: inMax,
      }),
    ),
  targets: fc.array(fc.constantFrom(...hostIds), { minLength: vmIds.length, maxLength: vmIds.length }),
  choices: fc.array(fc.nat(99), { minLength: 60, maxLength: 60 }),
})

const observed = (id: VmId): ObservedVm => ({
  ...ordinaryVm,
  vm: id,
  name: id,
  incarnation: '1',
  cpuMilli: 100,
  memoryMiB: 100,
  ...labelOf(vmIds.indexOf(id)),
})

const hostWith = (vms: readonly VmId[], known: readonly Rule[]) => {
  const host = createHost(known, false)
  host.connected = true
  host.description = {
    ...ordinaryHost,
    name: '',
    capacity: { cpuMilli: 100_000, memoryMiB: 100_000 },
  }
  observe(host, 0, [...vms].sort().map(observed), new Set())
  return host
}

const leaseOf = (problem: Problem, plan: Plan): Lease => ({
  partition,
  epoch: 1,
  leader: asHostId('leader'),
  leaderIncarnation: 1,
  reason: 'operator' as const,
  rank: { severity: 1, ageMs: 0, partition },
  expiresAt: 0,
  grantedAt: 0,
  endsAt: 60_000,
  used: false,
  snapshot: emptySnapshot(asHostId('self')),
  incarnations: new Map(),
  assigned: { assign: { problem, plan } as unknown as Assign, unsound: null },
  executing: true,
})

/** Runs the plan in the order of the choices; what a destination refuses, with its code. */
const refusals = ({ problem, choices }: Situation, plan: Plan): readonly string[] => {
  const refused: string[] = []
  const at = new Map(problem.vms.map((vm) => [vm.id, vm.host!]))
  const done = new Set<string>()
  const running = new Map<string, Action & { readonly kind: 'migrate' }>()
  for (const choice of choices) {
    const ready = plan.actions.filter(
      (action) => !done.has(action.id) && !running.has(action.id) && action.after.every((id) => done.has(id)),
    )
    const into = (host: HostId) => [...running.values()].filter(({ to }) => to === host)
    const beginning = ready.flatMap((action) =>
      action.kind === 'migrate' && into(action.to).length < inMax ? [action] : [],
    )
    const steps = [...beginning, ...running.values()]
    const step = steps[choice % Math.max(1, steps.length)]
    if (step === undefined) break
    if (running.delete(step.id)) {
      done.add(step.id)
      at.set(step.vm, step.to)
      continue
    }
    const there = [...at].flatMap(([vm, host]) => (host === step.to ? [vm] : []))
    const promises = into(step.to).map(({ id, vm }) => ({
      action: id,
      vm,
      demand: { cpuMilli: 100, memoryMiB: 100 },
      ...labelOf(vmIds.indexOf(vm)),
    }))
    const host = hostWith(there, problem.rules)
    const source = hostWith([step.vm], [])
    const arriving = snapshotVm(source, 0, source.vms.get(step.vm)!)
    const refusal = mayArrive(
      host,
      leaseOf(problem, plan),
      promises,
      arriving,
      { partition, epoch: 1, action: step.id },
      createClosedActions([]),
      step.to,
      { now: promises.length, max: inMax },
    )
    if (refusal !== null) refused.push(`${step.id} ${refusal.code}: ${refusal.text}`)
    running.set(step.id, step)
  }
  return refused
}

test('admission lets in every VM of a checked plan, in whatever order the plan is carried out', () => {
  let played = 0
  let broken = 0
  fc.assert(
    fc.property(situations, (situation) => {
      const { problem, targets } = situation
      const moves = problem.vms.flatMap((vm, v) =>
        vm.host === targets[v] ? [] : [{ vm: vm.id, from: vm.host, to: targets[v]! }],
      )
      const planned = planOrder(problem, moves)
      if (planned.kind !== 'plan' || checkPlan(problem, planned.plan).length > 0) return
      played += 1
      assert.deepEqual(refusals(situation, planned.plan), [])
      if (problem.rules.some((rule) => rule.continuous === false) && planned.plan.actions.length > 1)
        broken += 1
    }),
    { numRuns: 3 * runs },
  )
  assert.ok(played > runs / 4 && broken > runs / 20, `${played} plans, ${broken} with rules for the end only`)
})

test('admission notices changes since the plan: a VM that came by another way, a rule that is known here only', () => {
  const [h0, h1] = [hostIds[0]!, hostIds[1]!]
  const [a, b] = [vmIds[0]!, vmIds[1]!]
  const spread: Rule = { kind: 'spread', vms: [a, b], continuous: false }
  const problem: Problem = {
    dimensions: ['cpuMilli', 'memoryMiB'],
    hosts: [],
    vms: [],
    rules: [],
    bandwidthMiBps: 1,
    migrationsOutMax: 1,
    migrationsInMax: 1,
  }
  const plan: Plan = {
    actions: [{ kind: 'migrate', id: `${partition}/0` as never, vm: a, from: h0, to: h1, after: [] }],
    makespanMs: 1,
  }
  const source = hostWith([a], [])
  const arriving = snapshotVm(source, 0, source.vms.get(a)!)
  const code = (host: ReturnType<typeof hostWith>) =>
    mayArrive(
      host,
      leaseOf(problem, plan),
      [],
      arriving,
      { partition, epoch: 1, action: plan.actions[0]!.id },
      createClosedActions([]),
      h1,
      { now: 0, max: 1 },
    )?.code
  assert.equal(code(hostWith([], [spread])), undefined)
  assert.equal(code(hostWith([b], [spread])), 'rule.anti_affinity')
})
