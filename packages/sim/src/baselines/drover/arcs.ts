/**
 * The ring in arcs: contiguous parts of its order, of a bounded number of hosts each. An agent follows its own arc and both
 * beside it, whatever the size of the cluster (docs/simulation.md).
 */
import { alternately, comparePositions, type HostId, positionOf } from '@drover/protocol'

export interface Arcs {
  /** The other hosts that this one follows, nearest in the ring first. Places in the list of hosts. */
  followed(host: number): Uint32Array
  /** How many follow the arc of this host, itself included. */
  subscribers(host: number): number
}

export const arcsOf = (ids: readonly HostId[], hostsMax: number): Arcs => {
  const size = ids.length
  const positions = ids.map((id, index) => ({ position: positionOf(id, ''), index }))
  const ring = positions.sort((a, b) => comparePositions(a.position, b.position)).map(({ index }) => index)
  const placeOf = new Uint32Array(size)
  for (const [place, index] of ring.entries()) placeOf[index] = place

  const count = Math.max(1, Math.ceil(size / hostsMax))
  /** Arc a holds the places from edge a to edge a + 1: as equal as can be. */
  const edge = (arc: number): number => Math.floor((arc * size) / count)
  const arcOf = (place: number): number => {
    const near = Math.floor((place * count) / size)
    return place >= edge(near + 1) ? near + 1 : near
  }
  /** Of the arcs that are seen from one: it and both beside it, or as many as there are. */
  const seenFrom = (arc: number): readonly number[] => [
    ...new Set([(arc - 1 + count) % count, arc, (arc + 1) % count]),
  ]
  const sizes = Array.from({ length: count }, (_, arc) =>
    seenFrom(arc).reduce((sum, one) => sum + edge(one + 1) - edge(one), 0),
  )
  /** All distances up to what three arcs can span; the same for all. */
  const outwards = alternately(0, Math.min(size, 6 * Math.ceil(size / count) + 1))
  const steps = outwards.map((step) => (2 * step > outwards.length + 1 ? step - outwards.length - 1 : step))
  const known = new Map<number, Uint32Array>()

  return {
    followed(host) {
      const before = known.get(host)
      if (before !== undefined) return before
      const place = placeOf[host]!
      const arcs = new Set(seenFrom(arcOf(place)))
      const seen = new Set<number>()
      for (const step of steps) {
        const at = (place + step + size) % size
        if (at !== place && arcs.has(arcOf(at))) seen.add(ring[at]!)
      }
      const found = Uint32Array.from(seen)
      known.set(host, found)
      return found
    },
    subscribers: (host) => sizes[arcOf(placeOf[host]!)]!,
  }
}
