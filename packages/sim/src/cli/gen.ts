/** `drover sim gen`: a workload of VMPlaceS's law as event files, to replay here or anywhere else. */
import { command, type Io, printJson, problemsFailure } from '@drover/agent/cli'
import type { Command } from 'commander'
import { readExperiment } from '../experiment/config/read.ts'
import { loadWorkload } from '../experiment/workloads.ts'
import { writeVmplaces } from '../workload/vmplaces-files.ts'
import { asUsage, usage } from './failure.ts'
import { flagsOf, seedOption, withKeys, workloadOptions } from './key-options.ts'

const keys = [...workloadOptions, seedOption]

export const genCommand = (io: Io): Command =>
  withKeys(
    command(
      'gen',
      'write the event files of a generated workload: F.load.csv.gz and F.vms.csv.gz',
      'drover sim gen --hosts 64 --seed 1 --mean 60 --std 20 --capacity 700',
      'drover sim gen --hosts 256 --mean 70 --std 30 --out dense',
    ),
    keys,
  )
    .option('--out <prefix>', 'F, how the names of the files begin (default as 64h640v_seed1)')
    .action(async (_: unknown, self: Command) => {
      const { out, json } = self.optsWithGlobals<{ readonly out?: string; readonly json?: boolean }>()
      const kind = { flag: 'drover sim gen', key: 'workload.kind', text: 'vmplaces' }
      const read = readExperiment(null, flagsOf(self, keys), [kind])
      if (read.kind === 'wrong') throw problemsFailure(read.problems)
      const { workload: spec, seeds } = read.experiment
      const [seed] = seeds
      if (seed === undefined || seeds.length > 1) throw usage('gen takes one seed')
      if (spec.kind !== 'vmplaces' || spec.hosts === undefined) throw usage('gen needs --hosts')
      const workload = await asUsage(() => loadWorkload(spec, seed))
      const prefix = out ?? `${workload.hosts.length}h${workload.vms.length}v_seed${seed}`
      const paths = { events: `${prefix}.load.csv.gz`, vms: `${prefix}.vms.csv.gz` }
      await asUsage(() => writeVmplaces(workload, paths))
      if (json === true) printJson(io, { schemaVersion: 1, ...paths })
      else
        io.out(
          `${paths.events}\n${paths.vms}\n\ndrover sim run --scenario vmplaces --events ${paths.events} --vms ${paths.vms} --capacity ${spec.capacity ?? 700} --algorithm drover\n`,
        )
    })
