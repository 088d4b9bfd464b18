/** What the command line of the swarm says. */
import { randomInt } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { allKinds, type DrawnKinds, type Size } from './draw.ts'

export interface SwarmOptions {
  /** How many seeds, and the first. */
  readonly seeds: number
  readonly seed: number
  /** Was the first seed drawn? */
  readonly fresh: boolean
  readonly size: Size | 'mix'
  readonly drawn: DrawnKinds
  readonly jobs: number
  readonly json: boolean
  readonly shrink: boolean
  /** Each seed is played twice, and must give the same trace. */
  readonly twice: boolean
  /** Where stories of failures go. */
  readonly out: string
}

export const usage = `usage: npm run swarm -- [options]

Plays seeded clusters of ten simulated minutes each: each seed draws which faults exist, they rage for five minutes, a core of
hosts is healed beside the broken rest, then all of them. Promises are judged all the time. A failure is shrunk and written
down as a story.

  --seeds K        how many seeds (default 100)
  --seed S         the first one (default: a fresh one, which is printed)
  --size SIZE      small (2 to 5 hosts), large (6 to 200) or mix (default: mix, half of either)
  --kinds A,B      only these kinds of fault; 'none' for load steps only; 'list' prints them
  --settled        without the kinds with which some seeds still break a promise: what CI holds to
  --jobs N         processes at a time (default: one per core)
  --twice          each seed twice: both runs must be the same
  --no-shrink      a failure is not shrunk
  --out DIR        where the stories of failures go (default: swarm-failures)
  --json           one line of JSON per seed, and one at the end
  --help

Exit code 0: every promise was kept. 1: one was broken. 2: wrong usage.`

export class UsageError extends Error {}

const whole = (name: string, text: string | undefined, fallback: number): number => {
  const value = text === undefined ? fallback : Number(text)
  if (!Number.isSafeInteger(value) || value < 0)
    throw new UsageError(`--${name} ${text}: a whole number is wanted`)
  return value
}

const kindsOf = (text: string): readonly string[] => {
  if (text === 'none') return ['steps', 'flash crowds']
  const known = allKinds.map(({ name }) => name)
  const asked = text.split(',').map((word) => word.trim())
  const unknown = asked.find((word) => !known.includes(word))
  if (unknown !== undefined)
    throw new UsageError(`--kinds ${unknown}: no such kind; they are: ${known.join(', ')}`)
  return asked
}

const sizes = ['small', 'large', 'mix'] as const

/** Null: help is wanted. Throws UsageError. */
export const readOptions = (args: readonly string[]): SwarmOptions | null => {
  let values: ReturnType<typeof parse>['values']
  try {
    values = parse(args).values
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
  if (values.help === true) return null
  const size = sizes.find((one) => one === (values.size ?? 'mix'))
  if (size === undefined) throw new UsageError(`--size ${values.size}: it is ${sizes.join(', ')}`)
  const jobs = whole('jobs', values.jobs, availableParallelism())
  if (jobs === 0) throw new UsageError('--jobs 0: at least one process is needed')
  return {
    seeds: whole('seeds', values.seeds, 100),
    seed: whole('seed', values.seed, randomInt(1_000_000_000)),
    fresh: values.seed === undefined,
    size,
    drawn: {
      ...(values.kinds === undefined ? {} : { kinds: kindsOf(values.kinds) }),
      ...(values.settled === true ? { settled: true } : {}),
    },
    jobs,
    json: values.json === true,
    shrink: values['no-shrink'] !== true,
    twice: values.twice === true,
    out: values.out ?? 'swarm-failures',
  }
}

const parse = (args: readonly string[]) =>
  parseArgs({
    args: [...args],
    options: {
      seeds: { type: 'string' },
      seed: { type: 'string' },
      size: { type: 'string' },
      kinds: { type: 'string' },
      settled: { type: 'boolean' },
      jobs: { type: 'string' },
      json: { type: 'boolean' },
      twice: { type: 'boolean' },
      'no-shrink': { type: 'boolean' },
      out: { type: 'string' },
      help: { type: 'boolean' },
    },
  })

/** The seeds to play, in order: of a half of the mix only those that belong to it. */
export const seedsOf = (
  { seeds, seed, size }: SwarmOptions,
  halfOf: (seed: number) => Size,
): readonly number[] => {
  const chosen: number[] = []
  for (let next = seed; chosen.length < seeds; next++)
    if (size === 'mix' || halfOf(next) === size) chosen.push(next)
  return chosen
}
