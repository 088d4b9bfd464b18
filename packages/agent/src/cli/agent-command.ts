/** `drover agent`: the daemon. */
import type { Command } from 'commander'
import { schemaVersion } from '../api/schema-version.ts'
import type { Flag } from '../config/layer.ts'
import { loadSettings } from '../config/load.ts'
import { problemText } from '../config/problem.ts'
import { problemsFailure } from './config.ts'
import { CliFailure } from './exit.ts'
import { type Io, printJson } from './io.ts'
import { type CommonOptions, command } from './options.ts'

interface AgentOptions extends CommonOptions {
  readonly config?: string
  readonly set: readonly string[]
  readonly mode?: string
  readonly name?: string
  readonly dataDir?: string
  readonly logLevel?: string
  readonly check?: boolean
}

const flagsOf = (options: AgentOptions, self: Command): readonly Flag[] => {
  const short: readonly (readonly [string, string, string | undefined])[] = [
    ['--mode', 'mode', options.mode],
    ['--name', 'host.name', options.name],
    ['--data-dir', 'host.data_dir', options.dataDir],
    ['--socket', 'api.socket', options.socket],
    ['--log-level', 'log.level', options.logLevel],
  ]
  const long = options.set.map((pair): Flag => {
    const at = pair.indexOf('=')
    if (at < 1) self.error(`error: --set wants key=value, got "${pair}"`)
    return { flag: '--set', key: pair.slice(0, at).trim(), text: pair.slice(at + 1) }
  })
  return [...long, ...short.flatMap(([flag, key, text]) => (text === undefined ? [] : [{ flag, key, text }]))]
}

export const agentCommand = (io: Io): Command =>
  command(
    'agent',
    'run the agent of this host until SIGTERM; stopping it never moves a VM',
    'drover agent',
    'drover agent --config ./config.toml --set network.listen=/ip4/0.0.0.0/tcp/7946',
  )
    .option('--config <file>', 'only this file, instead of /etc/drover/config.toml and config.d')
    .option(
      '--set <key=value>',
      'set one key of the configuration; may be repeated',
      (pair: string, before: readonly string[]) => [...before, pair],
      [],
    )
    .option('--mode <mode>', 'observe or auto (mode)')
    .option('--name <name>', 'name of this host (host.name)')
    .option('--data-dir <directory>', 'identity and journal (host.data_dir)')
    .option('--log-level <level>', 'trace, debug, info, warn, error or silent (log.level)')
    .option('--check', 'check the configuration and end: exit code 0 or 2')
    .action(async (_: unknown, self: Command) => {
      const options = self.optsWithGlobals<AgentOptions>()
      const { settings, problems, warnings, files } = loadSettings({
        env: io.env,
        flags: flagsOf(options, self),
        ...(options.config === undefined ? {} : { file: options.config }),
      })
      if (settings === null) throw problemsFailure(problems)
      for (const warning of warnings) io.err(`warning: ${problemText(warning)}\n`)
      if (options.check === true) {
        if (options.json === true) printJson(io, { schemaVersion, valid: true, files })
        else io.out(`valid: ${files.length === 0 ? 'no file, all defaults' : files.join(', ')}\n`)
        return
      }
      // libp2p and the drivers take a while to load: only the daemon pays for them.
      const { runAgent } = await import('./run-agent.ts')
      const exit = await runAgent(settings, (text) => io.err(text))
      if (exit !== 0) throw new CliFailure(exit, 'agent.ended', 'the agent ended')
    })
