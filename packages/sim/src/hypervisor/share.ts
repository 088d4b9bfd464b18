/** Max-min fairness: none gets more than it wants, and none could get more without taking from a poorer one. */

/** Divides one capacity among wants: how a fair CPU scheduler treats the VMs of one host. */
export const fairShares = (wants: readonly number[], capacity: number): number[] => {
  const total = wants.reduce((sum, want) => sum + want, 0)
  if (total <= capacity) return [...wants]
  const order = wants.map((_, i) => i).sort((a, b) => (wants[a] ?? 0) - (wants[b] ?? 0) || a - b)
  const shares = wants.map(() => 0)
  let left = capacity
  for (const [rank, i] of order.entries()) {
    const share = Math.min(wants[i] ?? 0, left / (order.length - rank))
    shares[i] = share
    left -= share
  }
  return shares
}

export interface Flow<Link> {
  /** What it would take if it were alone. */
  readonly cap: number
  /** The links it crosses. */
  readonly links: readonly Link[]
}

/** How many of the rising flows cross each link. */
const usersOf = <Link>(flows: readonly Flow<Link>[], rising: ReadonlySet<number>): Map<Link, number> => {
  const users = new Map<Link, number>()
  for (const i of rising) for (const link of flows[i]!.links) users.set(link, (users.get(link) ?? 0) + 1)
  return users
}

/** By so much all rising flows can rise before a link is full or a flow has reached its cap. */
const stepOf = <Link>(
  flows: readonly Flow<Link>[],
  rates: readonly number[],
  rising: ReadonlySet<number>,
  users: ReadonlyMap<Link, number>,
  left: ReadonlyMap<Link, number>,
): number => {
  let step = Number.POSITIVE_INFINITY
  for (const [link, count] of users) step = Math.min(step, left.get(link)! / count)
  for (const i of rising) step = Math.min(step, flows[i]!.cap - rates[i]!)
  return step
}

/**
 * The rates of flows that share links (progressive filling, Bertsekas and Gallager, Data Networks §6.5.2): all rates
 * rise together; a flow stops at its cap, or when one of its links is full.
 */
export const fairRates = <Link>(flows: readonly Flow<Link>[], capacity: (link: Link) => number): number[] => {
  const rates = flows.map(() => 0)
  const rising = new Set(flows.keys())
  const left = new Map<Link, number>()
  for (const flow of flows) for (const link of flow.links) left.set(link, capacity(link))
  const isFull = (link: Link): boolean => left.get(link)! <= capacity(link) * 1e-9

  while (rising.size > 0) {
    const users = usersOf(flows, rising)
    const step = stepOf(flows, rates, rising, users, left)
    if (!Number.isFinite(step)) break
    const rise = Math.max(0, step)
    for (const i of rising) rates[i]! += rise
    for (const [link, count] of users) left.set(link, left.get(link)! - rise * count)
    const before = rising.size
    for (const i of [...rising]) {
      const { cap, links } = flows[i]!
      if (rates[i]! >= cap * (1 - 1e-9) || links.some(isFull)) rising.delete(i)
    }
    if (rising.size === before) break // rounding: nothing saturates any more, so nothing is left to give
  }
  return rates
}
