/**
 * Problems too large to search as a whole (a data centre): greedy first; then every VM that found no place gets
 * a neighbourhood of its own, its home and the hosts with most room for it, solved by branch and bound.
 */
import { compareCost, costOf, type FullCost } from './cost.ts'
import { branchAndBound } from './exact.ts'
import { greedy } from './greedy.ts'
import type { Model } from './model.ts'
import { spareReceivers } from './receivers.ts'
import type { Space } from './search-state.ts'

export interface LargeOptions {
  /** Doing nothing; the answer is never worse. */
  readonly idle: Int32Array
  readonly nodesMax: number
  readonly expired: () => boolean
}

export interface LargeResult {
  readonly at: Int32Array
  readonly cost: FullCost
  readonly boundMs: number
}

const neighboursMin = 4
const neighboursMax = 32
const nodesOfTry = 2000
/** Each costs some milliseconds of setting up, whatever it finds. */
const triesMax = 200
const triesWhenHopeless = 20

/** Rules about everybody are looked at in full at every node: fewer nodes then. */
const stepsMax = 50_000_000
const stepsPerNode = ({ parts }: Model): number =>
  parts.reduce((sum, part) => sum + (part.scope.length > 1000 ? part.scope.length : 0), 1)

export const solveLarge = (space: Space, options: LargeOptions): LargeResult => {
  const { model } = space
  let first = greedy(space)
  let at = first.at
  let cost = costOf(model, at)
  if (cost.unmet + cost.overloadedHosts > 0 || cost.migrationMs > first.boundMs) {
    const second = greedy(space, 'tightest')
    const secondCost = costOf(model, second.at)
    if (compareCost(secondCost, cost) < 0) {
      first = second
      at = second.at
      cost = secondCost
    }
  }
  const idleCost = costOf(model, options.idle)
  if (compareCost(idleCost, cost) < 0) {
    at = options.idle
    cost = idleCost
  }
  let nodes = 0
  let tries = 0
  const nodesMax = Math.min(options.nodesMax, Math.ceil(stepsMax / stepsPerNode(model)))
  // Where very many found no place, there is hardly any: a few looks show whether there is some.
  const hopeless = first.failed.length > triesMax
  const widest = hopeless ? neighboursMin : neighboursMax
  for (const v of first.failed)
    for (let k = neighboursMin; k <= widest; k *= 2) {
      if (nodes >= nodesMax || tries++ >= (hopeless ? triesWhenHopeless : triesMax) || options.expired())
        break
      const tried = branchAndBound(space, {
        relief: true,
        open: neighbourhood(model, at, v, k),
        start: at,
        best: cost,
        nodesMax: Math.min(nodesOfTry, nodesMax - nodes),
        expired: options.expired,
      })
      nodes += tried.nodes
      if (tried.at === null) continue
      at = tried.at
      cost = tried.cost
      break
    }
  if (cost.unmet + cost.overloadedHosts > 0) return { at, cost, boundMs: first.boundMs }
  const spared = Int32Array.from(at)
  spareReceivers(model, spared)
  const sparedCost = costOf(model, spared)
  return compareCost(sparedCost, cost) < 0
    ? { at: spared, cost: sparedCost, boundMs: first.boundMs }
    : { at, cost, boundMs: first.boundMs }
}

/** The VM's home and the `k` allowed hosts with most room. */
const neighbourhood = (model: Model, at: Int32Array, v: number, k: number): Uint8Array => {
  const { hostCount, vmCount, dims, demand, limit, domain, home, active } = model
  const load = new Float64Array(hostCount * dims)
  for (let u = 0; u < vmCount; u++)
    if (active[u] === 1 && at[u]! >= 0)
      for (let d = 0; d < dims; d++) load[at[u]! * dims + d]! += demand[u * dims + d]!
  /** What is missing for the VM, or (negative) to spare in the tightest dimension, in permille. */
  const lack = new Float64Array(hostCount)
  const candidates: number[] = []
  for (let h = 0; h < hostCount; h++) {
    if (domain[v]![h] === 0 || h === home[v]) continue
    lack[h] = Number.NEGATIVE_INFINITY
    for (let d = 0; d < dims; d++) {
      const missing = load[h * dims + d]! + demand[v * dims + d]! - limit[h * dims + d]!
      lack[h] = Math.max(lack[h]!, Math.floor((missing * 1000) / Math.max(1, limit[h * dims + d]!)))
    }
    candidates.push(h)
  }
  candidates.sort((a, b) => lack[a]! - lack[b]! || a - b)
  const open = new Uint8Array(hostCount)
  if (home[v]! >= 0) open[home[v]!] = 1
  for (const h of candidates.slice(0, k)) open[h] = 1
  return open
}
