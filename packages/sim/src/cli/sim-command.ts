/** `drover sim`: what the program `drover` loads when it is asked for. */
import { command, type Io, printJson, table } from '@drover/agent/cli'
import { Command } from 'commander'
import { schedulers } from '../baselines/baselines.ts'
import { genCommand } from './gen.ts'
import { reportCommand } from './report-command.ts'
import { compareCommand, runCommand } from './run-command.ts'
import { scaleCommand } from './scale-command.ts'

const algorithmsCommand = (io: Io): Command =>
  command('algorithms', 'the algorithms that can be compared', 'drover sim algorithms').action(
    (_: unknown, self: Command) => {
      const all = Object.entries(schedulers).map(([name, { about }]) => ({ name, about }))
      if (self.optsWithGlobals<{ readonly json?: boolean }>().json === true)
        printJson(io, { schemaVersion: 1, algorithms: all })
      else io.out(table(all.map(({ name, about }) => [name, about])))
    },
  )

export const createCommand = (io: Io, args: readonly string[]): Command =>
  new Command('sim')
    .description('simulate clusters: run, compare, gen, report, scale')
    .addCommand(runCommand(io, args))
    .addCommand(compareCommand(io, args))
    .addCommand(scaleCommand(io, args))
    .addCommand(genCommand(io))
    .addCommand(reportCommand(io))
    .addCommand(algorithmsCommand(io))
