/** `npm run fuzz`: see README.md. */
import { endWithReader } from '../../packages/agent/src/cli/closed-pipe.ts'
import { table } from '../../packages/agent/src/cli/table.ts'
import { printable } from '../../packages/agent/src/runtime.ts'
import { fuzz, type Outcome } from './fuzz.ts'
import { type FuzzOptions, readOptions, UsageError, usage } from './options.ts'
import type { Bounds } from './target.ts'
import { loadTarget } from './targets.ts'

const figure = (value: number): string => value.toFixed(value < 0.1 ? 3 : value < 10 ? 2 : 1)

const tableOf = (outcomes: readonly Outcome[]): string =>
  table([
    [
      'target',
      'inputs',
      'failures',
      'median ms',
      'p99 ms',
      'worst ms',
      'median MiB',
      'worst MiB',
      'inputs/CPU s',
    ],
    ...outcomes.map((one) => [
      one.target,
      one.inputs.toLocaleString('en-US'),
      String(one.failures),
      figure(one.medianMs),
      figure(one.p99Ms),
      figure(one.worstMs),
      figure(one.medianMiB),
      figure(one.worstMiB),
      Math.round(one.perSecond).toLocaleString('en-US'),
    ]),
  ])

/** How the median broke its bound; single inputs have been judged one by one. */
const slowMedian = (one: Outcome, bounds: Bounds): string | null =>
  one.medianMs > bounds.medianMs
    ? `the median of ${one.target} is ${figure(one.medianMs)} ms, above ${bounds.medianMs}`
    : one.medianMiB > bounds.medianMiB
      ? `the median of ${one.target} is ${figure(one.medianMiB)} MiB, above ${bounds.medianMiB}`
      : null

const tell = (one: Outcome, options: FuzzOptions): void => {
  for (const { index, what, input, file } of one.kept) {
    const shown = Buffer.from(input).toString('latin1').slice(0, 300)
    console.error(`\n${one.target} ${index}: ${what}`)
    console.error(`  ${input.length} bytes, kept in ${file}: ${printable(shown)}`)
    console.error(
      `  again: npm run fuzz -- --target ${one.target} --seed ${options.seed} --from ${index} --runs 1`,
    )
  }
}

const run = async (options: FuzzOptions): Promise<number> => {
  console.error(`seed ${options.seed}`)
  const outcomes: Outcome[] = []
  const broken: string[] = []
  for (const name of options.targets) {
    const target = await loadTarget(name)
    const passMs = (options.minutes * 60_000) / options.targets.length
    const outcome = await fuzz(target, { ...options, passMs, timed: true })
    await target.end?.()
    tell(outcome, options)
    const slow = slowMedian(outcome, target.bounds)
    if (slow !== null) broken.push(slow)
    outcomes.push(outcome)
  }
  if (options.json) {
    const plain = outcomes.map(({ kept, ...rest }) => ({
      ...rest,
      kept: kept.map(({ input, ...one }) => ({ ...one, base64: Buffer.from(input).toString('base64') })),
    }))
    console.log(JSON.stringify({ schemaVersion: 1, seed: options.seed, targets: plain, broken }))
  } else console.log(tableOf(outcomes))
  for (const one of broken) console.error(one)
  return broken.length > 0 || outcomes.some(({ failures }) => failures > 0) ? 1 : 0
}

endWithReader()
try {
  const options = readOptions(process.argv.slice(2))
  if (options === null) console.log(usage)
  process.exitCode = options === null ? 0 : await run(options)
} catch (error) {
  if (!(error instanceof UsageError)) throw error
  console.error(`${error.message}\n${usage}`)
  process.exitCode = 2
}
