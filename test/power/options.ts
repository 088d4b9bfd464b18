/** What `npm run test:power` is told. */
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { allFaults, quickFaults } from './all-faults.ts'
import { drawMutants } from './mutants/mutants.ts'
import type { Fault } from './sown-fault.ts'
import { type SuiteName, suiteNames } from './suites.ts'
import type { SwarmOptions } from './swarm-search.ts'

export interface Options {
  readonly faults: readonly Fault[]
  readonly swarm: SwarmOptions | null
  readonly suites: readonly SuiteName[]
  readonly jobs: number
  readonly json: boolean
  readonly resume: string | null
  /** A file of `--resume` that is printed, and nothing is measured. */
  readonly table: string | null
}

export const usage = `usage: npm run test:power -- [WORD …] [options]
  WORD            faults of that id, or whose name contains it; none = all
  --only quick    the few that CI sows
  --mutants N     instead: N faults drawn from all that could be mistyped in the code that decides
  --mutant-seed S the seed of their draw (1)
  --suites LIST   swarm,${suiteNames.join(',')} (all)
  --seeds N       seeds of one search, at most (2000)
  --played N      of these, at most so many are played: the others lack a kind of fault that the fault needs (no bound)
  --starts N      searches, each from another first seed (5)
  --seed S        the first seed of the first search (1)
  --size SIZE     small, large or mix (small)
  --kinds A,B     only these kinds of fault: to see which one a fault needs
  --jobs N        faults at a time (one per processor)
  --resume FILE   goes on from there, and writes there
  --table FILE    only prints what stands there, as a table for a page
  --json          what was measured as one line of JSON`

const count = (name: string, text: string): number => {
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 1)
    throw new Error(`--${name} is a number from 1 on, not ${text}`)
  return value
}

const sizes: readonly SwarmOptions['size'][] = ['small', 'large', 'mix']

const sizeOf = (text: string): SwarmOptions['size'] => {
  const size = sizes.find((one) => one === text)
  if (size === undefined) throw new Error(`--size is ${sizes.join(', ')}, not ${text}`)
  return size
}

const chosen = (words: readonly string[], only: string | undefined): readonly Fault[] => {
  if (only !== undefined && only !== 'quick') throw new Error(`--only is quick, not ${only}`)
  const from = only === 'quick' ? quickFaults : allFaults
  if (words.length === 0) return from
  for (const word of words)
    if (!from.some(({ id, name }) => id === word || name.includes(word)))
      throw new Error(`no fault is called ${word}, and no name contains it`)
  return from.filter(({ id, name }) => words.some((word) => id === word || name.includes(word)))
}

const suitesOf = (text: string): readonly string[] => {
  const named = text.split(',')
  const unknown = named.find((one) => one !== 'swarm' && !suiteNames.some((name) => name === one))
  if (unknown !== undefined) throw new Error(`no suite is called ${unknown}: swarm, ${suiteNames.join(', ')}`)
  return named
}

/** Throws with a sentence for people. */
export const optionsOf = (args: readonly string[]): Options => {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      only: { type: 'string' },
      mutants: { type: 'string' },
      'mutant-seed': { type: 'string', default: '1' },
      suites: { type: 'string', default: ['swarm', ...suiteNames].join(',') },
      seeds: { type: 'string', default: '2000' },
      played: { type: 'string' },
      starts: { type: 'string', default: '5' },
      seed: { type: 'string', default: '1' },
      size: { type: 'string', default: 'small' },
      kinds: { type: 'string' },
      jobs: { type: 'string', default: String(availableParallelism()) },
      resume: { type: 'string' },
      table: { type: 'string' },
      json: { type: 'boolean', default: false },
    },
  })
  const suites = suitesOf(values.suites)
  if (values.mutants !== undefined && (positionals.length > 0 || values.only !== undefined))
    throw new Error('--mutants draws the faults: name none, and no --only')
  const swarm: SwarmOptions = {
    size: sizeOf(values.size),
    kinds: values.kinds?.split(',') ?? null,
    firstSeed: count('seed', values.seed),
    starts: count('starts', values.starts),
    seedsMax: count('seeds', values.seeds),
    playedMax: values.played === undefined ? Number.POSITIVE_INFINITY : count('played', values.played),
  }
  return {
    faults:
      values.mutants === undefined
        ? chosen(positionals, values.only)
        : drawMutants(count('mutant-seed', values['mutant-seed']), count('mutants', values.mutants)),
    swarm: suites.includes('swarm') ? swarm : null,
    suites: suiteNames.filter((name) => suites.includes(name)),
    jobs: count('jobs', values.jobs),
    json: values.json,
    resume: values.resume ?? null,
    table: values.table ?? null,
  }
}
