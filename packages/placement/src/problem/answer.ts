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

/** VMs are to move: what is wrong is cured, or less wrong. */
export type AnswerWithMoves =
  | ({ readonly kind: 'plan' } & Solved)
  | ({ readonly kind: 'relief'; readonly why: Binding } & Solved)

/** No VM is to move: none has to, or none can. */
export type AnswerWithoutMoves =
  /** All holds but, maybe, soft rules that no move was found to mend: their penalty is the cost. */
  ({ readonly kind: 'satisfied' } & Proven) | { readonly kind: 'infeasible'; readonly why: Binding }

export type Answer = AnswerWithMoves | AnswerWithoutMoves
