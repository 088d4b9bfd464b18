/** The one place that knows which checker belongs to which rule. */
import { checkBan } from './ban.ts'
import { checkFence } from './fence.ts'
import type { Rule } from './rule.ts'
import { checkSpread } from './spread.ts'
import type { RuleViolation, Stays } from './stays.ts'

export const checkRule = (rule: Rule, stays: Stays): RuleViolation[] => {
  switch (rule.kind) {
    case 'spread':
      return checkSpread(rule, stays)
    case 'ban':
      return checkBan(rule, stays)
    case 'fence':
      return checkFence(rule, stays)
    default:
      return rule satisfies never
  }
}
