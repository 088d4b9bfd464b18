/** What the repair of a data centre's assignment works on, and what it has spent. */
import { branchAndBound } from '../exact/branch-and-bound.ts'
import { createSearchSpace, type SearchSpace } from '../exact/search-state.ts'
import type { Assignment } from '../model/assignment.ts'
import { compareCost, costOf } from '../model/cost.ts'
import type { RandomStream } from '../problem/random.ts'
import { createNeighbourhoods, type NeighbourhoodOf } from './neighbourhood.ts'

export interface LnsRepairOptions {
  /** Search nodes of all tries together; setting one up counts as some. */
  readonly nodesMax: number
  readonly random: RandomStream
  readonly expired: () => boolean
}

export interface RepairState {
  readonly space: SearchSpace
  readonly assignment: Assignment
  readonly options: LnsRepairOptions
  readonly neighbourhoodOf: NeighbourhoodOf
  /** Spent so far. */
  nodes: number
  /** Tries without success since the last one with. */
  failures: number
}

/** Setting up a search costs as much as a node per so many VMs. */
const vmsPerNode = 2
/** And a node, with so many rules, twice as much as without any. */
const constraintsPerNode = 16
/** Looking at a host for a VM costs a fraction. */
export const looksPerNode = 200

export const createRepairState = (
  space: SearchSpace,
  assignment: Assignment,
  options: LnsRepairOptions,
): RepairState => ({
  space,
  assignment,
  options,
  neighbourhoodOf: createNeighbourhoods(assignment),
  nodes: 0,
  failures: 0,
})

export const isSpent = ({ nodes, options }: RepairState): boolean =>
  nodes >= options.nodesMax || options.expired()

/** Searches these hosts, and places for these VMs, exactly; true when it found something better. */
export const searchHosts = (
  s: RepairState,
  hosts: readonly number[],
  unplaced: readonly number[],
  nodesMax: number,
): boolean => {
  const { model, open, start, settle } = s.neighbourhoodOf(hosts, unplaced)
  const before = costOf(model, start)
  const found = branchAndBound(createSearchSpace(model), {
    relief: true,
    orderly: true,
    open,
    start,
    best: before,
    nodesMax,
    expired: s.options.expired,
  })
  s.nodes += Math.ceil(model.vmCount / vmsPerNode)
  s.nodes += Math.ceil(found.nodes * (1 + model.constraints.length / constraintsPerNode))
  const better = found.at !== null && compareCost(found.cost, before) < 0
  settle(better ? found.at : null)
  return better
}

/** Room for the VM in the tightest dimension, in permille; negative: what lacks. */
export const roomPermille = ({ model, load }: Assignment, v: number, h: number): number => {
  const { dims, demand, limit } = model
  let least = Number.POSITIVE_INFINITY
  for (let d = 0; d < dims; d++) {
    const i = h * dims + d
    const room = limit[i]! - load[i]! - demand[v * dims + d]!
    least = Math.min(least, Math.floor((room * 1000) / Math.max(1, limit[i]!)))
  }
  return least
}

/** The fullest host with room for the VM, neither its home nor `except`; −1 = none. */
export const fullestFit = (s: RepairState, v: number, except: number): number => {
  const { assignment } = s
  const { hostCount, home } = assignment.model
  let chosen = -1
  let least = Number.POSITIVE_INFINITY
  s.nodes += hostCount / looksPerNode
  for (let h = 0; h < hostCount; h++) {
    if (h === except || h === home[v] || !assignment.fits(v, h)) continue
    const room = roomPermille(assignment, v, h)
    if (room >= least || assignment.violatesHard(v, h)) continue
    least = room
    chosen = h
  }
  return chosen
}
