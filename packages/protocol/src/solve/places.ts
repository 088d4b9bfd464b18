/**
 * Forward checking (Haralick and Elliott 1980) for VMs that have left and have no place yet: which hosts would take
 * each, and what would have to leave those at least? One that no host takes within what may still be paid ends the
 * branch before the others are tried; one with a single host goes there at once.
 */
import { free, pooled, type SearchState, type Space } from './search-state.ts'

export interface Places {
  /**
   * The VM in the pool with the fewest hosts; −1 = nobody is in the pool. `mayHost`: does it fit beside those that
   * are settled, by limits and rules? `budgetMs`: what all that is still to leave may cost beyond the bound.
   */
  readonly hardest: (budgetMs: number) => number
  /** How many hosts the last `hardest` has. */
  readonly choices: () => number
  /** At least this must leave host `h` beyond what must leave it anyway, in ms, when VM `v` comes. */
  readonly extra: (v: number, h: number, budgetMs: number) => number
}

/** `relief`: hosts may stay overloaded, so nobody must make way. */
export const createPlaces = (
  { model, covers }: Space,
  state: SearchState,
  relief: boolean,
  mayHost: (v: number, h: number) => boolean,
): Places => {
  const { hostCount } = model
  const { openHosts, status, load, settledAt, cover, version, pool } = state
  /** What `extra` found, as long as the host is as it was. [vm × hosts] */
  const known = new Float64Array(model.vmCount * hostCount)
  /** How far it looked: beyond, `known` is only a bound. */
  const looked = new Float64Array(model.vmCount * hostCount)
  const stamp = new Int32Array(model.vmCount * hostCount).fill(-1)
  let choices = 0

  const extra: Places['extra'] = (v, h, budgetMs) => {
    if (relief) return 0
    const i = v * hostCount + h
    if (stamp[i] === version[h] && (known[i]! <= looked[i]! || known[i]! > budgetMs)) return known[i]!
    const mostMs = cover[h]! + budgetMs
    const least = covers.boundWith(v, h, load, status, free, settledAt, mostMs)
    stamp[i] = version[h]!
    looked[i] = budgetMs
    known[i] = Math.max(0, least - cover[h]!)
    return known[i]!
  }

  return {
    hardest: (budgetMs) => {
      let chosen = -1
      choices = Number.POSITIVE_INFINITY
      for (let i = 0; i < state.poolTop && choices > 0; i++) {
        const v = pool[i]!
        if (status[v] !== pooled) continue
        let count = 0
        for (let k = 0; k < openHosts.length && count < choices; k++) {
          const h = openHosts[k]!
          if (mayHost(v, h) && extra(v, h, budgetMs) <= budgetMs) count++
        }
        if (count < choices) {
          choices = count
          chosen = v
        }
      }
      return chosen
    },
    choices: () => choices,
    extra,
  }
}
