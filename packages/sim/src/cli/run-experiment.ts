/** What `run`, `compare` and `scale` share: the runs of an experiment, told on the terminal, kept in files. */
import { CliFailure, exitCode, type Io } from '@drover/agent/cli'
import type { Experiment } from '../experiment/config/read.ts'
import { openDirectory, writeResults } from '../experiment/files.ts'
import { type Manifest, manifestOf } from '../experiment/manifest.ts'
import { runAll } from '../experiment/pool.ts'
import { createProgress } from '../experiment/progress.ts'
import type { RunSpec } from '../experiment/spec.ts'
import { stillness } from '../experiment/terminal-summary.ts'
import { checkFiles } from '../experiment/workloads.ts'
import type { Run } from '../run/result.ts'

export interface Running {
  readonly out?: string
  readonly jobs?: number
  readonly quiet?: boolean
  readonly json?: boolean
}

export interface Order {
  readonly experiment: Experiment
  readonly specs: readonly RunSpec[]
  /** Words of the command line. */
  readonly args: readonly string[]
  readonly heap?: boolean
}

/** Sizes last: a narrow terminal cuts there. */
const nameOf = ({ algorithm, seed, workload }: RunSpec): string =>
  `${algorithm.label}, seed ${seed}${'hosts' in workload && workload.hosts !== undefined ? `, ${workload.hosts} hosts` : ''}`

/** Throws `CliFailure` with exit code 130 on Ctrl-C, after it has kept what was done. */
export const carryOut = async (io: Io, order: Order, running: Running): Promise<readonly Run[]> => {
  const { experiment, specs, args } = order
  checkFiles(experiment.workload)
  if (running.out !== undefined) openDirectory(running.out)
  const manifest: Manifest = manifestOf({
    name: experiment.name,
    seeds: experiment.seeds,
    algorithms: experiment.algorithms.map(({ label }) => label),
    configuration: experiment.configuration,
    command: ['drover', ...args],
    startedAt: new Date(io.nowWallMs()).toISOString(),
  })
  const keep = (runs: readonly Run[]): void => {
    if (running.out !== undefined) writeResults(running.out, runs, manifest)
  }

  const silent = running.quiet === true || running.json === true
  const progress = createProgress({
    labels: specs.map(nameOf),
    write: io.err,
    now: () => performance.now(),
    columns: silent ? null : io.columns,
  })
  const interrupt = new AbortController()
  const stopListening = io.onInterrupt(() => interrupt.abort())
  try {
    const runs = await runAll(specs, {
      jobs: running.jobs ?? 1,
      heap: order.heap === true,
      signal: interrupt.signal,
      onProgress: progress.update,
      onDone: (index) => progress.update(index, 1),
    })
    const done = runs.filter((run) => run !== null)
    progress.end()
    if (done.length < specs.length) {
      if (done.length > 0) keep(done)
      throw new CliFailure(
        exitCode.interrupted,
        'interrupted',
        `interrupted: ${done.length} of ${specs.length} runs were done; ${
          running.out === undefined || done.length === 0
            ? 'nothing was kept'
            : `they are kept in ${running.out}`
        }`,
      )
    }
    keep(done)
    for (const line of stillness(done)) io.err(`${line}\n`)
    return done
  } finally {
    progress.end()
    stopListening()
  }
}
