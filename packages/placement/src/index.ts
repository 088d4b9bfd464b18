/**
 * Where should virtual machines run? A problem in, an answer and its order out: pure, deterministic, no I/O, no clock.
 *
 * ```ts
 * import { asHostId, asVmId, checkPlan, type PlacementProblem, solve } from '@drover/placement'
 *
 * const host = (id: string) =>
 *   ({ id: asHostId(id), state: 'online', limit: [4_000, 16_384], cpuBaseline: null, failureDomain: null }) as const
 * const vm = (id: string, on: string, demand: readonly number[]) =>
 *   ({
 *     id: asVmId(id),
 *     host: asHostId(on),
 *     state: 'running',
 *     wanted: 'running',
 *     demand,
 *     memoryMiB: demand[1]!,
 *     dirtyMiBps: 10,
 *     movable: true,
 *   }) as const
 * // Host a is overloaded: its VMs want 5 cores of 4. The two web servers must not share a host.
 * const problem: PlacementProblem = {
 *   dimensions: ['cpuMilli', 'memoryMiB'],
 *   hosts: [host('a'), host('b'), host('c')],
 *   vms: [vm('db', 'a', [3_000, 8_192]), vm('web1', 'a', [2_000, 2_048]), vm('web2', 'b', [1_000, 2_048])],
 *   rules: [{ kind: 'spread', vms: [asVmId('web1'), asVmId('web2')] }],
 *   bandwidthMiBps: 125,
 *   migrationsOutMax: 1,
 *   migrationsInMax: 1,
 * }
 * const { answer, plan } = solve(problem)
 * console.log(answer.kind, 'optimal' in answer && answer.optimal)
 * for (const action of plan?.actions ?? []) console.log(action)
 * console.log('violations:', plan === null ? null : checkPlan(problem, plan).length)
 * ```
 *
 * The story of one problem, folder by folder; none imports a later one:
 *
 * 1. `problem/` is what goes in and what comes out, as data; `rules/` has a checker for each rule, which knows nothing of
 *    the solver; `forecast/` tells from the history of demand what is to be expected.
 * 2. `model/` is the problem in the solver's form: indexes, typed arrays, the rules as constraints. `bounds/` says what any
 *    answer costs at least.
 * 3. `exact/` searches for the cheapest cure by branch and bound; `local/` finds good answers soon; `lagrangian/` raises the
 *    bound where nearly everything is full; `cure/` lets the three take turns; `large/` is for data centres.
 * 4. `order/` puts the moves in an order that is safe at every step; `check/` trusts neither, and shares no code with them.
 * 5. `infeasibility/` says why there is no answer, and what would help.
 * 6. `solve-placement.ts` brings these together, `solve.ts` asks again until the answer has an order, `goals.ts` has other
 *    aims than a cure; `formats/` reads documents and writes the report of `drover solve`.
 */

// biome-ignore-start assist/source/organizeImports: the order is the story

// The door.
export * from './solve.ts'

// What goes in, and what comes out.
export * from './problem/ids.ts'
export * from './problem/resources.ts'
export * from './problem/names.ts'
export * from './problem/labels.ts'
export * from './problem/demand-forecast.ts'
export * from './problem/situation.ts'
export * from './rules/placement-problem.ts'
export {
  type AnyDefinition,
  exchangedDefinitions,
  isContinuous,
  namesIn,
  type PlacementRule,
  reduced,
  type Rule,
} from './rules/rule.ts'
export { byForm, type Field, type Form, formOf } from './rules/definition.ts'
export * from './problem/answer.ts'
export * from './problem/plan.ts'

// The seeded generators of all packages.
export * from './problem/random.ts'
export type { Objective } from './model/model.ts'

// Other aims, documents, and the report on them.
export * from './goals.ts'
export type { DocumentRead } from './formats/document.ts'
export * from './formats/read.ts'
export * from './formats/report.ts'

// What is expected of demand.
export * from './forecast/demand-history.ts'
export * from './forecast/host-forecast.ts'
export * from './forecast/migration-gain.ts'
export * from './forecast/migration-time.ts'

// Parts, for programs that need one of them only.
export * from './solve-placement.ts'
export * from './order/planner.ts'
export * from './check/checker.ts'
export * from './check/arrival.ts'
export * from './check/mended.ts'
export * from './check/breaks.ts'
export { checkRule } from './rules/check.ts'
export type { RuleCode, RuleViolation } from './rules/stay.ts'
export { staysOf, staysOn } from './rules/stays.ts'
export { excessPermille } from './model/cost.ts'
export * from './model/excess-change.ts'
export * from './assert.ts'

// biome-ignore-end assist/source/organizeImports: the order is the story
