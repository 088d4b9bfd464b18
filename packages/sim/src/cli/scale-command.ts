/** `drover sim scale`: what an agent costs while the cluster grows. */
import { join } from 'node:path'
import { command, type Io, printJson, problemsFailure } from '@drover/agent/cli'
import type { Command } from 'commander'
import { readExperiment } from '../experiment/config/read.ts'
import { flat, writeWhole } from '../experiment/files.ts'
import { atSizes, flatness, scalingCsv, scalingRows, scalingTable } from '../experiment/scaling.ts'
import { specsOf } from '../experiment/spec.ts'
import { asUsage, usage } from './failure.ts'
import {
  algorithmsOption,
  flagsOf,
  presetOption,
  seedOption,
  sizesOption,
  withKeys,
  withRunning,
  workloadOptions,
} from './key-options.ts'
import { carryOut, type Running } from './run-experiment.ts'

const keys = [
  sizesOption,
  ...workloadOptions.filter(({ key }) => key !== 'workload.hosts'),
  algorithmsOption,
  presetOption,
  seedOption,
]

/** What is studied where nothing else is said. */
const defaults = (
  [
    ['workload.kind', 'vmplaces'],
    // A generated workload needs a size; each of the study's replaces it.
    ['workload.hosts', '64'],
    ['scaling.hosts', '64,256,1024,4096,10000'],
  ] as const
).map(([key, text]) => ({ flag: 'drover sim scale', key, text }))

export const scaleCommand = (io: Io, args: readonly string[]): Command =>
  withRunning(
    withKeys(
      command(
        'scale',
        'the same workload at growing sizes: what each agent sends, keeps and computes',
        'drover sim scale --hosts 64,256,1024 --out scaling',
        'drover sim scale examples/scaling.toml',
      ).argument('[config]', 'CONFIG.toml'),
      keys,
    ),
  ).action(async (file: string | undefined, _: unknown, self: Command) => {
    const running = self.optsWithGlobals<Running>()
    const read = readExperiment(file ?? null, flagsOf(self, keys), defaults)
    if (read.kind === 'wrong') throw problemsFailure(read.problems)
    const { experiment } = read
    if (!('hosts' in experiment.workload)) throw usage('only generated workloads have a size to choose')
    const specs = atSizes(specsOf(experiment), experiment.configuration.scaling?.hosts ?? [])
    const runs = await asUsage(() => carryOut(io, { experiment, specs, args, heap: true }, running))
    const rows = scalingRows(runs)
    if (running.out !== undefined) writeWhole(join(running.out, 'scaling.csv'), scalingCsv(rows))
    if (running.json === true) {
      printJson(
        io,
        runs.map(({ result }) => flat(result)),
      )
      return
    }
    io.out(scalingTable(rows))
    const verdict = flatness(rows)
    if (verdict !== null) io.out(`\n${verdict}\n`)
  })
