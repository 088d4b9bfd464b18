/** How many seeds the swarm needs to find a fault: from several first seeds on, each a search of its own. */
import { type Size, sizeOfSeed } from '../swarm/draw.ts'
import type { Outcome } from '../swarm/play.ts'
import { createSeedPlayer, type SeedPlayer } from '../swarm/seed-player.ts'
import { checkersIn, firstLineOf, isAssertion, type Search, type SeedFinding } from './measured.ts'
import { silentExitCode, sownEnv } from './sown-env.ts'

export interface SwarmOptions {
  readonly size: Size | 'mix'
  /** Only these kinds of fault exist; null = as each seed draws them. */
  readonly kinds: readonly string[] | null
  /** Of the first search; those of the others are far from it. */
  readonly firstSeed: number
  readonly starts: number
  /** Of one search, at most. */
  readonly seedsMax: number
}

/** Between the first seeds of two searches: more than any search plays. */
const startsApart = 1_000_000

/** What a process says that was to sow a fault, and could not. */
const unsown = /was to be sown here|no fault is called|places in/

/** `fault` null = sound. */
const playerOf = (fault: string | null, kinds: SwarmOptions['kinds']): SeedPlayer =>
  createSeedPlayer({
    env: sownEnv(fault),
    drawn: kinds === null ? {} : { kinds },
    twice: false,
    untilBroken: true,
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

const findingOf = ({ seed, violations: broken }: Outcome): SeedFinding => ({
  seed,
  test: `swarm seed ${seed}`,
  checkers: [...new Set(broken.flatMap(checkerOf))].sort(),
  text: broken[0] === undefined ? '' : `${broken[0].invariant} ${firstLineOf(broken[0].text)}`,
})

/** The seeds of a search, in order: of a half of the mix only those that belong to it. */
function* seedsFrom(first: number, size: SwarmOptions['size']): Generator<number> {
  for (let seed = first; ; seed++) if (size === 'mix' || sizeOfSeed(seed) === size) yield seed
}

const searchFrom = async (
  player: SeedPlayer,
  control: Control,
  first: number,
  { size, seedsMax }: Pick<SwarmOptions, 'size' | 'seedsMax'>,
): Promise<Search> => {
  let seeds = 0
  for (const seed of seedsFrom(first, size)) {
    seeds += 1
    const answer = await player.play(seed)
    if (answer.violations.length > 0 && (await control.isSound(seed)))
      return { first, seeds, found: findingOf(answer) }
    if (seeds === seedsMax) break
  }
  return { first, seeds, found: null }
}

/** After a search in vain no other is made: it has taken all the time that the fault is worth. */
export const searchSwarm = async (
  fault: string,
  options: SwarmOptions,
  control: Control,
): Promise<readonly Search[]> => {
  const player = playerOf(fault, options.kinds)
  const searches: Search[] = []
  try {
    for (let start = 0; start < options.starts; start++) {
      const search = await searchFrom(player, control, options.firstSeed + start * startsApart, options)
      searches.push(search)
      if (search.found === null) break
    }
  } finally {
    player.close()
  }
  return searches
}
