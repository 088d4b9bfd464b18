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
export const worstGain = (arrivals: readonly Flow[], departures: readonly number[]): number => {
  const total = arrivals.reduce((sum, arrival) => sum + arrival.amount, 0)
  return total - maxFlow(arrivals, departures)
}

/**
 * The same with at least one arrival started: it may be below zero, where every arrival waits for larger departures. Null: none
 * of them adds anything.
 */
export const arrivalGain = (arrivals: readonly Flow[], departures: readonly number[]): number | null => {
  let most: number | null = null
  for (const [a, { amount, needs }] of arrivals.entries()) {
    if (amount === 0) continue
    // This one has started: what it needs is done, for it and for all others.
    const gone = new Set(needs)
    const others = arrivals.filter((_, b) => b !== a)
    const left = departures.map((departure, d) => (gone.has(d) ? 0 : departure))
    const credited = needs.reduce((sum, d) => sum + departures[d]!, 0)
    const gain = amount - credited + worstGain(others, left)
    if (most === null || gain > most) most = gain
  }
  return most
}

/** source → arrival (amount) → departure (unbounded) → sink (amount); augmenting along shortest paths. */
const maxFlow = (arrivals: readonly Flow[], departures: readonly number[]): number => {
  const supply = arrivals.map((arrival) => arrival.amount)
  const room = [...departures]
  const sent = arrivals.map(() => new Map<number, number>())
  let flow = 0
  for (;;) {
    // Breadth first over arrivals; an arrival can also take back what another sent to a shared departure.
    const via = new Map<number, { arrival: number; departure: number } | null>()
    const queue: number[] = []
    supply.forEach((left, a) => {
      if (left > 0) {
        via.set(a, null)
        queue.push(a)
      }
    })
    let end: { arrival: number; departure: number } | null = null
    for (let i = 0; i < queue.length && end === null; i++) {
      const a = queue[i]!
      for (const d of arrivals[a]!.needs) {
        if (room[d]! > 0) {
          end = { arrival: a, departure: d }
          break
        }
        for (let b = 0; b < arrivals.length; b++)
          if ((sent[b]!.get(d) ?? 0) > 0 && !via.has(b)) {
            via.set(b, { arrival: a, departure: d })
            queue.push(b)
          }
      }
    }
    if (end === null) return flow
    // The bottleneck of the path, then push it.
    let push = room[end.departure]!
    let a = end.arrival
    for (let step = via.get(a); step !== null && step !== undefined; step = via.get(a)) {
      push = Math.min(push, sent[a]!.get(step.departure)!)
      a = step.arrival
    }
    push = Math.min(push, supply[a]!)
    supply[a]! -= push
    room[end.departure]! -= push
    flow += push
    a = end.arrival
    let departure = end.departure
    for (;;) {
      sent[a]!.set(departure, (sent[a]!.get(departure) ?? 0) + push)
      const step = via.get(a)
      if (step === null || step === undefined) break
      sent[a]!.set(step.departure, sent[a]!.get(step.departure)! - push)
      departure = step.departure
      a = step.arrival
    }
  }
}
