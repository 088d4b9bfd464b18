/**
 * A placement problem: hosts with limits, VMs with demands and where they are, rules. The same type serves
 * a partition of two hosts and a data centre of thousands; amounts are integers, one per entry of `dimensions`.
 */

import type { Forecast } from '../problem/demand-forecast.ts'
import type { Situation } from '../problem/situation.ts'
import type { PlacementRule, Rule } from './rule.ts'

/** Under the rules that agents exchange. */
export interface Problem extends Situation {
  readonly rules: readonly Rule[]
}

/** A problem under any of the rules that the solver knows, not only those that agents exchange. */
export interface PlacementProblem extends Situation {
  readonly rules: readonly PlacementRule[]
  /** What is expected of the demand to come; without it only what is there now counts. */
  readonly forecast?: Forecast
}

/** What the leader of a partition has solved. Its members check the plan without the forecast: it is no promise. */
export interface PartitionProblem extends Problem {
  readonly forecast?: Forecast
}
