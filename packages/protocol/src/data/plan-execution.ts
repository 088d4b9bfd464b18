/** A plan under way, as its leader knows it and as it is put on record. */
import type { ActionResult, Plan } from '@drover/placement'
import type { ActionId } from './ids.ts'
import type { ReasonCode } from './reasons.ts'

export interface Execution {
  readonly plan: Plan
  readonly begun: ReadonlySet<ActionId>
  readonly results: ReadonlyMap<ActionId, ActionResult>
  /** Why no more of it is wanted, or null: what runs ends, and nothing begins. */
  readonly calledOff: CalledOff | null
}

export interface CalledOff {
  readonly code: ReasonCode
  readonly text: string
}
