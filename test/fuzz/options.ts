/** What the command line of the fuzzer says. */
import { randomInt } from 'node:crypto'
import { parseArgs } from 'node:util'
import { decimalOf, wholeOf } from '../../packages/agent/src/runtime.ts'
import { targetNames } from './targets.ts'

export interface FuzzOptions {
  readonly targets: readonly string[]
  readonly minutes: number
  readonly runs: number
  readonly seed: number
  readonly from: number
  readonly out: string
  readonly json: boolean
}

export const usage = `usage: npm run fuzz -- [options]

Valid inputs are changed, and random bytes drawn: what drover reads of others must not throw, show a stack trace or cost more
than its bounds (CPU of the thread, not the clock of the wall). A failing input is shrunk, printed and kept.

  --target NAME    ${targetNames.join(', ')}; several with commas (default: all)
  --minutes M      for all targets together (default 1, or no limit with --runs)
  --runs N         inputs of each target (default: as many as the time allows)
  --seed S         decides all that is drawn (default: a fresh one, which is printed)
  --from I         the number of the first input (default 0): with --runs 1, one input again
  --out DIR        where failing inputs go (default fuzz-failures)
  --json           one JSON object instead of the table
  --help

Exit code 0: no failure. 1: one at least. 2: wrong usage.`

export class UsageError extends Error {}

const whole = (name: string, text: string, max: number): number => {
  const value = wholeOf(text, 0, max)
  if (value === null) throw new UsageError(`--${name} ${text}: a whole number is wanted`)
  return value
}

const targetsOf = (text: string): readonly string[] =>
  text.split(',').map((word) => {
    const name = word.trim()
    if (!targetNames.includes(name))
      throw new UsageError(`--target ${name}: no such target; they are: ${targetNames.join(', ')}`)
    return name
  })

/** Null: only the usage was asked for. Throws `UsageError`. */
export const readOptions = (args: readonly string[]): FuzzOptions | null => {
  const option = { type: 'string' } as const
  let values: Readonly<Record<string, string | boolean | undefined>>
  try {
    values = parseArgs({
      args: [...args],
      options: {
        target: option,
        minutes: option,
        runs: option,
        seed: option,
        from: option,
        out: option,
        json: { type: 'boolean' },
        help: { type: 'boolean' },
      },
    }).values
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
  if (values['help'] === true) return null
  const text = (name: string): string | null => {
    const value = values[name]
    return typeof value === 'string' ? value : null
  }
  const runs = text('runs')
  const minutes = text('minutes') ?? (runs === null ? '1' : '1000000')
  const forMinutes = decimalOf(minutes)
  if (forMinutes === null || forMinutes <= 0)
    throw new UsageError(`--minutes ${minutes}: a number above 0 is wanted`)
  const target = text('target')
  return {
    targets: target === null ? targetNames : targetsOf(target),
    minutes: forMinutes,
    runs: runs === null ? Number.MAX_SAFE_INTEGER : whole('runs', runs, Number.MAX_SAFE_INTEGER),
    seed: whole('seed', text('seed') ?? String(randomInt(2 ** 31)), 2 ** 32 - 1),
    from: whole('from', text('from') ?? '0', Number.MAX_SAFE_INTEGER),
    out: text('out') ?? 'fuzz-failures',
    json: values['json'] === true,
  }
}
