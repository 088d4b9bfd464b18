/** `npm run swarm`: see `options.ts` for what it takes. */
import { endWithReader } from '../../packages/agent/src/cli/closed-pipe.ts'
import { wordsOf } from '../../packages/agent/src/runtime.ts'
import { allKinds, drawSchedule, sizeOfSeed } from './draw.ts'
import { writeFailure } from './failure-story.ts'
import { readOptions, type SwarmOptions, seedsOf, UsageError, usage } from './options.ts'
import { type Outcome, playSchedule } from './play.ts'
import { playSeeds } from './pool.ts'
import { shrink } from './shrink.ts'
import { summaryData, summaryOf } from './summary.ts'

/** A failure is played so often at most to make it small. */
const playsMax = 200
/** So many failures are shrunk: the first ones; the others have their seeds. */
const shrunkMax = 3

const replayLine = ({ drawn: { kinds, settled } }: SwarmOptions, seed: number): string =>
  [
    `npm run swarm -- --seed ${seed} --seeds 1`,
    ...(kinds === undefined ? [] : [`--kinds '${kinds.join(',')}'`]),
    ...(settled === true ? ['--settled'] : []),
  ].join(' ')

const brokenLines = (outcome: Outcome): readonly string[] =>
  outcome.violations
    .slice(0, 8)
    .map(({ invariant, atMs, text }) => `    ${invariant} at ${(atMs / 1_000).toFixed(1)} s: ${text}`)

const say = (text: string): void => void process.stdout.write(`${text}\n`)

/** Progress on a terminal is one line that is written over; elsewhere a line now and then. */
const progressOf = (total: number, json: boolean): ((done: number, failed: number) => void) => {
  const began = Date.now()
  let last = began
  return (done, failed) => {
    const now = Date.now()
    if (json || (now - last < 10_000 && done < total)) return
    last = now
    process.stderr.write(
      `${done} of ${total} seeds, ${failed} failed, ${Math.round((now - began) / 1_000)} s\n`,
    )
  }
}

/** Of a failure, at once: a long search may be stopped before its end. */
const sayFailure = (options: SwarmOptions, outcome: Outcome): void => {
  const [broken = ''] = brokenLines(outcome)
  process.stderr.write(
    `seed ${outcome.seed} failed: ${broken.trim()}\n    again:  ${replayLine(options, outcome.seed)}\n`,
  )
}

const report = async (options: SwarmOptions, failures: readonly Outcome[]): Promise<void> => {
  for (const [i, failure] of failures.entries()) {
    say('')
    say(`FAILED  seed ${failure.seed}, ${failure.hosts} hosts, with ${failure.kinds.join(', ')}`)
    for (const line of brokenLines(failure)) say(line)
    say(`    again:  ${replayLine(options, failure.seed)}`)
    if (!options.shrink || i >= shrunkMax) continue
    const schedule = drawSchedule({ ...options.drawn, seed: failure.seed })
    const small = await shrink(schedule, failure, { play: playSchedule, playsMax })
    const path = await writeFailure(small, failure, options.out)
    say(`    story:  ${path} (${small.events.length} of ${schedule.events.length} events are needed)`)
    say(`            npm run swarm:replay -- ${path}`)
  }
}

const run = async (options: SwarmOptions): Promise<number> => {
  const { seeds, seed, size, jobs, json, drawn, twice } = options
  if (!json)
    say(
      `swarm: ${seeds} seeds from ${seed}${options.fresh ? ' (fresh)' : ''}, ${size}, ${jobs} processes at a time`,
    )
  const outcomes: Outcome[] = []
  const failures: Outcome[] = []
  const progress = progressOf(seeds, json)
  await playSeeds(seedsOf(options, sizeOfSeed), {
    jobs,
    drawn,
    twice,
    onOutcome(outcome) {
      outcomes.push(outcome)
      if (outcome.violations.length > 0) {
        failures.push(outcome)
        if (!json) sayFailure(options, outcome)
      }
      if (json) say(JSON.stringify(outcome))
      progress(outcomes.length, failures.length)
    },
  })
  failures.sort((a, b) => a.seed - b.seed)
  if (json) say(JSON.stringify({ seeds, seed, size, ...summaryData(outcomes) }))
  else {
    for (const line of summaryOf(outcomes)) say(line)
    await report(options, failures)
  }
  return failures.length === 0 ? 0 : 1
}

const main = async (): Promise<number> => {
  const args = process.argv.slice(2)
  if (args.includes('--kinds') && args[args.indexOf('--kinds') + 1] === 'list') {
    for (const { name, chance } of allKinds)
      say(`${name.padEnd(20)} in ${Math.round(chance * 100)} % of seeds`)
    return 0
  }
  try {
    const options = readOptions(args)
    if (options === null) {
      say(usage)
      return 0
    }
    return await run(options)
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    process.stderr.write(`${wordsOf(error)}\nnpm run swarm -- --help says what is possible\n`)
    return 2
  }
}

endWithReader()
process.exitCode = await main()
