/** Why something may not begin here, for programs and for people. */

import type { AnyCode } from '../data/reasons.ts'
export interface Refusal {
  readonly code: AnyCode
  readonly text: string
}
