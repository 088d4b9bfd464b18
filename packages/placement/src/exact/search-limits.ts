/** A search for a better answer: its limits and its result. */
import type { FullCost } from '../model/cost.ts'
import type { Model } from '../model/model.ts'

export interface SearchLimits {
  /** Only answers better than this are looked for. */
  readonly best: FullCost
  readonly nodesMax: number
  readonly expired: () => boolean
  /** Any answer better than `best` will do. */
  readonly first?: boolean
}

export interface ExactResult {
  /** A better assignment than `options.best`, or null. */
  readonly at: Int32Array | null
  readonly cost: FullCost
  /** True: the search space was exhausted, so `cost` is the optimum (over the open hosts). */
  readonly complete: boolean
  readonly nodes: number
  /** Lower bound of migrationMs at the root. */
  readonly rootMs: number
}

/** A search that can be run again with other limits. */
export interface Search {
  readonly model: Model
  readonly run: (limits: SearchLimits) => ExactResult
}
