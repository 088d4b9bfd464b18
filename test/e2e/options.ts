/** The command line of `npm run e2e:faults`. */
import { parseArgs } from 'node:util'
import { hostsMax } from './network/namespaces.ts'

export interface Options {
  /** How long faults go on, minutes; warming up and healing come on top. */
  readonly minutes: number
  readonly seed: number
  readonly agents: number
  readonly json: boolean
  /** Kinds of fault, by name; null = the seed decides. */
  readonly only: readonly string[] | null
}

export type Parsed =
  | { readonly kind: 'run'; readonly options: Options }
  | { readonly kind: 'help'; readonly text: string }
  | { readonly kind: 'wrong'; readonly text: string }

export const usageOf = (kinds: readonly string[]): string => `npm run e2e:faults [-- OPTIONS]

Real drover agents, each a process in a network namespace of its own, on one simulated world. Faults drawn
from a seed strike them; safety is watched all the time. Then everything is healed, and all promises of
liveness have to be kept in time. Needs root and Linux.

  --minutes M   how long faults strike, 0.2 to 1440 (default 3)
  --seed S      decides which faults there are, and when (default 1)
  --agents N    3 to ${hostsMax} (default 5)
  --only KINDS  only these kinds of fault, with commas: ${kinds.join(', ')}
  --json        the summary as one JSON object on the last line of stdout; progress goes to stderr
  --help        this text

The same seed strikes with the same faults in the same order. What comes of it, and how far it gets, differs from run to run: real
processes in real time are not deterministic.

Exit code: 0 = no promise was broken and every bound was met, 1 = not so, 2 = wrong usage, or something is missing.
`

const within = (name: string, text: string, low: number, high: number, whole: boolean): number => {
  const value = /^\d{1,9}(\.\d{1,6})?$/.test(text) ? Number(text) : Number.NaN
  if (!(value >= low && value <= high) || (whole && !Number.isInteger(value)))
    throw new RangeError(
      `--${name} wants a ${whole ? 'whole ' : ''}number from ${low} to ${high}, not '${text}'`,
    )
  return value
}

const kindsOf = (text: string | undefined, kinds: readonly string[]): readonly string[] | null => {
  if (text === undefined) return null
  const found = text.split(',').map((word) => word.trim())
  const strange = found.find((word) => !kinds.includes(word))
  if (strange !== undefined) throw new RangeError(`--only knows no '${strange}': ${kinds.join(', ')}`)
  return found
}

export const parseOptions = (argv: readonly string[], kinds: readonly string[]): Parsed => {
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: {
        minutes: { type: 'string', default: '3' },
        seed: { type: 'string', default: '1' },
        agents: { type: 'string', default: '5' },
        only: { type: 'string' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    })
    if (values.help) return { kind: 'help', text: usageOf(kinds) }
    return {
      kind: 'run',
      options: {
        minutes: within('minutes', values.minutes, 0.2, 1_440, false),
        seed: within('seed', values.seed, 0, 999_999_999, true),
        agents: within('agents', values.agents, 3, hostsMax, true),
        only: kindsOf(values.only, kinds),
        json: values.json,
      },
    }
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error)
    return { kind: 'wrong', text: `${text.split('\n')[0]} (see --help)` }
  }
}

/** The command that strikes with the same faults again. */
export const again = ({ minutes, seed, agents, only }: Options): string =>
  `npm run e2e:faults -- --minutes ${minutes} --seed ${seed} --agents ${agents}${only === null ? '' : ` --only ${only.join(',')}`}`
