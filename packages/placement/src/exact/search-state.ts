/**
 * The state of the search of branch-and-bound.ts: which VMs are free, settled or unplaced, what every host carries with and
 * without the free ones, and what the decisions so far cost. Its root is made by search-root.ts; it is changed by the steps
 * of search-steps.ts only.
 */

import { type CoveringBound, createCoveringBound } from '../bounds/covering-bound.ts'
import { symmetryClassesOf } from '../bounds/symmetry.ts'
import type { Model } from '../model/model.ts'

export interface SearchScope {
  readonly relief: boolean
  /** Relief: no VM comes to a host that stays overloaded, since exchanges there mostly have no order. */
  readonly orderly?: boolean
  /** Hosts that the search may change; everything elsewhere stays as in `start`. Null = all. */
  readonly open: Uint8Array | null
  /** The assignment outside the open hosts, and for VMs that already left their home. */
  readonly start: Int32Array
}

/** At home, undecided. */
export const free = 0
/** Stays, or has its place. */
export const settled = 1
/** Has left, and has no place yet. */
export const unplaced = 2

/** What all searches over one model share. */
export interface SearchSpace {
  readonly model: Model
  readonly covering: CoveringBound
  readonly symmetryClass: Int32Array
}

export const createSearchSpace = (model: Model): SearchSpace => ({
  model,
  covering: createCoveringBound(model),
  symmetryClass: symmetryClassesOf(model),
})

export interface SearchState {
  readonly model: Model
  readonly covering: CoveringBound
  readonly relief: boolean
  readonly isOpen: (h: number) => boolean
  readonly openHosts: Int32Array
  /** free, settled or unplaced. [vm] */
  readonly status: Uint8Array
  /** Where all VMs are if the free ones stay at home; −1 = unplaced. */
  readonly at: Int32Array
  /** The same, without the free ones. */
  readonly settledAt: Int32Array
  /** What `at` and `settledAt` weigh, and what a host may carry at most. [host × dims] */
  readonly load: Float64Array
  readonly settledLoad: Float64Array
  readonly cap: Float64Array
  /** The same with the VMs that come. [host × dims] */
  readonly capOfArrival: Float64Array
  /** VMs that have come. [host] */
  readonly arrivals: Int32Array
  /** Relief: dimensions in which a host is left overloaded, and how many of a host's there are. */
  readonly acceptedOverload: Uint8Array
  readonly acceptedOverloadDims: Uint8Array
  /** Covering bound of each host, and is there anything to cover? */
  readonly coverMs: Float64Array
  readonly overloaded: Uint8Array
  /** A number for each state of the host: a change gives a new one, taking it back restores the old one. [host] */
  readonly version: Int32Array
  /** Moves that start or end there. [host] */
  readonly touches: Int32Array
  readonly unplacedVms: Int32Array
  readonly trail: Int32Array
  /** Relief: VMs that may be left where they should not be. */
  readonly mayStayStranded: number[]
  unplacedTop: number
  trailTop: number
  msPaid: number
  unmetPaid: number
  /** What the hosts outside of the open ones add to the cost. */
  overloadedElsewhere: number
  excessElsewhere: number
  touchedElsewhere: number
  /** Hosts as they were before each change that is not taken back yet. */
  readonly changes: ChangedHosts
}

/** A stack: which host, and its cover, overload and version before. */
interface ChangedHosts {
  readonly host: Int32Array
  readonly coverMs: Float64Array
  readonly overloaded: Uint8Array
  readonly version: Int32Array
  top: number
  lastVersion: number
}
