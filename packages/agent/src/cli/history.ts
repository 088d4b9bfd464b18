/** `drover history`: decisions and what became of them. */
import type { DatedDecision } from '@drover/protocol'
import { type Command, Option } from 'commander'
import { clientOf } from './agent-client.ts'
import { type Io, type Paint, painter, printJson } from './io.ts'
import { type CommonOptions, command, parseCount, parseDurationMs } from './options.ts'
import { decisionRow } from './render-decision.ts'
import { csv, table } from './table.ts'
import { timeText } from './words.ts'

interface HistoryOptions extends CommonOptions {
  readonly vm?: string
  readonly since?: number
  readonly limit: number
  readonly output: 'table' | 'json' | 'csv'
}

/** One row per move; a decision without moves has one row, too. */
export const historyCsv = (decisions: readonly DatedDecision[]): string =>
  csv([
    [
      'at',
      'decision',
      'leader',
      'reason',
      'result',
      'code',
      'vm',
      'vm_name',
      'action',
      'from',
      'to',
      'outcome',
      'outcome_code',
    ],
    ...decisions.flatMap(({ atWallMs, decision }) => {
      const common = [
        timeText(atWallMs),
        decision.id,
        decision.leaderName,
        decision.reason,
        decision.result,
        decision.code,
      ]
      if (decision.actions.length === 0) return [[...common, null, null, null, null, null, null, null]]
      return decision.actions.map(({ action, vmName, result }) => [
        ...common,
        action.vm,
        vmName,
        action.kind,
        'from' in action ? action.from : null,
        'to' in action ? action.to : null,
        result?.kind ?? null,
        result !== null && 'code' in result ? result.code : null,
      ])
    }),
  ])

export const renderHistory = (decisions: readonly DatedDecision[], paint: Paint): string =>
  decisions.length === 0
    ? 'No decision is on record.\n'
    : table([
        ['AT', 'DECISION', 'WHY', 'RESULT', 'MOVES', 'TEXT'].map((word) => paint('bold', word)),
        ...decisions.map(({ atWallMs, decision }) => decisionRow(atWallMs, decision)),
      ])

export const historyCommand = (io: Io): Command =>
  command(
    'history',
    'decisions of this host and those it took part in, newest first',
    'drover history --since 2h',
    'drover history --vm web1 -o csv > moves.csv',
  )
    .option('--vm <vm>', 'only those that concern this VM (name or UUID)')
    .option('--since <time>', 'only those of the last 2h, 1d …', parseDurationMs)
    .option('--limit <count>', 'at most so many', parseCount, 100)
    .addOption(
      new Option('-o, --output <format>', 'how to print').choices(['table', 'json', 'csv']).default('table'),
    )
    .action(async (_: unknown, self: Command) => {
      const options = self.optsWithGlobals<HistoryOptions>()
      const answer = await clientOf(io, options).history({
        ...(options.vm === undefined ? {} : { vm: options.vm }),
        ...(options.since === undefined
          ? {}
          : { sinceMs: Math.max(0, Math.floor(io.nowWallMs() - options.since)) }),
        limit: options.limit,
      })
      if (options.json === true || options.output === 'json') printJson(io, answer)
      else if (options.output === 'csv') io.out(historyCsv(answer.decisions))
      else io.out(renderHistory(answer.decisions, painter(io)))
    })
