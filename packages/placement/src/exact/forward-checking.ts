/**
 * Forward checking (Haralick and Elliott 1980) for VMs that have left and have no place yet: which hosts would take
 * each, and what would have to leave those at least? One that no host takes within what may still be paid ends the
 * branch before the others are tried; one with a single host goes there at once.
 */
import { free, pooled, type SearchState, type Space } from './search-state.ts'

export interface Places {
  /** A VM in the pool that at most two hosts take, the one with fewest; −1 = there is none. */
  readonly pressing: (budget: Budget) => number
  /** The VM in the pool that fewest hosts take; −1 = nobody is in the pool. */
  readonly hardest: (budget: Budget) => number
  /** How many hosts take the last answer of the two. */
  readonly choices: () => number
  /** Does the host take the VM, within the budget? */
  readonly takes: (v: number, h: number, budget: Budget) => boolean
}

/** What may still be paid beyond the bound. Infinity as long as the answer is better at a higher level. */
export interface Budget {
  ms: number
  /** Hosts not touched yet that may be, if all of the ms is paid. */
  hosts: number
}

/** So many hosts are enough for a VM not to be pressing. */
const plenty = 3

/**
 * `relief`: hosts may stay overloaded, so nobody must make way. `clashes`: do rules keep the VM from the host, as
 * things are?
 */
export const createPlaces = (
  { model, covers }: Space,
  state: SearchState,
  relief: boolean,
  clashes: (v: number, h: number) => boolean,
): Places => {
  const { hostCount, vmCount, dims, domain, home, demand, partsOf } = model
  const {
    openHosts,
    status,
    load,
    settledLoad,
    capOfArrival,
    settledAt,
    cover,
    overfull,
    touches,
    version,
    pool,
  } = state
  /** What must leave the host beyond what must anyway, in ms, as long as the host is as it was. [vm × hosts] */
  const known = new Float64Array(vmCount * hostCount)
  /** How far was looked for that: beyond, `known` is only a bound. */
  const looked = new Float64Array(vmCount * hostCount)
  const stamp = new Int32Array(vmCount * hostCount).fill(-1)
  /** Hosts that took the VM when last asked. */
  const watched = new Int32Array(vmCount * plenty).fill(-1)
  let choices = 0

  const extra = (v: number, h: number, budgetMs: number): number => {
    if (domain[v]![h] === 0 || h === home[v]!) return Number.POSITIVE_INFINITY
    for (let d = 0; d < dims; d++)
      if (settledLoad[h * dims + d]! + demand[v * dims + d]! > capOfArrival[h * dims + d]!)
        return Number.POSITIVE_INFINITY
    if (relief) return 0
    const least = covers.boundWith(v, h, load, status, free, settledAt, cover[h]! + budgetMs)
    return Math.max(0, least - cover[h]!)
  }

  const takes: Places['takes'] = (v, h, { ms, hosts }) => {
    const i = v * hostCount + h
    if (stamp[i] !== version[h] || (known[i]! > looked[i]! && known[i]! <= ms)) {
      stamp[i] = version[h]!
      looked[i] = ms
      known[i] = extra(v, h, ms)
    }
    if (known[i]! > ms || known[i] === Number.POSITIVE_INFINITY) return false
    if (known[i] === ms && hosts < 1 && touches[h] === 0 && overfull[h] === 0) return false
    return partsOf[v]!.length === 0 || !clashes(v, h)
  }

  /** How many hosts take the VM, counted as far as `plenty`. */
  const few = (v: number, budget: Budget): number => {
    let n = 0
    for (let i = v * plenty; n < plenty && watched[i + n]! >= 0 && takes(v, watched[i + n]!, budget); ) n++
    if (n === plenty) return n
    n = 0
    for (let k = 0; k < openHosts.length && n < plenty; k++)
      if (takes(v, openHosts[k]!, budget)) watched[v * plenty + n++] = openHosts[k]!
    if (n < plenty) watched[v * plenty + n] = -1
    return n
  }

  return {
    pressing: (budget) => {
      let chosen = -1
      choices = plenty
      for (let i = 0; i < state.poolTop && choices > 0; i++) {
        if (status[pool[i]!] !== pooled) continue
        const n = few(pool[i]!, budget)
        if (n >= choices) continue
        choices = n
        chosen = pool[i]!
      }
      return chosen
    },
    hardest: (budget) => {
      let chosen = -1
      choices = Number.POSITIVE_INFINITY
      for (let i = 0; i < state.poolTop; i++) {
        if (status[pool[i]!] !== pooled) continue
        let n = 0
        for (let k = 0; k < openHosts.length && n < choices; k++)
          if (takes(pool[i]!, openHosts[k]!, budget)) n++
        if (n >= choices) continue
        choices = n
        chosen = pool[i]!
      }
      return chosen
    },
    choices: () => choices,
    takes,
  }
}
