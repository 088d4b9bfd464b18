/** How large a share of all mutants is found, judged by those that were drawn: the score interval of Wilson (1927), 95 %. */
export interface Share {
  /** 0 … 1 */
  readonly share: number
  readonly low: number
  readonly high: number
}

/** The normal deviate of 95 %, both sides. */
const z = 1.96

/** `found` of `drawn`, `drawn` ≥ 1. */
export const shareOf = (found: number, drawn: number): Share => {
  const share = found / drawn
  const spread = 1 + z ** 2 / drawn
  const middle = (share + z ** 2 / (2 * drawn)) / spread
  const half = (z / spread) * Math.sqrt((share * (1 - share)) / drawn + z ** 2 / (4 * drawn ** 2))
  return { share, low: Math.max(0, middle - half), high: Math.min(1, middle + half) }
}
