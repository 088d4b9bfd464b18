/**
 * Looks for a viable placement when nearly everything is full: tabu search (Glover 1989) over shifts and swaps
 * that start at an overloaded host, minimising the total excess. Hard rules are never broken on the way. It
 * cares little about cost; that is improved afterwards (large-neighbourhoods.ts).
 */
import type { Model } from '../model/model.ts'
import type { RandomStream } from '../problem/random.ts'

export interface TabuSearchOptions {
  readonly start: Int32Array
  readonly iterationsMax: number
  readonly random: RandomStream
  readonly expired: () => boolean
}

/** Iterations during which a VM that moved stays put. */
const tabuMin = 4
const tabuSpread = 8
const iterationsPerLook = 16

/** A viable assignment, or null. */
export const tabuSearch = (model: Model, options: TabuSearchOptions): Int32Array | null => {
  const { hostCount, vmCount, dims, demand, limit, active, fixed, domain, home, moveMs, constraintsOn } =
    model
  const { random } = options
  const at = Int32Array.from(options.start)
  const load = new Float64Array(hostCount * dims)
  /** Excess is compared across dimensions, so amounts are scaled to the largest limit of each. */
  const largestLimit = new Float64Array(dims)
  for (let h = 0; h < hostCount; h++)
    for (let d = 0; d < dims; d++) largestLimit[d] = Math.max(largestLimit[d]!, limit[h * dims + d]!, 1)
  const largest = largestLimit.reduce((most, one) => Math.max(most, one), 1)
  const weight = Array.from(largestLimit, (one) => Math.max(1, Math.floor((1000 * largest) / one)))
  const tabuUntil = new Int32Array(vmCount)
  const onHost: number[][] = Array.from({ length: hostCount }, () => [])

  const movable = (v: number) => active[v] === 1 && fixed[v] === 0
  const violatesHard = (v: number, h: number): boolean => {
    const constraints = constraintsOn[v]!
    for (let i = 0; i < constraints.length; i++)
      if (constraints[i]!.weight < 0 && constraints[i]!.clashes(at, v, h)) return true
    return false
  }
  const excessAt = (h: number, plus: number, minus: number): number => {
    let excess = 0
    for (let d = 0; d < dims; d++) {
      let over = load[h * dims + d]! - limit[h * dims + d]!
      if (plus >= 0) over += demand[plus * dims + d]!
      if (minus >= 0) over -= demand[minus * dims + d]!
      if (over > 0) excess += over * weight[d]!
    }
    return excess
  }
  const move = (v: number, h: number): void => {
    const old = at[v]!
    if (old >= 0) {
      for (let d = 0; d < dims; d++) load[old * dims + d]! -= demand[v * dims + d]!
      onHost[old]!.splice(onHost[old]!.indexOf(v), 1)
    }
    at[v] = h
    for (let d = 0; d < dims; d++) load[h * dims + d]! += demand[v * dims + d]!
    onHost[h]!.push(v)
  }

  // A VM that is nowhere, or where it may not be, first goes to the host where it costs least.
  const unplaced: number[] = []
  for (let v = 0; v < vmCount; v++) {
    if (active[v] === 0) continue
    const h = at[v]!
    at[v] = -1
    if (fixed[v] === 1 || (h >= 0 && domain[v]![h] === 1 && !violatesHard(v, h))) move(v, h)
    else unplaced.push(v)
  }
  for (const v of unplaced) {
    let chosen = -1
    let least = Number.POSITIVE_INFINITY
    for (let h = 0; h < hostCount; h++) {
      if (domain[v]![h] === 0 || violatesHard(v, h)) continue
      const more = excessAt(h, v, -1) - excessAt(h, -1, -1)
      if (more < least) {
        least = more
        chosen = h
      }
    }
    if (chosen < 0) return null
    move(v, chosen)
  }

  let total = 0
  for (let h = 0; h < hostCount; h++) total += excessAt(h, -1, -1)
  let record = total
  const migrationCost = (v: number, h: number) => (h === home[v] ? 0 : moveMs[v]!)

  for (let iteration = 1; total > 0; iteration++) {
    if (iteration > options.iterationsMax) return null
    if (iteration % iterationsPerLook === 0 && options.expired()) return null
    let from = -1
    let seen = 0
    for (let h = 0; h < hostCount; h++) if (excessAt(h, -1, -1) > 0 && random.below(++seen) === 0) from = h
    const excessFrom = excessAt(from, -1, -1)
    let bestDelta = Number.POSITIVE_INFINITY
    let bestStray = 0
    let bestV = -1
    let bestU = -1
    let bestTo = -1
    for (const v of onHost[from]!) {
      if (!movable(v)) continue
      for (let to = 0; to < hostCount; to++) {
        if (to === from || domain[v]![to] === 0) continue
        const excessTo = excessAt(to, -1, -1)
        const others = onHost[to]!
        for (let i = -1; i < others.length; i++) {
          const u = i < 0 ? -1 : others[i]!
          if (u >= 0 && (!movable(u) || domain[u]![from] === 0)) continue
          const delta = excessAt(from, u, v) - excessFrom + excessAt(to, v, u) - excessTo
          if (delta > bestDelta) continue
          const tabu = tabuUntil[v]! > iteration || (u >= 0 && tabuUntil[u]! > iteration)
          if (tabu && total + delta >= record) continue
          let cost = migrationCost(v, to) - migrationCost(v, from)
          if (u >= 0) cost += migrationCost(u, from) - migrationCost(u, to)
          if (delta === bestDelta && cost >= bestStray) continue
          at[v] = -1
          if (u >= 0) at[u] = -1
          const bad = violatesHard(v, to) || (u >= 0 && violatesHard(u, from))
          at[v] = from
          if (u >= 0) at[u] = to
          if (bad) continue
          bestDelta = delta
          bestStray = cost
          bestV = v
          bestU = u
          bestTo = to
        }
      }
    }
    if (bestV < 0) continue
    move(bestV, bestTo)
    tabuUntil[bestV] = iteration + tabuMin + random.below(tabuSpread)
    if (bestU >= 0) {
      move(bestU, from)
      tabuUntil[bestU] = iteration + tabuMin + random.below(tabuSpread)
    }
    total += bestDelta
    record = Math.min(record, total)
  }
  return at
}
