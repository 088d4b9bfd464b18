/** What the solver answers. *No solution*, *nothing to do* and *partial cure* are different answers. */
import type { HostId, VmId } from './ids.ts'

export interface Move {
  readonly vm: VmId
  readonly from: HostId | null
  readonly to: HostId | null
}

/** Lexicographic, each a non-negative integer; lower is better, the first difference decides. */
export interface Cost {
  readonly overloadedHosts: number
  /** Permille of the limits, summed over hosts and dimensions. */
  readonly excess: number
  readonly softPenalty: number
  /** Estimated milliseconds of migration, summed. */
  readonly migrationMs: number
  readonly hostsTouched: number
}

/** Which constraint binds, and what would help. `code` is a reason code (`capacity.cpu`, `rule.spread` …). */
export interface Binding {
  readonly code: string
  /** One sentence for people, with numbers. */
  readonly text: string
}

interface Proven {
  readonly cost: Cost
  /** A proven lower bound of the cost. */
  readonly bound: Cost
  readonly optimal: boolean
}

interface Solved extends Proven {
  readonly moves: readonly Move[]
}

export type Answer =
  /** All holds but, maybe, soft rules that no move was found to mend: their penalty is the cost. */
  | ({ readonly kind: 'satisfied' } & Proven)
  | ({ readonly kind: 'plan' } & Solved)
  | ({ readonly kind: 'relief'; readonly why: Binding } & Solved)
  | { readonly kind: 'infeasible'; readonly why: Binding }
