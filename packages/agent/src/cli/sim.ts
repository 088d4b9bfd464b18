/**
 * `drover sim …`: the commands are the simulator's own, in `@drover/sim`. A host that only schedules need not install
 * it, and no other command waits until it is loaded.
 */
import { Command } from 'commander'
import { CliFailure, exitCode } from './exit.ts'
import type { Io } from './io.ts'

/** What `@drover/sim/cli` exports. */
interface CommandModule {
  /** `args`: the words of the command line, as its record. */
  readonly createCommand: (io: Io, args: readonly string[]) => Command
}

const isCommandModule = (found: unknown): found is CommandModule =>
  typeof found === 'object' &&
  found !== null &&
  'createCommand' in found &&
  typeof found.createCommand === 'function'

const isMissing = (error: unknown): boolean =>
  error instanceof Error &&
  'code' in error &&
  error.code === 'ERR_MODULE_NOT_FOUND' &&
  error.message.includes('@drover/sim')

const load = async (): Promise<CommandModule | null> => {
  try {
    const found: unknown = await import('@drover/sim/cli')
    if (!isCommandModule(found)) throw new TypeError('@drover/sim/cli exports no createCommand(io)')
    return found
  } catch (error) {
    if (isMissing(error)) return null
    throw error
  }
}

/** Stands in the list of commands while the simulator is not loaded; run, it says what is missing. */
export const simPlaceholder = (): Command =>
  new Command('sim')
    .description('simulate clusters: run, compare, gen, report, scale')
    .argument('[words...]')
    .allowUnknownOption()
    .action(() => {
      throw new CliFailure(
        exitCode.failed,
        'sim.missing',
        'the simulator is not installed: npm install @drover/sim beside this drover, or run drover from a checkout (`npm ci`, then `npx drover sim`)',
      )
    })

/** The simulator's commands, or what stands for them where it is not installed. */
export const loadSimCommand = async (io: Io, args: readonly string[]): Promise<Command> =>
  (await load())?.createCommand(io, args) ?? simPlaceholder()
