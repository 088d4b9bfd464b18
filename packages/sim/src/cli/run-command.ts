/** `drover sim run` and `drover sim compare`: one experiment, alone or several algorithms side by side. */
import { command, type Io, printJson, problemsFailure } from '@drover/agent/cli'
import type { Command } from 'commander'
import { type Experiment, readExperiment } from '../experiment/config/read.ts'
import { flat } from '../experiment/files.ts'
import { specsOf } from '../experiment/spec.ts'
import { tableOf, verdictOf } from '../experiment/terminal-summary.ts'
import { asUsage, usage } from './failure.ts'
import {
  algorithmOption,
  algorithmsOption,
  flagsOf,
  presetOption,
  replayOptions,
  seedOption,
  seedsOption,
  withKeys,
  withRunning,
  workloadOptions,
} from './key-options.ts'
import { carryOut, type Running } from './run-experiment.ts'

const runKeys = [...replayOptions, ...workloadOptions, algorithmOption, presetOption, seedOption]
const compareKeys = [...replayOptions, ...workloadOptions, algorithmsOption, presetOption, seedsOption]

/** Throws `CliFailure`, exit code 2, that names every problem. */
const experimentOf = (file: string | undefined, self: Command, keys: typeof runKeys): Experiment => {
  const flags = flagsOf(self, keys)
  if (file === undefined && !flags.some(({ key }) => key === 'workload.kind'))
    throw usage('what shall be simulated? Give a CONFIG.toml (see examples/), or --scenario with its options')
  const read = readExperiment(file ?? null, flags)
  if (read.kind === 'wrong') throw problemsFailure(read.problems)
  const { experiment } = read
  if (experiment.configuration.scaling !== undefined)
    throw usage(`[scaling] is for drover sim scale: drover sim scale ${file ?? ''}`)
  if (
    flags.some(({ flag }) => flag === '--preset') &&
    experiment.algorithms.every(({ preset }) => preset === null)
  )
    throw usage("--preset is drover's, and drover is not among the algorithms")
  return experiment
}

const execute = async (
  io: Io,
  args: readonly string[],
  experiment: Experiment,
  running: Running,
): Promise<void> => {
  const order = { experiment, specs: specsOf(experiment), args }
  const runs = await asUsage(() => carryOut(io, order, running))
  if (running.json === true) {
    printJson(
      io,
      runs.map(({ result }) => flat(result)),
    )
    return
  }
  io.out(tableOf(runs))
  const verdict = verdictOf(runs)
  if (verdict !== null) io.out(`\n${verdict}\n`)
  if (running.out !== undefined) io.err(`kept in ${running.out}; drover sim report ${running.out} draws it\n`)
}

export const runCommand = (io: Io, args: readonly string[]): Command =>
  withRunning(
    withKeys(
      command(
        'run',
        'simulate what a file or --scenario describes',
        'drover sim run examples/vmplaces-64.toml',
        'drover sim run --scenario vmplaces --hosts 64 --seed 1 --algorithm drover',
      ).argument('[config]', 'CONFIG.toml'),
      runKeys,
    ),
  ).action(async (file: string | undefined, _: unknown, self: Command) => {
    await execute(io, args, experimentOf(file, self, runKeys), self.optsWithGlobals<Running>())
  })

export const compareCommand = (io: Io, args: readonly string[]): Command =>
  withRunning(
    withKeys(
      command(
        'compare',
        'the same workload under several algorithms and seeds, and which one wins',
        'drover sim compare examples/vmplaces-128-compare.toml --jobs 2 --out results',
        'drover sim compare examples/vmplaces-64.toml --algorithms drover,dvms --seeds 1,2,3',
      ).argument('[config]', 'CONFIG.toml'),
      compareKeys,
    ),
  ).action(async (file: string | undefined, _: unknown, self: Command) => {
    const experiment = experimentOf(file, self, compareKeys)
    if (experiment.algorithms.length < 2)
      throw usage('compare needs two algorithms at least: --algorithms drover,dvms')
    await execute(io, args, experiment, self.optsWithGlobals<Running>())
  })
