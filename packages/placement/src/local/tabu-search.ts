/**
 * Looks for a viable placement when nearly everything is full: tabu search (Glover 1989) over shifts and swaps that start
 * at an overloaded host, minimising the total excess. Hard rules are never violated on the way. Cost only breaks ties;
 * large-neighbourhoods.ts improves it afterwards.
 */
import type { Model } from '../model/model.ts'
import type { RandomStream } from '../problem/random.ts'
import { clash, createTabuState, excessAt, isMovable, move, type TabuState } from './tabu-state.ts'

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
  const { random } = options
  const s = createTabuState(model, options.start)
  if (s === null) return null
  for (let iteration = 1; s.total > 0; iteration++) {
    if (iteration > options.iterationsMax) return null
    if (iteration % iterationsPerLook === 0 && options.expired()) return null
    const from = overloadedHost(s, random)
    const best = bestMove(s, from, iteration)
    if (best === null) continue
    const { v, u, to, delta } = best
    move(s, v, to)
    s.tabuUntil[v] = iteration + tabuMin + random.below(tabuSpread)
    if (u >= 0) {
      move(s, u, from)
      s.tabuUntil[u] = iteration + tabuMin + random.below(tabuSpread)
    }
    s.total += delta
    s.least = Math.min(s.least, s.total)
  }
  return s.at
}

const overloadedHost = (s: TabuState, random: RandomStream): number => {
  let chosen = -1
  let seen = 0
  for (let h = 0; h < s.model.hostCount; h++)
    if (excessAt(s, h, -1, -1) > 0 && random.below(++seen) === 0) chosen = h
  return chosen
}

/** VM `v` goes to host `to`, and VM `u` comes in exchange (−1 = none). */
interface TabuMove {
  readonly v: number
  readonly u: number
  readonly to: number
  /** By how much the total excess changes. */
  readonly delta: number
}

/** The move from the host that leaves least excess, and of equal ones the cheapest; null: none is allowed. */
const bestMove = (s: TabuState, from: number, iteration: number): TabuMove | null => {
  const { hostCount, domain } = s.model
  const { tabuUntil, vmsOn } = s
  const excessFrom = excessAt(s, from, -1, -1)
  let best: TabuMove | null = null
  let bestDelta = Number.POSITIVE_INFINITY
  let bestCost = 0
  for (const v of vmsOn[from]!) {
    if (!isMovable(s, v)) continue
    for (let to = 0; to < hostCount; to++) {
      if (to === from || domain[v]![to] === 0) continue
      const excessTo = excessAt(s, to, -1, -1)
      const others = vmsOn[to]!
      for (let i = -1; i < others.length; i++) {
        const u = i < 0 ? -1 : others[i]!
        if (u >= 0 && (!isMovable(s, u) || domain[u]![from] === 0)) continue
        const delta = excessAt(s, from, u, v) - excessFrom + excessAt(s, to, v, u) - excessTo
        if (delta > bestDelta) continue
        const tabu = tabuUntil[v]! > iteration || (u >= 0 && tabuUntil[u]! > iteration)
        if (tabu && s.total + delta >= s.least) continue
        const cost = costOfMove(s, v, u, from, to)
        if (delta === bestDelta && cost >= bestCost) continue
        if (violates(s, v, u, from, to)) continue
        bestDelta = delta
        bestCost = cost
        best = { v, u, to, delta }
      }
    }
  }
  return best
}

const costOfMove = (s: TabuState, v: number, u: number, from: number, to: number): number => {
  const cost = migrationCost(s, v, to) - migrationCost(s, v, from)
  return u < 0 ? cost : cost + migrationCost(s, u, from) - migrationCost(s, u, to)
}

const migrationCost = ({ model }: TabuState, v: number, h: number): number =>
  h === model.home[v] ? 0 : model.moveMs[v]!

const violates = (s: TabuState, v: number, u: number, from: number, to: number): boolean => {
  const { at } = s
  at[v] = -1
  if (u >= 0) at[u] = -1
  const bad = clash(s, v, to) || (u >= 0 && clash(s, u, from))
  at[v] = from
  if (u >= 0) at[u] = to
  return bad
}
