/**
 * Large neighbourhood search (Shaw 1998) repairs an assignment of a data centre where something is wrong: a VM has no
 * place, a rule is broken, a host is overloaded or gives away more than it must. First a chain: a place is made by
 * sending one VM on to a third host. Then an exact search over the few hosts concerned and those with most room for what must leave
 * (neighbourhood.ts), and over many others at random. Only what is better is kept, so the result is locally optimal
 * as far as the effort goes.
 */

import { branchAndBound } from '../exact/branch-and-bound.ts'
import { createSearchSpace, type SearchSpace } from '../exact/search-state.ts'
import type { Assignment } from '../model/assignment.ts'
import type { CompiledConstraint } from '../model/constraints/compiled-constraint.ts'
import { compareCost, costOf } from '../model/cost.ts'
import type { RandomStream } from '../problem/random.ts'
import { createNeighbourhoods } from './neighbourhood.ts'

export interface LnsRepairOptions {
  /** Search nodes of all tries together; setting one up counts as some. */
  readonly nodesMax: number
  readonly random: RandomStream
  readonly expired: () => boolean
}

/** Rules about more VMs than this are not about which VM meets which. */
const scopeMax = 1000
const nodesPerTry = 400
/** Many short looks at random find more than a few long ones. */
const nodesPerRandomTry = 200
/** Setting up a search costs as much as a node per so many VMs. */
const vmsPerNode = 2
/** And a node, with so many rules, twice as much as without any. */
const constraintsPerNode = 16
/** Looking at a host for a VM costs a fraction. */
const looksPerNode = 200
/** How many hosts with room are looked at beside those in trouble, in turn. */
const widths = [3, 6, 12]
/** Tries in a row without success after which those to come get the narrowest look only. */
const patience = 40
/** The same at random, per host in question. */
const patienceWithOverload = 100
const patienceWithCost = 20

export const lnsRepair = (space: SearchSpace, assignment: Assignment, options: LnsRepairOptions): void => {
  const { model, covering } = space
  const { random } = options
  const { at, load, vmsOn, homeVms, assign } = assignment
  const {
    hostCount,
    vmCount,
    dims,
    demand,
    limit,
    home,
    active,
    fixed,
    starts,
    domain,
    constraints,
    moveMs,
  } = model
  const neighbourhoodOf = createNeighbourhoods(assignment)
  let nodes = 0
  let failures = 0
  const spent = (): boolean => nodes >= options.nodesMax || options.expired()

  /** Room for the VM in the tightest dimension, in permille; negative: what lacks. */
  const roomPermille = (v: number, h: number): number => {
    let least = Number.POSITIVE_INFINITY
    for (let d = 0; d < dims; d++) {
      const i = h * dims + d
      const room = limit[i]! - load[i]! - demand[v * dims + d]!
      least = Math.min(least, Math.floor((room * 1000) / Math.max(1, limit[i]!)))
    }
    return least
  }

  /** The hosts with most room for one of the VMs. */
  const roomiest = (vms: readonly number[], count: number, taken: ReadonlySet<number>): number[] => {
    nodes += Math.ceil((vms.length * hostCount) / looksPerNode)
    const ranked: { readonly h: number; readonly rank: number }[] = []
    for (let h = 0; h < hostCount; h++) {
      if (taken.has(h)) continue
      let rank = Number.NEGATIVE_INFINITY
      for (const v of vms) if (domain[v]![h] === 1) rank = Math.max(rank, roomPermille(v, h))
      if (rank > Number.NEGATIVE_INFINITY) ranked.push({ h, rank })
    }
    ranked.sort((a, b) => b.rank - a.rank || a.h - b.h)
    const found: number[] = []
    // Room on a host that rules close to all of them is of no use; they may come together, so they do not count themselves.
    const were = vms.map((v) => at[v]!)
    for (const v of vms) at[v] = -1
    for (let i = 0; i < ranked.length && found.length < count; i++) {
      const { h } = ranked[i]!
      if (vms.some((v) => domain[v]![h] === 1 && !assignment.violatesHard(v, h))) found.push(h)
    }
    vms.forEach((v, i) => {
      at[v] = were[i]!
    })
    return found
  }

  /** Searches these hosts; true when it found something better. */
  const search = (hosts: readonly number[], unplaced: readonly number[], nodesMax: number): boolean => {
    const neighbourhood = neighbourhoodOf(hosts, unplaced)
    const before = costOf(neighbourhood.model, neighbourhood.start)
    const found = branchAndBound(createSearchSpace(neighbourhood.model), {
      relief: true,
      orderly: true,
      open: neighbourhood.open,
      start: neighbourhood.start,
      best: before,
      nodesMax,
      expired: options.expired,
    })
    nodes += Math.ceil(neighbourhood.model.vmCount / vmsPerNode)
    nodes += Math.ceil(found.nodes * (1 + neighbourhood.model.constraints.length / constraintsPerNode))
    const better = found.at !== null && compareCost(found.cost, before) < 0
    neighbourhood.settle(better ? found.at : null)
    return better
  }

  const searchAround = (hosts: readonly number[], vms: readonly number[]): void => {
    for (const width of failures > patience ? widths.slice(0, 1) : widths) {
      if (spent()) return
      const more = roomiest(vms, width, new Set(hosts))
      const unplaced = vms.filter((v) => at[v]! < 0)
      if (search([...hosts, ...more], unplaced, nodesPerTry)) {
        failures = 0
        return
      }
      failures++
      if (more.length < width) return
    }
  }

  const placeFor = (v: number, except: number): number => {
    let chosen = -1
    let most = Number.NEGATIVE_INFINITY
    nodes += hostCount / looksPerNode
    for (let h = 0; h < hostCount; h++) {
      if (h === except || h === home[v] || !assignment.fits(v, h)) continue
      const room = -roomPermille(v, h)
      if (room > most && !assignment.violatesHard(v, h)) {
        most = room
        chosen = h
      }
    }
    return chosen
  }

  /** The VM goes to a host from which one other VM goes to a third. */
  const ejectionChain = (v: number): boolean => {
    const from = at[v]!
    const direct = placeFor(v, from)
    if (direct >= 0) {
      assign(v, direct)
      return true
    }
    // A VM that has moved anyway makes way at no cost; only then one that would not have moved.
    for (const alsoHomeVms of [false, true])
      for (let h = 0; h < hostCount; h++) {
        if (h === from || h === home[v] || domain[v]![h] === 0) continue
        if (spent()) return false
        nodes += vmsOn[h]!.length / looksPerNode
        for (const u of vmsOn[h]!) {
          if (fixed[u] === 1 || (home[u] === h && (!alsoHomeVms || starts[u] === 1))) continue
          let enough = true
          for (let d = 0; d < dims && enough; d++) {
            const i = h * dims + d
            if (load[i]! - demand[u * dims + d]! + demand[v * dims + d]! > limit[i]!) enough = false
          }
          if (!enough) continue
          assign(u, -1)
          if (!assignment.violatesHard(v, h)) {
            assign(v, h)
            const to = placeFor(u, h)
            if (to >= 0) {
              assign(u, to)
              return true
            }
            assign(v, from)
          }
          assign(u, h)
        }
      }
    return false
  }

  const misplaced = (v: number): boolean =>
    active[v] === 1 && fixed[v] === 0 && (at[v]! < 0 || domain[v]![at[v]!] === 0)

  const placeUnplaced = (): void => {
    for (let v = 0; v < vmCount && !spent(); v++) {
      if (!misplaced(v)) continue
      nodes += 20
      if (ejectionChain(v)) continue
      const own = [at[v]!, home[v]!].filter((h, i, all) => h >= 0 && all.indexOf(h) === i)
      searchAround(own, [v])
    }
  }

  /** Too many to look at them together: VMs that have a place elsewhere go, until the rule holds. */
  const thinOut = (constraint: CompiledConstraint, vms: readonly number[]): void => {
    const scratch = new Int32Array(vmCount)
    for (const v of [...vms].sort((a, b) => moveMs[a]! - moveMs[b]! || a - b)) {
      if (spent() || constraint.conflict(at, scratch, 0) === 0) return
      const h = fixed[v] === 1 ? -1 : placeFor(v, at[v]!)
      if (h >= 0) assign(v, h)
    }
  }

  const satisfyRules = (hard: boolean): void => {
    const named = new Int32Array(vmCount)
    for (const constraint of constraints) {
      if (constraint.weight < 0 !== hard) continue
      for (let tries = 0; tries < constraint.scope.length && !spent(); tries++) {
        const n = constraint.conflict(at, named, 0)
        if (n === 0) break
        if (n > scopeMax) {
          thinOut(constraint, [...named.subarray(0, n)])
          break
        }
        const vms = constraint.scope.length > scopeMax ? [...named.subarray(0, n)] : [...constraint.scope]
        const hosts = new Set(vms.map((v) => at[v]!).filter((h) => h >= 0))
        if (hosts.size > widths.at(-1)!) break
        const before = constraint.violation(at)
        searchAround([...hosts], vms)
        if (constraint.violation(at) >= before) break
      }
    }
  }

  const relieveOverloads = (): void => {
    for (let h = 0; h < hostCount && !spent(); h++) {
      if (!assignment.overloaded(h)) continue
      const leavers = vmsOn[h]!.filter((v) => fixed[v] === 0)
      if (leavers.length > 0) searchAround([h], leavers)
    }
  }

  /** Hosts that give away more than they must. */
  const hostsGivingTooMuch = (): readonly number[] => {
    const status = new Uint8Array(vmCount)
    for (let v = 0; v < vmCount; v++)
      if (active[v] === 0 || fixed[v] === 1 || home[v]! < 0 || domain[v]![home[v]!] === 0) status[v] = 1
    const whole = new Float64Array(hostCount * dims)
    for (let h = 0; h < hostCount; h++)
      for (const v of homeVms[h]!)
        if (fixed[v] === 1 || domain[v]![h] === 1)
          for (let d = 0; d < dims; d++) whole[h * dims + d]! += demand[v * dims + d]!
    return Array.from({ length: hostCount }, (_, h) => h).filter((h) => {
      let paid = 0
      for (const v of homeVms[h]!) if (status[v] === 0 && at[v] !== h && at[v]! >= 0) paid += moveMs[v]!
      return paid > 0 && paid > covering.bound(h, whole, status, 0, null)
    })
  }

  const leaversOf = (h: number): number[] => homeVms[h]!.filter((v) => at[v] !== h && at[v]! >= 0)

  /**
   * Large neighbourhood search (Shaw 1998) around the hosts in question: some of those, hosts that their VMs went
   * to, and others at random. What one host lacks or gives away too much often waits for room that another one took.
   */
  const searchAtRandom = (questionable: () => readonly number[], patience: number): void => {
    let hosts = questionable()
    let touched = touchedHosts()
    let failed = 0
    while (hosts.length > 0 && failed < patience * hosts.length && !spent()) {
      const size = 6 + random.below(12)
      const chosen = new Set<number>()
      for (let k = 0; k < 3; k++) {
        const h = hosts[random.below(hosts.length)]!
        chosen.add(h)
        for (const v of leaversOf(h)) if (random.below(2) === 0) chosen.add(at[v]!)
      }
      // Room on a host that is touched already costs less than the same elsewhere.
      for (let k = 0; chosen.size < size && k < 4 * size; k++)
        chosen.add(
          k % 2 === 0 || touched.length === 0
            ? random.below(hostCount)
            : touched[random.below(touched.length)]!,
        )
      if (search([...chosen].slice(0, size), [], nodesPerRandomTry)) {
        failed = 0
        hosts = questionable()
        touched = touchedHosts()
      } else failed++
    }
  }

  const touchedHosts = (): readonly number[] =>
    Array.from({ length: hostCount }, (_, h) => h).filter(
      (h) => leaversOf(h).length > 0 || vmsOn[h]!.some((v) => assignment.moved(v)),
    )

  const overloadedHosts = (): readonly number[] =>
    Array.from({ length: hostCount }, (_, h) => h).filter((h) => assignment.overloaded(h))

  /** No VM is away from home without need. */
  const moveHome = (): void => {
    for (let v = 0; v < vmCount; v++) {
      const h = home[v]!
      if (active[v] === 0 || h < 0 || at[v] === h || domain[v]![h] === 0) continue
      let burden = false
      for (let d = 0; d < dims; d++) {
        const i = h * dims + d
        if (demand[v * dims + d]! > 0 && load[i]! + demand[v * dims + d]! > limit[i]!) burden = true
      }
      if (!burden && !assignment.violatesHard(v, h) && !assignment.violatesSoft(v, h)) assign(v, h)
    }
  }

  placeUnplaced()
  satisfyRules(true)
  relieveOverloads()
  searchAtRandom(overloadedHosts, patienceWithOverload)
  satisfyRules(false)
  moveHome()
  searchAtRandom(hostsGivingTooMuch, patienceWithCost)
}
