/** The command line: builds the commands, runs one, and says how it ended by the exit code. */
import { Command, CommanderError } from 'commander'
import { ApiError } from '../api/api-error.ts'
import { schemaVersion } from '../api/schema-version.ts'
import { droverVersion } from '../drover-version.ts'
import { stackOf } from '../errors.ts'
import { printableLines } from '../given/printable.ts'
import { CliFailure, exitCode } from './exit.ts'
import { type Io, printJson } from './io.ts'
import { commandsFor } from './verbs.ts'

/** `addCommand` leaves a command its own settings; ours all share the program's. */
const inherit = (parent: Command): void => {
  for (const child of parent.commands) {
    child.copyInheritedSettings(parent)
    inherit(child)
  }
}

/** The program with these commands; `verbs.ts` loads them. */
export const programOf = (io: Io, commands: readonly Command[]): Command => {
  const program = new Command('drover')
    .description('Schedules VMs over a cluster of hypervisors with no scheduler in the middle.')
    .version(`drover ${droverVersion}`, '--version', 'the version of this program')
    .option('--socket <path>', "the agent's socket (default: as the agent's configuration says)")
    .exitOverride()
    .configureOutput({
      writeOut: io.out,
      writeErr: io.err,
      getOutHasColors: () => io.colour,
      getErrHasColors: () => io.colour,
    })
    .showSuggestionAfterError()
    .addHelpText(
      'after',
      '\nExit codes: 0 done, 1 failed, 2 wrong usage or configuration, 3 no agent answers, 4 some hosts silent,\n5 refused by a safety check, 6 timed out, 7 warnings only, 8 nothing to do, 130 interrupted.\n\nExample:\n  drover status\n',
    )
  for (const command of commands) program.addCommand(command)
  inherit(program)
  return program
}

const asFailure = (error: unknown): CliFailure => {
  if (error instanceof CliFailure) return error
  if (error instanceof ApiError) {
    const exit =
      error.status === 0
        ? exitCode.unreachable
        : error.status === 409
          ? exitCode.refused
          : error.status === 400
            ? exitCode.usage
            : exitCode.failed
    const text = error.status === 409 ? `refused: ${error.code}: ${error.message}` : error.message
    return new CliFailure(exit, error.code, text, error.answer === null ? {} : { ...error.answer })
  }
  // Not one of ours: a fault in drover, or an unforeseen system error. The stack goes into the bug report.
  return new CliFailure(exitCode.failed, 'failed', stackOf(error))
}

/** Runs one command; `args` without the program's name. Never throws. */
export const runCli = async (args: readonly string[], io: Io): Promise<number> => {
  try {
    const program = programOf(io, await commandsFor(io, args))
    await program.parseAsync([...args], { from: 'user' })
    return exitCode.done
  } catch (error) {
    // commander has said what was wrong; help and version end this way, too.
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCode.done : exitCode.usage
    const failure = asFailure(error)
    const asked = args.includes('--json')
    const answered = failure.exit === exitCode.warnings || failure.exit === exitCode.nothing
    const printed = failure.code === 'config.invalid' && args[0] === 'config'
    if (asked && !answered && !printed)
      printJson(io, {
        schemaVersion,
        error: { ...failure.details, code: failure.code, text: failure.message },
      })
    if (!answered) io.err(`${printableLines(failure.message)}\n`)
    return failure.exit
  }
}
