/** Searches hosts in trouble together with those that have most room for their VMs, ever more of these. */
import { isSpent, looksPerNode, type RepairState, roomPermille, searchHosts } from './repair-state.ts'

const nodesPerTry = 400
/** How many hosts with room are looked at beside those in trouble, in turn. */
const widths = [3, 6, 12]
/** Tries in a row without success after which those to come get the narrowest look only. */
const patience = 40

/** More hosts than this are not searched together. */
export const hostsMax = widths.at(-1)!

/** Until something better is found. */
export const searchAround = (s: RepairState, hosts: readonly number[], vms: readonly number[]): void => {
  const { at } = s.assignment
  for (const width of s.failures > patience ? widths.slice(0, 1) : widths) {
    if (isSpent(s)) return
    const more = roomiest(s, vms, width, new Set(hosts))
    const unplaced = vms.filter((v) => at[v]! < 0)
    if (searchHosts(s, [...hosts, ...more], unplaced, nodesPerTry)) {
      s.failures = 0
      return
    }
    s.failures++
    if (more.length < width) return
  }
}

/** The hosts with most room for one of the VMs. */
const roomiest = (
  s: RepairState,
  vms: readonly number[],
  count: number,
  taken: ReadonlySet<number>,
): number[] => {
  const { assignment } = s
  const { at } = assignment
  const { hostCount, domain } = assignment.model
  s.nodes += Math.ceil((vms.length * hostCount) / looksPerNode)
  const ranked: { readonly h: number; readonly rank: number }[] = []
  for (let h = 0; h < hostCount; h++) {
    if (taken.has(h)) continue
    let rank = Number.NEGATIVE_INFINITY
    for (const v of vms) if (domain[v]![h] === 1) rank = Math.max(rank, roomPermille(assignment, v, h))
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
