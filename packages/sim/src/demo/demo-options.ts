/** The demo's command line. */
import { parseArgs } from 'node:util'
import { wordsOf } from '@drover/agent/runtime'

/** What may go wrong, by name. `on` = agents and host. */
export const faultKinds = ['agents', 'host', 'cut', 'migrations'] as const
export type FaultKind = (typeof faultKinds)[number]

export interface DemoOptions {
  readonly hosts: number
  readonly seed: number
  readonly faults: ReadonlySet<FaultKind>
  /** How long the story may take once all agents know each other, s. */
  readonly durationS: number
  readonly json: boolean
}

export type Parsed =
  | { readonly kind: 'run'; readonly options: DemoOptions }
  | { readonly kind: 'help'; readonly text: string }
  | { readonly kind: 'wrong'; readonly text: string }

const usage = `npm start [-- OPTIONS]

A cluster of real drover agents in one process, on simulated hypervisors: some hosts get
overloaded, two agents and one whole host are killed, and the others cope. Ends by itself.

  --hosts N        hosts, each with its agent and 8 VMs: 4 to 128 (default 16)
  --seed N         decides all that is drawn (default 1)
  --faults WHAT    on (agents,host), off, all, or a list of: ${faultKinds.join(', ')} (default on)
  --duration S     how long the story may take, 10 to 75 seconds (default 45)
  --json           the summary as one JSON object on the last line of stdout; progress goes to stderr
  --help           this text

Exit code: 0 = every curable overload was cured and no promise was broken, 1 = not so, 2 = bad usage.
`

const integer = (name: string, text: string, low: number, high: number): number => {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN
  if (!(value >= low && value <= high))
    throw new RangeError(`--${name} wants a whole number from ${low} to ${high}, not '${text}'`)
  return value
}

const faultsOf = (text: string): ReadonlySet<FaultKind> => {
  if (text === 'on') return new Set(['agents', 'host'])
  if (text === 'off') return new Set()
  if (text === 'all') return new Set(faultKinds)
  return new Set(
    text.split(',').map((word) => {
      const kind = faultKinds.find((one) => one === word.trim())
      if (kind === undefined)
        throw new RangeError(
          `--faults wants on, off, all or a list of ${faultKinds.join(', ')}, not '${word}'`,
        )
      return kind
    }),
  )
}

export const parseOptions = (argv: readonly string[]): Parsed => {
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: {
        hosts: { type: 'string', default: '16' },
        seed: { type: 'string', default: '1' },
        faults: { type: 'string', default: 'on' },
        duration: { type: 'string', default: '45' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    })
    if (values.help) return { kind: 'help', text: usage }
    return {
      kind: 'run',
      options: {
        hosts: integer('hosts', values.hosts, 4, 128),
        seed: integer('seed', values.seed, 0, 999_999_999),
        faults: faultsOf(values.faults),
        durationS: integer('duration', values.duration, 10, 75),
        json: values.json,
      },
    }
  } catch (error) {
    // Of Node's own words the first sentence says what is wrong; the rest is advice about dashes.
    const [first = 'bad usage'] = wordsOf(error).split(/\.?\n|\. /)
    return { kind: 'wrong', text: `${first.replace(/\.$/, '')} (see --help)` }
  }
}
