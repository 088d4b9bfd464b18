/** `drover config validate`: every mistake at once, each with file, line and what was probably meant. */
import { Command } from 'commander'
import { schemaVersion } from '../api/schema-version.ts'
import { loadSettings } from '../config/load.ts'
import { originText } from '../config/origin.ts'
import { type Problem, problemsMax, problemText } from '../config/problem.ts'
import { CliFailure, exitCode } from './exit.ts'
import { type Io, printJson } from './io.ts'
import { type CommonOptions, command } from './options.ts'

const plain = (problem: Problem) => ({
  code: problem.code,
  key: problem.key,
  text: problem.text,
  suggestion: problem.suggestion,
  file: problem.origin.kind === 'file' ? problem.origin.file : null,
  line: problem.origin.kind === 'file' ? problem.origin.line : null,
  origin: originText(problem.origin),
})

const countText = (count: number): string =>
  count > problemsMax ? `more than ${problemsMax} problems` : `${count} problem${count === 1 ? '' : 's'}`

/** What the agent prints too, when it cannot start. */
export const problemsFailure = (problems: readonly Problem[]): CliFailure =>
  new CliFailure(
    exitCode.usage,
    'config.invalid',
    `${problems
      .slice(0, problemsMax)
      .map((problem) => `${problemText(problem)}\n`)
      .join('')}${countText(problems.length)} in the configuration`,
    { problems: problems.map(plain) },
  )

const validateCommand = (io: Io): Command =>
  command(
    'validate',
    'check the configuration: all problems at once, with file and line (exit code 2)',
    'drover config validate',
    'drover config validate ./config.toml --json',
  )
    .argument('[file]', 'only this file, instead of /etc/drover; a missing key file is then only a warning')
    .action((file: string | undefined, _: unknown, self: Command) => {
      const options = self.optsWithGlobals<CommonOptions>()
      const { problems, warnings, files } = loadSettings({
        env: io.env,
        ...(file === undefined ? {} : { file, secrets: 'noted' }),
      })
      if (options.json === true)
        printJson(io, {
          schemaVersion,
          valid: problems.length === 0,
          files,
          problems: problems.map(plain),
          warnings: warnings.map(plain),
        })
      for (const warning of warnings) io.err(`warning: ${problemText(warning)}\n`)
      if (problems.length > 0) throw problemsFailure(problems)
      if (options.json !== true)
        io.out(`valid: ${files.length === 0 ? 'no file, all defaults' : files.join(', ')}\n`)
    })

export const configCommand = (io: Io): Command =>
  new Command('config').description('the configuration of this host').addCommand(validateCommand(io))
