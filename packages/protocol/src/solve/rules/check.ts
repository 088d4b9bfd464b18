/** The one place that knows which checker belongs to which rule. */
import { checkAmong } from './among.ts'
import { checkBan } from './ban.ts'
import { checkMaxOnline, checkResourceCapacity, checkRunningCapacity } from './capacity.ts'
import { checkFence } from './fence.ts'
import { checkGather } from './gather.ts'
import { checkLonely } from './lonely.ts'
import { checkQuarantine } from './quarantine.ts'
import { checkRoot } from './root.ts'
import type { PlacementRule } from './rule.ts'
import { checkSeq } from './seq.ts'
import { checkSplit } from './split.ts'
import { checkSplitAmong } from './split-among.ts'
import { checkDomainSpread, checkSpread } from './spread.ts'
import type { RuleViolation, Stays } from './stays.ts'

export const checkRule = (rule: PlacementRule, stays: Stays): RuleViolation[] => {
  switch (rule.kind) {
    case 'spread':
      return checkSpread(rule, stays)
    case 'domainSpread':
      return checkDomainSpread(rule, stays)
    case 'ban':
      return checkBan(rule, stays)
    case 'fence':
      return checkFence(rule, stays)
    case 'gather':
      return checkGather(rule, stays)
    case 'split':
      return checkSplit(rule, stays)
    case 'among':
      return checkAmong(rule, stays)
    case 'splitAmong':
      return checkSplitAmong(rule, stays)
    case 'lonely':
      return checkLonely(rule, stays)
    case 'root':
      return checkRoot(rule, stays)
    case 'quarantine':
      return checkQuarantine(rule, stays)
    case 'seq':
      return checkSeq(rule, stays)
    case 'resourceCapacity':
      return checkResourceCapacity(rule, stays)
    case 'runningCapacity':
      return checkRunningCapacity(rule, stays)
    case 'maxOnline':
      return checkMaxOnline(rule, stays)
    case 'preserve':
    case 'overbook':
      // They change amounts, which whoever adds up loads takes into account.
      return []
    default:
      return rule satisfies never
  }
}
