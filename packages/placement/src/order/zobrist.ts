/** Zobrist hashing (1970) of a state: each fact has its own bits, and a fact that comes or goes flips them. */
export interface ZobristHash {
  high: number
  low: number
}

/** The fact of this number comes, or goes. */
export const flip = (hash: ZobristHash, fact: number): void => {
  hash.high ^= scrambled(2 * fact)
  hash.low ^= scrambled(2 * fact + 1)
}

/** Equal for equal sets of facts; 53 bits. */
export const keyOf = ({ high, low }: ZobristHash): number => (high >>> 0) * 2 ** 21 + (low >>> 11)

/** 32 well mixed bits of a number (Murmur3's finaliser). */
const scrambled = (n: number): number => {
  let x = Math.imul(n + 1, 0x9e3779b1)
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b)
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35)
  return x ^ (x >>> 16)
}
