/** Plays seeds in several processes. */
import type { DrawnKinds } from './draw.ts'
import type { Outcome } from './play.ts'
import { createSeedPlayer } from './seed-player.ts'

export interface PoolOptions {
  readonly jobs: number
  readonly drawn: DrawnKinds
  readonly twice: boolean
  /** Called once for each seed, in the order in which they end. */
  readonly onOutcome: (outcome: Outcome) => void
}

/** Resolves when all are played. */
export const playSeeds = async (seeds: readonly number[], options: PoolOptions): Promise<void> => {
  const { jobs, drawn, twice, onOutcome } = options
  let next = 0
  const one = async (): Promise<void> => {
    const player = createSeedPlayer({ drawn, twice, untilBroken: false })
    for (let seed = seeds[next++]; seed !== undefined; seed = seeds[next++])
      onOutcome(await player.play(seed))
    player.close()
  }
  await Promise.all(Array.from({ length: Math.min(jobs, seeds.length) }, one))
}
