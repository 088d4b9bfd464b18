/** What the search for a cure may spend, what it finds, and the branch and bound that all of its stages share. */
import { createSearch } from '../exact/branch-and-bound.ts'
import type { Search } from '../exact/search-limits.ts'
import type { SearchSpace } from '../exact/search-state.ts'
import type { FullCost } from '../model/cost.ts'
import type { RandomStream } from '../problem/random.ts'

export interface Effort {
  readonly space: SearchSpace
  /** Search nodes per stage. */
  readonly nodesMax: number
  readonly expired: () => boolean
  readonly random: RandomStream
}

export type Cure =
  | { readonly kind: 'none'; readonly proven: boolean }
  | {
      readonly kind: 'found'
      readonly at: Int32Array
      readonly cost: FullCost
      readonly boundMs: number
      readonly optimal: boolean
    }

/** For full cures, over all hosts. */
export const searchOfCures = (space: SearchSpace): Search =>
  createSearch(space, { relief: false, open: null, start: space.model.home })
