/**
 * The commands, each in its own file that is loaded only when the command is meant: `drover version`
 * does not wait for libp2p, and `drover drain` does not wait for a simulator.
 */
import type { Command } from 'commander'
import type { Io } from './io.ts'

type Load = (io: Io, args: readonly string[]) => Promise<Command>

/** In the order of `drover --help`. */
const verbs: Readonly<Record<string, Load>> = {
  agent: async (io) => (await import('./agent-command.ts')).agentCommand(io),
  status: async (io) => (await import('./status.ts')).statusCommand(io),
  members: async (io) => (await import('./members.ts')).membersCommand(io),
  vms: async (io) => (await import('./vms.ts')).vmsCommand(io),
  plan: async (io) => (await import('./plan.ts')).planCommand(io),
  explain: async (io) => (await import('./explain.ts')).explainCommand(io),
  history: async (io) => (await import('./history.ts')).historyCommand(io),
  migrate: async (io) => (await import('./migrate.ts')).migrateCommand(io),
  drain: async (io) => (await import('./drain.ts')).drainCommand(io),
  undrain: async (io) => (await import('./undrain.ts')).undrainCommand(io),
  mode: async (io) => (await import('./mode.ts')).modeCommand(io),
  config: async (io) => (await import('./config.ts')).configCommand(io),
  solve: async (io) => (await import('./solve.ts')).solveCommand(io),
  version: async (io) => (await import('./version.ts')).versionCommand(io),
  sim: async (io, args) => (await import('./sim.ts')).loadSimCommand(io, args),
}

/** The program's own options that take a value: the word behind one of them is no command. */
const withValue: ReadonlySet<string> = new Set(['--socket'])

/** The first word that is not an option, or null. `help status` means `status`; `--help` before it means all commands. */
export const verbOf = (args: readonly string[]): string | null => {
  const at = args.findIndex((word, i) => !word.startsWith('-') && !withValue.has(args[i - 1] ?? ''))
  const verb = args[at]
  if (verb === undefined || args.slice(0, at).some((word) => word === '-h' || word === '--help')) return null
  return verb === 'help' ? verbOf(args.slice(at + 1)) : verb
}

/** The command that is meant; all of them when none is, so that help can list them and a wrong word finds the nearest. */
export const commandsFor = async (io: Io, args: readonly string[]): Promise<readonly Command[]> => {
  const verb = verbOf(args)
  const command = verb !== null && Object.hasOwn(verbs, verb) ? verbs[verb] : undefined
  return command === undefined ? allCommands(io) : [await command(io, args)]
}

/** All commands; the simulator's are its placeholder, which names them in one line. */
export const allCommands = async (io: Io): Promise<readonly Command[]> => {
  const { simPlaceholder } = await import('./sim.ts')
  return Promise.all(
    Object.entries(verbs).map(([name, command]) => (name === 'sim' ? simPlaceholder() : command(io, []))),
  )
}
