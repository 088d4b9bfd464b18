/** `drover plan`: what would be done now. Changes nothing. */
import type { Command } from 'commander'
import { clientOf } from './agent-client.ts'
import { CliFailure, exitCode } from './exit.ts'
import { type Io, painter, printJson } from './io.ts'
import { type CommonOptions, command } from './options.ts'
import { renderDecision } from './render-decision.ts'

interface PlanOptions extends CommonOptions {
  readonly detailedExitcode?: boolean
}

export const planCommand = (io: Io): Command =>
  command(
    'plan',
    'what this host would do now, step by step, with the load before and after; changes nothing',
    'drover plan',
    'drover plan --detailed-exitcode || echo "$?"     # 8 = nothing to do',
  )
    .option('--detailed-exitcode', 'exit code 8 when there is nothing to do')
    .action(async (_: unknown, self: Command) => {
      const options = self.optsWithGlobals<PlanOptions>()
      const answer = await clientOf(io, options).plan()
      const { decision, text } = answer
      if (options.json === true) printJson(io, answer)
      else if (decision === null) io.out(`Nothing to do${text === '' ? '' : `: ${text}`}\n`)
      else io.out(renderDecision(decision, null, painter(io)))
      if (decision?.result === 'running')
        throw new CliFailure(exitCode.timeout, 'plan.timeout', 'the plan was not ready in time')
      if (options.detailedExitcode === true && (decision === null || decision.actions.length === 0))
        throw new CliFailure(exitCode.nothing, 'plan.nothing', 'nothing to do')
    })
