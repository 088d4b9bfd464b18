/**
 * What may make a host form a partition. Overload, drain, a broken rule and an operator's order are events of one kind
 * and use one machinery; they differ in rank and in what the problem must achieve.
 */

import type { Dimension, Resources } from '@drover/placement'
import type { HostId, Instant, VmId } from './ids.ts'

/** Why a partition is formed: the first of the reason codes (`reasons.ts`). */
export type Reason =
  | 'overload.cpu'
  | 'overload.mem'
  | 'forecast.cpu'
  | 'drain'
  | 'operator'
  | 'rule.violation'

interface Common {
  readonly reason: Reason
  /** When it was detected (for an overload: when the hold time was over). */
  readonly since: Instant
  /** Rank: excess in permille; 0 for everything that is not an overload. */
  readonly severity: number
  /** What must find room elsewhere, at least. */
  readonly wanted: Resources
  /** One sentence with numbers, for people. */
  readonly text: string
}

export interface OverloadNeed extends Common {
  readonly kind: 'overload'
  readonly dimension: Dimension
}
/** No overload yet, but one is foreseen, and a migration would save more than it costs. */
export interface ForecastNeed extends Common {
  readonly kind: 'forecast'
}
export interface DrainNeed extends Common {
  readonly kind: 'drain'
}
export interface RuleNeed extends Common {
  readonly kind: 'rule'
}
export interface MigrateNeed extends Common {
  readonly kind: 'migrate'
  readonly vm: VmId
  readonly to: HostId | null
  readonly request: string
}
/** `drover plan` with nothing wrong: asks for nothing, and is told so. */
export interface NoNeed extends Common {
  readonly kind: 'none'
}

export type Need = OverloadNeed | ForecastNeed | DrainNeed | RuleNeed | MigrateNeed | NoNeed
