/**
 * Connections from outside that have not proven yet that they have the cluster key, by the address that they come from. A silent one
 * costs little and is waited for; but one address holds no more than its share, and the oldest of it makes room for the newest.
 */

/** `/ip4/10.0.0.7/tcp/4711` → `/ip4/10.0.0.7`: the next connection of the same host has another port. */
export const sourceOf = (address: string): string => /^\/[^/]+\/[^/]+/.exec(address)?.[0] ?? address

export interface PendingProofs<T> {
  /** Returns what ends the wait. `drop` is called with the oldest of the same source when there are too many. */
  begin(source: string, one: T): () => void
}

export const createPendingProofs = <T>(perSourceMax: number, drop: (one: T) => void): PendingProofs<T> => {
  const all = new Map<string, Set<T>>()
  return {
    begin(source, one) {
      const here = all.get(source) ?? new Set<T>()
      all.set(source, here)
      here.add(one)
      const [oldest] = here
      if (here.size > perSourceMax && oldest !== undefined) {
        here.delete(oldest)
        drop(oldest)
      }
      return () => {
        here.delete(one)
        if (here.size === 0 && all.get(source) === here) all.delete(source)
      }
    },
  }
}
