/** `drover migrate`: one VM, by an operator's wish, through the same checks as any other move. */
import { type Decision, durationText, reasonText } from '@drover/protocol'
import type { Command } from 'commander'
import { ApiError } from '../api/api-error.ts'
import type { ApiClient } from '../api/client.ts'
import { clientOf } from './agent-client.ts'
import { CliFailure, exitCode } from './exit.ts'
import { type Io, painter, printJson, sleep } from './io.ts'
import { type CommonOptions, command, parseDurationMs } from './options.ts'
import { renderDecision } from './render-decision.ts'
import { shortDecision } from './words.ts'

interface MigrateOptions extends CommonOptions {
  readonly to: string
  readonly wait?: boolean
  readonly timeout: number
}

/** A decision is put on record when its plan is begun, or when it is over: until then no host knows it by its id. */
const onRecordMs = 30_000

const awaitEnd = async (io: Io, client: ApiClient, id: string, timeoutMs: number): Promise<Decision> => {
  const begun = performance.now()
  const until = begun + timeoutMs
  for (;;) {
    const explained = await client.explain(id, 'decision').catch((error: unknown) => {
      const early = error instanceof ApiError && error.code === 'request.unknown'
      if (early && performance.now() < begun + onRecordMs) return null
      throw error
    })
    const decision = explained?.explanation.kind === 'decision' ? explained.explanation.record.decision : null
    if (decision !== null && decision.result !== 'running') return decision
    if (performance.now() >= until)
      throw new CliFailure(
        exitCode.timeout,
        'wait.timeout',
        `not ended within ${durationText(timeoutMs)}; the migration goes on: drover explain ${id}`,
      )
    await sleep(io.pollMs)
  }
}

/** A move that was never begun was refused; one that was begun and did not end well has failed. */
const failureOf = (decision: Decision): CliFailure | null => {
  const moved = decision.actions.some(({ result }) => result?.kind === 'done')
  if (moved || decision.result === 'cured' || decision.result === 'satisfied') return null
  const begun = decision.actions.find(
    ({ result }) => result?.kind === 'refused' || result?.kind === 'unknown',
  )
  const code =
    decision.code ??
    (begun?.result?.kind === 'refused' || begun?.result?.kind === 'unknown' ? begun.result.code : 'operator')
  return new CliFailure(
    decision.result === 'failed' ? exitCode.failed : exitCode.refused,
    code,
    `${code}: ${decision.text || reasonText(code)}`,
  )
}

/** Not waited for, and over already: it was never begun. */
const failureAtOnce = (decision: Decision): CliFailure | null =>
  decision.result === 'running' ? null : failureOf(decision)

export const migrateCommand = (io: Io): Command =>
  command(
    'migrate',
    'move one VM of this host, through the same checks as any other move',
    'drover migrate web1 --to rack7-03 --wait',
    'drover migrate web1 --to auto',
  )
    .argument('<vm>', 'name or UUID of a VM of this host')
    .requiredOption('--to <host>', 'name or peer id of a host, or `auto` for the best one')
    .option('--wait', 'wait for the end')
    .option('--timeout <time>', 'longest wait (exit code 6); the migration goes on', parseDurationMs, 600_000)
    .action(async (vm: string, _: unknown, self: Command) => {
      const options = self.optsWithGlobals<MigrateOptions>()
      const client = clientOf(io, options)
      const answer = await client.migrate(vm, options.to === 'auto' ? null : options.to)
      if (options.wait !== true || answer.id === null) {
        const refused = answer.decision === null ? null : failureAtOnce(answer.decision)
        if (refused !== null) throw refused
        if (options.json === true) printJson(io, answer)
        else
          io.out(
            `${answer.text || `${vm} is to move`}${answer.id === null ? '' : `; drover explain ${shortDecision(answer.id)}`}\n`,
          )
        return
      }
      io.err(`${answer.text}; waiting for the end (Ctrl-C stops the waiting, not the migration)\n`)
      const decision = await awaitEnd(io, client, answer.id, options.timeout)
      if (options.json === true) printJson(io, { ...answer, decision })
      else io.out(renderDecision(decision, null, painter(io)))
      const failure = failureOf(decision)
      if (failure !== null) throw failure
    })
