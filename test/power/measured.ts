/** What is known of a fault once the suites have run against it; plain data, as it stands in the file of `--resume`. */

/** A test, a story or a seed that fails with the fault, and passes without it. */
export interface Finding {
  readonly test: string
  /** The promises that the failure names (`S9`), `assertion` where the core stopped itself, `error`, or nothing of these. */
  readonly checkers: readonly string[]
  /** Its first line. */
  readonly text: string
}

export interface SeedFinding extends Finding {
  readonly seed: number
}

/** One search of the swarm, seed by seed from `first` on. */
export interface Search {
  readonly first: number
  /** Seeds that were looked at until one found the fault, that one included; or all, in vain. */
  readonly seeds: number
  /** Of these: the others lacked a kind of fault that it needs, and so were passed over. */
  readonly played: number
  readonly found: SeedFinding | null
  /** The first seed before that at which only other checkers fired than those of what the fault breaks: it did not count. */
  readonly aside?: SeedFinding | null
}

export interface Measured {
  readonly fault: string
  readonly searches: readonly Search[]
  /** By suite; null = it passes, and so does not see the fault. */
  readonly suites: Readonly<Record<string, Finding | null>>
  /** Of the code; what was not committed is not told. */
  readonly commit: string
  /** Of all processes, s. */
  readonly tookS: number
}

const codes = /\b(?:S1[0-5]|S[1-9]|R[12]|Q[1-4]|L[1-6])\b/g

/** Which promises a text names, each once. What the core asserts is one checker of its own, whatever promise it names. */
export const checkersIn = (text: string): readonly string[] => {
  const lines = text.split('\n')
  const told = lines.filter((line) => !isAssertion(line)).join('\n')
  const asserted = lines.some(isAssertion) ? ['assertion'] : []
  return [...new Set([...(told.match(codes) ?? []), ...asserted])].sort()
}

/** Of the core, not of a test. */
export const isAssertion = (text: string): boolean => text.includes('assertion failed:')

export const firstLineOf = (text: string): string =>
  (text.split('\n').find((line) => line.trim() !== '') ?? '').trim().slice(0, 200)

/** Median of the seeds that each search took; a search in vain took more than any other. Null: none was made, or most in vain. */
export const medianSeeds = (searches: readonly Search[]): number | null => {
  const took = searches.map(({ seeds, found }) => (found === null ? Infinity : seeds)).sort((a, b) => a - b)
  const middle = took[Math.floor((took.length - 1) / 2)]
  return middle === undefined || middle === Infinity ? null : middle
}

export const isFoundBySwarm = ({ searches }: Measured): boolean =>
  searches.some(({ found }) => found !== null)

export const isFound = (measured: Measured): boolean =>
  isFoundBySwarm(measured) || Object.values(measured.suites).some((found) => found !== null)

/** All that fired when it was found. */
export const checkersOf = ({ searches, suites }: Measured): readonly string[] =>
  [
    ...new Set([
      ...searches.flatMap(({ found }) => found?.checkers ?? []),
      ...Object.values(suites).flatMap((found) => found?.checkers ?? []),
    ]),
  ].sort()
