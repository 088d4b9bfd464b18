/**
 * Forward checking (Haralick and Elliott 1980) for unplaced VMs. The domain of each: the hosts that can take it, at a
 * cost that can still be paid for what would have to leave them. An empty domain ends the branch; a VM with a single host
 * goes there at once.
 */
import { free, type SearchSpace, type SearchState, unplaced } from './search-state.ts'

export interface ForwardChecking {
  /** An unplaced VM with at most two hosts in its domain, the one with fewest; −1 = there is none. */
  readonly nearlyForced: (budget: Budget) => number
  /** The unplaced VM with the smallest domain; −1 = there is none. */
  readonly smallestDomain: (budget: Budget) => number
  /** The size of the domain of the VM that either gave last. */
  readonly domainSize: () => number
  /** Is the host in the domain of the VM, within the budget? */
  readonly inDomain: (v: number, h: number, budget: Budget) => boolean
}

/** What may still be paid beyond the bound. Infinity as long as the answer is better at a higher level. */
export interface Budget {
  ms: number
  /** Hosts not touched yet that may be, if all of the ms is paid. */
  hosts: number
}

/** Domains are counted as far as this. */
const domainSizeMax = 3

/**
 * `relief`: hosts may stay overloaded, so no VM must make way. `violatesHard`: would the VM violate a hard rule on the
 * host now?
 */
export const createForwardChecking = (
  { model, covering }: SearchSpace,
  state: SearchState,
  relief: boolean,
  violatesHard: (v: number, h: number) => boolean,
): ForwardChecking => {
  const { hostCount, vmCount, dims, domain, home, demand, constraintsOn } = model
  const {
    openHosts,
    status,
    load,
    settledLoad,
    capOfArrival,
    settledAt,
    coverMs,
    overloaded,
    touches,
    version,
    unplacedVms,
  } = state
  /**
   * What must leave the host for the VM, beyond what must leave anyway, in ms; valid as long as the host is as it was.
   * [vm × hosts]
   */
  const known = new Float64Array(vmCount * hostCount)
  /** Up to this many ms `known` is exact; above, it is a lower bound. */
  const looked = new Float64Array(vmCount * hostCount)
  const stamp = new Int32Array(vmCount * hostCount).fill(-1)
  /** Hosts that were in the domain when last asked (watched, as in watched literals). */
  const watched = new Int32Array(vmCount * domainSizeMax).fill(-1)
  let domainSize = 0

  const extraMs = (v: number, h: number, budgetMs: number): number => {
    if (domain[v]![h] === 0 || h === home[v]!) return Number.POSITIVE_INFINITY
    for (let d = 0; d < dims; d++)
      if (settledLoad[h * dims + d]! + demand[v * dims + d]! > capOfArrival[h * dims + d]!)
        return Number.POSITIVE_INFINITY
    if (relief) return 0
    const least = covering.boundWith(v, h, load, status, free, settledAt, coverMs[h]! + budgetMs)
    return Math.max(0, least - coverMs[h]!)
  }

  const inDomain: ForwardChecking['inDomain'] = (v, h, { ms, hosts }) => {
    const i = v * hostCount + h
    if (stamp[i] !== version[h] || (known[i]! > looked[i]! && known[i]! <= ms)) {
      stamp[i] = version[h]!
      looked[i] = ms
      known[i] = extraMs(v, h, ms)
    }
    if (known[i]! > ms || known[i] === Number.POSITIVE_INFINITY) return false
    if (known[i] === ms && hosts < 1 && touches[h] === 0 && overloaded[h] === 0) return false
    return constraintsOn[v]!.length === 0 || !violatesHard(v, h)
  }

  /** How many hosts take the VM, counted as far as `domainSizeMax`. */
  const domainSizeOf = (v: number, budget: Budget): number => {
    const first = v * domainSizeMax
    let n = 0
    while (n < domainSizeMax && watched[first + n]! >= 0 && inDomain(v, watched[first + n]!, budget)) n++
    if (n === domainSizeMax) return n
    n = 0
    for (let k = 0; k < openHosts.length && n < domainSizeMax; k++)
      if (inDomain(v, openHosts[k]!, budget)) watched[first + n++] = openHosts[k]!
    if (n < domainSizeMax) watched[first + n] = -1
    return n
  }

  return {
    nearlyForced: (budget) => {
      let chosen = -1
      domainSize = domainSizeMax
      for (let i = 0; i < state.unplacedTop && domainSize > 0; i++) {
        if (status[unplacedVms[i]!] !== unplaced) continue
        const n = domainSizeOf(unplacedVms[i]!, budget)
        if (n >= domainSize) continue
        domainSize = n
        chosen = unplacedVms[i]!
      }
      return chosen
    },
    smallestDomain: (budget) => {
      let chosen = -1
      domainSize = Number.POSITIVE_INFINITY
      for (let i = 0; i < state.unplacedTop; i++) {
        if (status[unplacedVms[i]!] !== unplaced) continue
        let n = 0
        for (let k = 0; k < openHosts.length && n < domainSize; k++)
          if (inDomain(unplacedVms[i]!, openHosts[k]!, budget)) n++
        if (n >= domainSize) continue
        domainSize = n
        chosen = unplacedVms[i]!
      }
      return chosen
    },
    domainSize: () => domainSize,
    inDomain,
  }
}
