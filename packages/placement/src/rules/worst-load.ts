/**
 * The worst reachable load of a host under *any* execution order. An arrival counts from its start, a departure
 * is credited when done, and only actions whose predecessors are done start. So a state is a set of started
 * arrivals together with the departures they presuppose, and the worst one is a maximum-weight closure
 * (Picard, Management Science 1976): all arrivals, less a minimum cut between arrivals and their departures.
 */

export interface Flow {
  /** What the arrival adds. */
  readonly amount: number
  /** Indexes into the departures that must be done before it starts. */
  readonly needs: readonly number[]
}

/** The largest possible (started arrivals − departures they need), ≥ 0. Amounts are non-negative integers. */
export const worstGain = (arrivals: readonly Flow[], departures: readonly number[]): number =>
  totalOf(arrivals) - drain(networkOf(arrivals, departures))

/**
 * The same with at least one arrival started: it may be below zero, where every arrival waits for larger departures. Null: none
 * of them adds anything.
 */
export const arrivalGain = (arrivals: readonly Flow[], departures: readonly number[]): number | null => {
  const network = networkOf(arrivals, departures)
  const gain = totalOf(arrivals) - drain(network)
  if (gain > 0) return gain
  // All of them is covered by departures. One that is forced to start takes along what more it can reach of these.
  let least = Number.POSITIVE_INFINITY
  for (const [a, { amount }] of arrivals.entries())
    if (amount > 0) least = Math.min(least, drainForced(network, a, least))
  return least === Number.POSITIVE_INFINITY ? null : -least
}

const totalOf = (arrivals: readonly Flow[]): number => arrivals.reduce((sum, { amount }) => sum + amount, 0)

/** source → arrival (amount) → departure (unbounded) → sink (amount). */
interface Network {
  readonly arrivals: readonly Flow[]
  /** What is left of each arrival, and of each departure. */
  readonly supply: number[]
  readonly room: number[]
  /** Per departure: which arrivals it covers, and how much of each. */
  readonly covered: readonly Map<number, number>[]
}

const networkOf = (arrivals: readonly Flow[], departures: readonly number[]): Network => ({
  arrivals,
  supply: arrivals.map(({ amount }) => amount),
  room: [...departures],
  covered: departures.map(() => new Map()),
})

/** The maximum flow: all that departures can cover of the arrivals. */
const drain = (network: Network): number => {
  let flow = 0
  for (let pushed = augment(network); pushed > 0; pushed = augment(network)) flow += pushed
  return flow
}

/** What more flows when this one arrival has no end; no further once that is `enough`. The network stays as it is. */
const drainForced = ({ arrivals, room, covered }: Network, forced: number, enough: number): number => {
  const network: Network = {
    arrivals,
    supply: arrivals.map((_, a) => (a === forced ? Number.MAX_SAFE_INTEGER : 0)),
    room: [...room],
    covered: covered.map((one) => new Map(one)),
  }
  let flow = 0
  for (let pushed = augment(network); pushed > 0 && flow < enough; pushed = augment(network)) flow += pushed
  return flow
}

/** How the search came to an arrival: another one may take over this departure of it. */
type Step = { readonly arrival: number; readonly departure: number } | null

/** One more path from an arrival with supply to a departure with room, a shortest one; what was pushed along it. 0 = there is none. */
const augment = (network: Network): number => {
  const { arrivals, supply, room, covered } = network
  const via = new Map<number, Step>()
  const seen = new Uint8Array(room.length)
  supply.forEach((left, a) => {
    if (left > 0) via.set(a, null)
  })
  // A map is walked in the order in which it grows: breadth first.
  for (const a of via.keys())
    for (const d of arrivals[a]!.needs) {
      if (room[d]! > 0) return push(network, via, a, d)
      if (seen[d] === 1) continue
      seen[d] = 1
      for (const b of covered[d]!.keys()) if (!via.has(b)) via.set(b, { arrival: a, departure: d })
    }
  return 0
}

const push = (
  { supply, room, covered }: Network,
  via: ReadonlyMap<number, Step>,
  last: number,
  end: number,
): number => {
  let most = room[end]!
  let first = last
  for (let step = via.get(first); step; step = via.get(first)) {
    most = Math.min(most, covered[step.departure]!.get(first)!)
    first = step.arrival
  }
  most = Math.min(most, supply[first]!)
  supply[first]! -= most
  room[end]! -= most
  let departure = end
  let a = last
  const cover = (of: number, by: number): void => {
    const left = (covered[departure]!.get(of) ?? 0) + by
    if (left > 0) covered[departure]!.set(of, left)
    else covered[departure]!.delete(of)
  }
  for (;;) {
    cover(a, most)
    const step = via.get(a)
    if (!step) return most
    departure = step.departure
    cover(a, -most)
    a = step.arrival
  }
}
