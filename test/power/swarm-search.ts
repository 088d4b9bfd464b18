/** How many seeds the swarm needs to find a fault: from several first seeds on, each a search of its own. */
import { kindsOfSeed, type Size, sizeOfSeed } from '../swarm/draw.ts'
import type { Outcome } from '../swarm/play.ts'
import { createSeedPlayer, type SeedPlayer } from '../swarm/seed-player.ts'
import { checkersIn, firstLineOf, isAssertion, type Search, type SeedFinding } from './measured.ts'
import { silentExitCode, sownEnv } from './sown-env.ts'
import type { Fault } from './sown-fault.ts'

export interface SwarmOptions {
  readonly size: Size | 'mix'
  /** Only these kinds of fault exist; null = as each seed draws them. */
  readonly kinds: readonly string[] | null
  /** Of the first search; those of the others are far from it. */
  readonly firstSeed: number
  readonly starts: number
  /** Of one search, at most: those that are passed over included. */
  readonly seedsMax: number
  /** Of these, at most so many are played. */
  readonly playedMax: number
}

/** Between the first seeds of two searches: more than any search plays. */
const startsApart = 1_000_000

/** What a process says that was to sow a fault, and could not. */
const unsown = /was to be sown here|no fault is called|places in/

/** `fault` null = sound. */
const playerOf = (fault: string | null, kinds: SwarmOptions['kinds'], untilBroken = true): SeedPlayer =>
  createSeedPlayer({
    env: sownEnv(fault),
    drawn: kinds === null ? {} : { kinds },
    twice: false,
    untilBroken,
    isFatal: (said, code) => code === silentExitCode || unsown.test(said),
  })

/** The sound code plays each seed that found a fault, too: what fails there as well was not found. Each seed once. */
export interface Control {
  isSound(seed: number): Promise<boolean>
  /** Seeds at which the sound code fails. */
  readonly failed: readonly number[]
  close(): void
}

export const createControl = ({ kinds }: Pick<SwarmOptions, 'kinds'>): Control => {
  const player = playerOf(null, kinds)
  const known = new Map<number, Promise<boolean>>()
  const failed: number[] = []
  let turn: Promise<unknown> = Promise.resolve()
  const play = async (seed: number): Promise<boolean> => {
    const { violations } = await player.play(seed)
    if (violations.length > 0) failed.push(seed)
    return violations.length === 0
  }
  return {
    failed,
    isSound(seed) {
      const before = known.get(seed)
      if (before !== undefined) return before
      const result = turn.then(() => play(seed))
      turn = result.catch(() => {})
      known.set(seed, result)
      return result
    },
    close: () => player.close(),
  }
}

const checkerOf = ({ invariant, text }: Outcome['violations'][number]): readonly string[] => {
  if (invariant !== 'error') return [invariant]
  return isAssertion(text) ? ['assertion'] : ['error', ...checkersIn(text)]
}

/** `all`: the same seed, played to its end: what else fires once something is broken. */
const findingOf = ({ seed, violations: broken }: Outcome, all: Outcome): SeedFinding => ({
  seed,
  test: `swarm seed ${seed}`,
  checkers: [...new Set([...broken, ...all.violations].flatMap(checkerOf))].sort(),
  text: broken[0] === undefined ? '' : `${broken[0].invariant} ${firstLineOf(broken[0].text)}`,
})

/** What a broken program, or a broken rule of the hand-over, shows is not looked for by name. */
const always: ReadonlySet<string> = new Set(['assertion', 'error', 'hang', 'R1', 'R2'])

/**
 * Does a checker say it that judges what the fault breaks? Each change of the code makes another story of a seed, and a few in a
 * hundred of the sound code's stories break some promise, too. Of a fault that was drawn it is not known what it breaks.
 */
const isMeant = ({ breaks }: Fault, { checkers }: SeedFinding): boolean =>
  breaks.length === 0 || checkers.some((code) => always.has(code) || breaks.some((meant) => meant === code))

/** The seeds of a search, in order: of a half of the mix only those that belong to it. */
function* seedsFrom(first: number, size: SwarmOptions['size']): Generator<number> {
  for (let seed = first; ; seed++) if (size === 'mix' || sizeOfSeed(seed) === size) yield seed
}

/** Can this seed show the fault, as far as is known? With chosen kinds each seed has all of them. */
export const hasNeeds = ({ needs }: Fault, { kinds }: Pick<SwarmOptions, 'kinds'>, seed: number): boolean => {
  if (kinds !== null || needs === undefined) return true
  const drawn = kindsOfSeed({ seed })
  return needs.every((kind) => drawn.includes(kind))
}

/** Plays seeds with one fault: until something is broken, or to the end. */
interface Players {
  readonly fault: Fault
  readonly quick: SeedPlayer
  readonly whole: SeedPlayer
}

interface SearchOptions extends Pick<SwarmOptions, 'size' | 'kinds' | 'seedsMax' | 'playedMax'> {
  /** The seed that finds the fault is played to its end, for all checkers that fire. */
  readonly tellsAll: boolean
}

const searchFrom = async (
  { fault, quick, whole }: Players,
  control: Control,
  first: number,
  options: SearchOptions,
): Promise<Search> => {
  let seeds = 0
  let played = 0
  let aside: SeedFinding | null = null
  for (const seed of seedsFrom(first, options.size)) {
    seeds += 1
    if (hasNeeds(fault, options, seed)) {
      played += 1
      const answer = await quick.play(seed)
      if (answer.violations.length > 0 && (await control.isSound(seed))) {
        const soon = findingOf(answer, answer)
        const found =
          isMeant(fault, soon) && !options.tellsAll ? soon : findingOf(answer, await whole.play(seed))
        if (isMeant(fault, found)) return { first, seeds, played, found, aside }
        aside ??= found
      }
    }
    if (seeds === options.seedsMax || played === options.playedMax) break
  }
  return { first, seeds, played, found: null, aside }
}

/** After a search in vain no other is made: it has taken all the time that the fault is worth. */
export const isSearched = (searches: readonly Search[], { starts }: Pick<SwarmOptions, 'starts'>): boolean =>
  searches.length >= starts || searches.at(-1)?.found === null

/** `before`: searches that were made already, from the first starts; those that are missing follow. */
export const searchSwarm = async (
  fault: Fault,
  options: SwarmOptions,
  control: Control,
  before: readonly Search[],
): Promise<readonly Search[]> => {
  if (isSearched(before, options)) return before
  const [quick, whole] = [playerOf(fault.id, options.kinds), playerOf(fault.id, options.kinds, false)]
  const searches = [...before]
  try {
    for (let start = before.length; !isSearched(searches, options); start++) {
      const first = options.firstSeed + start * startsApart
      const tellsAll = start === 0
      const search = await searchFrom({ fault, quick, whole }, control, first, { ...options, tellsAll })
      searches.push(search)
    }
  } finally {
    quick.close()
    whole.close()
  }
  return searches
}
