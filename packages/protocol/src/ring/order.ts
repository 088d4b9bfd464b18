/**
 * The order of the ring: first by location, so that neighbours are near and migrations between them cheap; within
 * one location by a hash of the host's id, so that names given in a row do not put a rack's hosts in a row.
 * Every host computes the same order from the same summaries; nothing is agreed on.
 */
import { byText, type HostId } from '../data/ids.ts'

export interface Position {
  readonly location: string
  readonly hash: number
  /** Breaks the tie of equal hashes, so that the order is total. */
  readonly host: HostId
}

/**
 * 53 bits of a text's code units: cyrb53 (bryc, public domain), two 32-bit multiply-xor lanes as in MurmurHash3.
 * It spreads, it does not protect: a host that chose its id to sit somewhere in the ring gains nothing by it.
 */
export const hashText = (text: string): number => {
  let high = 0xdeadbeef
  let low = 0x41c6ce57
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    high = Math.imul(high ^ unit, 2654435761)
    low = Math.imul(low ^ unit, 1597334677)
  }
  const mixedHigh = Math.imul(high ^ (high >>> 16), 2246822507) ^ Math.imul(low ^ (low >>> 13), 3266489909)
  const mixedLow =
    Math.imul(low ^ (low >>> 16), 2246822507) ^ Math.imul(mixedHigh ^ (mixedHigh >>> 13), 3266489909)
  return 4294967296 * (2097151 & mixedLow) + (mixedHigh >>> 0)
}

export const positionOf = (host: HostId, location: string): Position => ({
  location,
  hash: hashText(host),
  host,
})

export const comparePositions = (a: Position, b: Position): number =>
  byText(a.location, b.location) || a.hash - b.hash || byText(a.host, b.host)

/** The ring's order of anything that names a host and its location, such as a load summary. */
export const compareHosts = (
  a: { readonly host: HostId; readonly location: string },
  b: { readonly host: HostId; readonly location: string },
): number => comparePositions(positionOf(a.host, a.location), positionOf(b.host, b.location))

/** Where `position` is, or would be inserted, in `sorted`: the first index whose position is not before it. */
export const indexOfPosition = (
  sorted: readonly { readonly position: Position }[],
  position: Position,
): number => {
  let from = 0
  let to = sorted.length
  while (from < to) {
    const middle = (from + to) >>> 1
    if (comparePositions(sorted[middle]!.position, position) < 0) from = middle + 1
    else to = middle
  }
  return from
}

/**
 * The indices of a ring of `size` members as seen from `index`, near first: +1, −1, +2, −2 …; each once, never
 * `index` itself.
 */
export const alternately = (index: number, size: number): readonly number[] => {
  const seen: number[] = []
  for (let distance = 1; seen.length < size - 1; distance++) {
    seen.push((index + distance) % size)
    if (seen.length < size - 1) seen.push((index - distance + size * distance) % size)
  }
  return seen
}

/** How many leading parts (`dc1/rack7` has two) two locations share: more is nearer. */
export const sharedDepth = (a: string, b: string): number => {
  if (a === b) return Number.MAX_SAFE_INTEGER
  const left = a.split('/')
  const right = b.split('/')
  let depth = 0
  while (depth < left.length && depth < right.length && left[depth] === right[depth]) depth++
  return depth
}
