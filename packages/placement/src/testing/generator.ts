/** Random small problems for property tests: every feature is off in about half of them. */
import fc from 'fast-check'
import { asHostId, asVmId } from '../problem/ids.ts'
import type { ProblemHost, ProblemVm } from '../problem/situation.ts'
import { byForm, type Form, type FormTypes } from '../rules/definition.ts'
import type { PlacementProblem } from '../rules/placement-problem.ts'
import { allDefinitions, type PlacementRule } from '../rules/rule.ts'

export interface Shape {
  readonly hostsMax: number
  readonly vmsMax: number
}

const labels = ['x', 'y']
const rarely = fc.integer({ min: 0, max: 9 }).map((n) => n === 0)

/** Which features the problem has. */
interface Features {
  readonly hostCount: number
  readonly vmCount: number
  readonly baselines: boolean
  readonly states: boolean
  readonly starts: boolean
  readonly soft: boolean
  readonly equalVms: boolean
}

export const problems = ({ hostsMax, vmsMax }: Shape): fc.Arbitrary<PlacementProblem> =>
  fc
    .record({
      hostCount: fc.integer({ min: 1, max: hostsMax }),
      vmCount: fc.integer({ min: 0, max: vmsMax }),
      baselines: rarely,
      states: rarely,
      starts: rarely,
      soft: fc.boolean(),
      equalVms: fc.boolean(),
    })
    .chain((features) =>
      fc.record({
        hosts: fc.array(hostOf(features), { minLength: features.hostCount, maxLength: features.hostCount }),
        vms: fc.array(vmOf(features), { minLength: features.vmCount, maxLength: features.vmCount }),
        rules: fc.array(ruleOf(features), { maxLength: features.vmCount === 0 ? 0 : 3 }),
      }),
    )
    .map(problemOf)

const hostOf = ({ states, baselines }: Features) =>
  fc.record({
    state: states
      ? fc.constantFrom<ProblemHost['state']>('online', 'online', 'draining', 'offline')
      : fc.constant<ProblemHost['state']>('online'),
    cpu: fc.integer({ min: 2, max: 10 }),
    memory: fc.integer({ min: 2, max: 10 }),
    cpuBaseline: baselines ? fc.constantFrom('old', 'new', null) : fc.constant(null),
  })

const vmOf = ({ hostCount, equalVms, starts }: Features) =>
  fc.record({
    host: fc.integer({ min: 0, max: hostCount - 1 }),
    cpu: fc.integer({ min: equalVms ? 2 : 0, max: equalVms ? 3 : 6 }),
    memory: fc.integer({ min: equalVms ? 2 : 0, max: equalVms ? 3 : 6 }),
    memoryMiB: fc.constantFrom(...(equalVms ? [100] : [100, 200, 350])),
    movable: fc.integer({ min: 0, max: 9 }).map((n) => n > 0),
    labels: fc.subarray(labels),
    state: starts
      ? fc.constantFrom<ProblemVm['state']>('running', 'running', 'sleeping', 'ready')
      : fc.constant<ProblemVm['state']>('running'),
  })

const some = (count: number, min: number) =>
  fc.uniqueArray(fc.integer({ min: 0, max: Math.max(0, count - 1) }), {
    minLength: Math.min(min, count),
    maxLength: Math.max(Math.min(min, count), Math.min(3, count)),
  })

const ruleOf = ({ hostCount, vmCount, soft }: Features) =>
  fc.record({
    definition: fc.constantFrom(...allDefinitions),
    given: fc.boolean(),
    vms: some(vmCount, 2),
    others: some(vmCount, 1),
    hosts: some(hostCount, 1),
    amount: fc.integer({ min: 0, max: 8 }),
    dimension: fc.constantFrom('cpuMilli', 'memoryMiB'),
    label: fc.constantFrom(...labels),
    cut: fc.nat(hostCount),
    continuous: fc.option(fc.boolean(), { nil: undefined }),
    weight: soft ? fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined }) : fc.constant(undefined),
  })

type Drawn<F> = F extends (features: Features) => fc.Arbitrary<infer T> ? T : never

interface DrawnProblem {
  readonly hosts: readonly Drawn<typeof hostOf>[]
  readonly vms: readonly Drawn<typeof vmOf>[]
  readonly rules: readonly Drawn<typeof ruleOf>[]
}

const problemOf = ({ hosts, vms, rules }: DrawnProblem): PlacementProblem => ({
  dimensions: ['cpuMilli', 'memoryMiB'],
  hosts: hosts.map((one, i) => ({
    id: asHostId(`h${i}`),
    state: one.state,
    limit: [one.cpu, one.memory],
    cpuBaseline: one.cpuBaseline,
    failureDomain: i < 2 ? 'rack' : null,
  })),
  vms: vms.map((one, i) => ({
    id: asVmId(`v${i}`),
    host: one.state === 'ready' ? null : asHostId(`h${one.host}`),
    state: one.state,
    wanted: 'running',
    demand: [one.cpu, one.memory],
    memoryMiB: one.memoryMiB,
    dirtyMiBps: 0,
    movable: one.movable,
    ...(one.labels.length === 0 ? {} : { labels: one.labels }),
  })),
  rules: rules.map((one) => placementRule(one, hosts.length)),
  bandwidthMiBps: 100,
  migrationsOutMax: 2,
  migrationsInMax: 2,
})

const placementRule = (one: Drawn<typeof ruleOf>, hostCount: number): PlacementRule => {
  const { kind, fields } = one.definition
  const values = Object.entries(
    byForm<unknown>(fields, formsOf(one, hostCount), (value) => (one.given ? value : undefined)),
  )
  const said = Object.fromEntries(values.filter(([, value]) => value !== undefined))
  const rule = { kind, ...said } as unknown as PlacementRule
  const { is } = one.definition.constraint(rule)
  // What changes amounts is always hard and continuous.
  if (is === 'demandFloor' || is === 'limitScale') return rule
  return {
    ...rule,
    ...(one.weight === undefined ? {} : { weight: one.weight }),
    ...(one.continuous === undefined ? {} : { continuous: one.continuous }),
  }
}

const formsOf = (one: Drawn<typeof ruleOf>, hostCount: number): { readonly [F in Form]: FormTypes[F] } => {
  const id = (v: number) => asVmId(`v${v}`)
  const vms = one.vms.map(id)
  const all = Array.from({ length: hostCount }, (_, h) => asHostId(`h${h}`))
  const { fields } = one.definition
  return {
    vms,
    hosts: one.hosts.map((h) => asHostId(`h${h}`)),
    // A VM in two parts at once would be a contradiction of its own.
    vmParts: [vms, one.others.filter((v) => !one.vms.includes(v)).map(id)],
    hostGroups: [all.slice(0, one.cut), all.slice(one.cut)],
    dimension: one.dimension,
    label: one.label,
    // What several VMs want together.
    amount: 'hosts' in fields && 'dimension' in fields ? 3 * one.amount : one.amount,
    permille: 500 + 250 * one.amount,
  }
}
