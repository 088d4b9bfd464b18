/** Where should virtual machines run? A problem in, an answer and its order out: pure, deterministic, no I/O, no clock. */

// biome-ignore-start assist/source/organizeImports: the order is the story

// The door.
export * from './solve.ts'

// What goes in, and what comes out.
export * from './problem/ids.ts'
export * from './problem/resources.ts'
export * from './problem/labels.ts'
export * from './problem/demand-forecast.ts'
export * from './problem/situation.ts'
export * from './rules/placement-problem.ts'
export {
  type AnyDefinition,
  exchangedDefinitions,
  isContinuous,
  type PlacementRule,
  reduced,
  type Rule,
} from './rules/rule.ts'
export { byForm, type Field, type Form, formOf } from './rules/definition.ts'
export * from './problem/answer.ts'
export * from './problem/plan.ts'
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

// Parts, for who needs one of them only.
export * from './solve-placement.ts'
export * from './order/planner.ts'
export * from './check/checker.ts'
export { checkRule } from './rules/check.ts'
export type { RuleCode, RuleViolation } from './rules/stay.ts'
export { staysOf, staysOn } from './rules/stays.ts'
export { excessPermille } from './model/cost.ts'
export * from './model/excess-change.ts'
export * from './assert.ts'

// biome-ignore-end assist/source/organizeImports: the order is the story
