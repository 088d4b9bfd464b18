/** Asks the independent checker of a rule's own kind. */
import { definitionOf, type PlacementRule } from './rule.ts'
import type { RuleViolation, Stays } from './stay.ts'

export const checkRule = (rule: PlacementRule, stays: Stays): readonly RuleViolation[] =>
  definitionOf(rule).check(rule, stays)
