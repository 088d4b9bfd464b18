/** Is a rule broken as things are? */
import type { HostId, VmId } from '../problem/ids.ts'
import { type Labelled, labelsOf } from '../problem/labels.ts'
import { checkRule } from '../rules/check.ts'
import type { PlacementRule } from '../rules/rule.ts'
import { createStays, unknownProblem } from '../rules/stays.ts'

interface Placed extends Labelled {
  readonly vm: VmId
  readonly host: HostId
}

/** Do these VMs break it by where they are? Nothing else is known: not of failure domains, nor of demand. */
export const breaks = (rule: PlacementRule, placed: readonly Placed[]): boolean => {
  const stays = createStays({
    problem: unknownProblem,
    all: placed.map(({ vm, host }) => ({ vm, host, arrival: null, departure: null })),
    before: () => false,
    excuseInitial: false,
    firstOnly: true,
    labelled: placed.map((one) => ({ vm: one.vm, ...labelsOf(one) })),
  })
  return checkRule(rule, stays).length > 0
}
