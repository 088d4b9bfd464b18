/**
 * A plan that was made from snapshots and has passed the check fits the ledger of every destination, in whatever order its
 * actions run, as long as the hosts are as they were. Otherwise a plan is doomed when it is assigned.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Action, asHostId, asVmId, checkPlan, type Plan, planOrder, solve } from '@drover/placement'
import fc from 'fast-check'
import { runs } from '../../../placement/src/testing/effort.ts'
import { policyOf } from '../data/config.ts'
import type { HostId, VmId } from '../data/ids.ts'
import type { ObservedVm } from '../data/io.ts'
import type { Need } from '../data/need.ts'
import { exampleView } from '../outcome/example.ts'
import { ordinaryVm } from '../testing/observed-vm.ts'
import { formulate, type Target } from './formulate.ts'
import { createHost, type HostState } from './host.ts'
import { type Promised, refusal } from './ledger.ts'
import { observe } from './observe.ts'
import { takeSnapshot } from './take.ts'

const policy = policyOf('balanced', { migrationsInMax: 2, migrationsOutMax: 2 })
const none = { cpuMilli: 0, memoryMiB: 0 }
const hostIds = ['h0', 'h1', 'h2'].map(asHostId)

interface Vm {
  readonly at: number
  readonly cpuMilli: number
  readonly memoryMiB: number
}

const situations = fc.record({
  /** 1,000 of each are usable: now and then a host has more demand than that. */
  vms: fc.array(
    fc.record({ at: fc.nat(2), cpuMilli: fc.nat(600), memoryMiB: fc.integer({ min: 1, max: 600 }) }),
    { minLength: 3, maxLength: 8 },
  ),
  /** Whether the detector of the leader says so, too; the others have just come above what is usable. */
  overloaded: fc.boolean(),
  draining: fc.boolean(),
  target: fc.constantFrom<Target>('clear', 'usable'),
  wanted: fc.array(fc.nat(2), { minLength: 8, maxLength: 8 }),
  choices: fc.array(fc.nat(99), { minLength: 40, maxLength: 40 }),
})

const seen = ({ cpuMilli, memoryMiB }: Vm, i: number): ObservedVm => ({
  ...ordinaryVm,
  vm: asVmId(`v${i}`),
  name: `v${i}`,
  incarnation: '1',
  cpuMilli,
  memoryMiB,
})

const hostWith = (here: readonly ObservedVm[], draining = false): HostState => {
  const host = createHost([], draining)
  host.connected = true
  const capacity = { cpuMilli: 1_000, memoryMiB: 1_000 }
  host.description = { ...exampleView.description!, capacity, reserve: none }
  // The second look at the same amounts is believed.
  for (const at of [0, 1_000]) observe(host, at, here, new Set())
  return host
}

/** Runs the plan in the order of the choices; what the ledgers refuse. */
const refusals = (
  all: readonly ObservedVm[],
  at: Map<VmId, HostId>,
  plan: Plan,
  choices: readonly number[],
) => {
  const refused: string[] = []
  const done = new Set<string>()
  const running = new Map<string, Action & { readonly kind: 'migrate' }>()
  for (const choice of choices) {
    const ready = plan.actions.flatMap((action) =>
      action.kind === 'migrate' &&
      !done.has(action.id) &&
      !running.has(action.id) &&
      action.after.every((id) => done.has(id))
        ? [action]
        : [],
    )
    const steps = [...ready, ...running.values()]
    const step = steps[choice % Math.max(1, steps.length)]
    if (step === undefined) break
    if (running.delete(step.id)) {
      done.add(step.id)
      at.set(step.vm, step.to)
      continue
    }
    const amountOf = (vm: VmId) => all.find((one) => one.vm === vm)!
    const demandOf = (vm: VmId) => ({
      cpuMilli: amountOf(vm).cpuMilli ?? 0,
      memoryMiB: amountOf(vm).memoryMiB,
    })
    const promises: readonly Promised[] = [...running.values()]
      .filter(({ to }) => to === step.to)
      .map(({ id, vm }) => ({ action: id, vm, demand: demandOf(vm) }))
    const there = hostWith(all.filter(({ vm }) => at.get(vm) === step.to))
    const answer = refusal(there, promises, demandOf(step.vm))
    if (answer !== null) refused.push(`${step.vm} to ${step.to}: ${answer.code} ${answer.text}`)
    running.set(step.id, step)
  }
  return refused
}

test('every ledger admits what a checked plan brings, also where demand has just come above what is usable', () => {
  let moves = 0
  fc.assert(
    fc.property(situations, ({ vms, overloaded, draining, target, wanted, choices }) => {
      const all = vms.map(seen)
      const homes = new Map(vms.map(({ at }, i) => [asVmId(`v${i}`), hostIds[at]!]))
      const snapshots = hostIds.map((id, i) => {
        const here = hostWith(
          all.filter(({ vm }) => homes.get(vm) === id),
          i === 0 && draining,
        )
        return takeSnapshot(here, id, 1_000, none, { overloaded: i === 0 && overloaded, foresees: false })!
      })
      const need = { kind: 'overload', dimension: 'cpuMilli', reason: 'overload.cpu', since: 0 } as const
      const whole: Need = { ...need, severity: 1, wanted: none, text: '' }
      const problem = formulate(snapshots, hostIds[0]!, whole, policy, target)
      // What the solver wants, and what another solver might want.
      const asked = vms.flatMap(({ at }, i) =>
        wanted[i] === at ? [] : [{ vm: asVmId(`v${i}`), from: hostIds[at]!, to: hostIds[wanted[i]!]! }],
      )
      const ordered = planOrder(problem, asked)
      for (const plan of [solve(problem).plan, ordered.kind === 'plan' ? ordered.plan : null]) {
        if (plan === null || plan === undefined || checkPlan(problem, plan).length > 0) continue
        moves += plan.actions.length
        assert.deepEqual(refusals(all, new Map(homes), plan, choices), [])
      }
    }),
    { numRuns: runs },
  )
  assert.ok(moves > 0, 'plans were tried')
})
