/**
 * `drover solve FILE`: solves a placement document (drover's own JSON, or a BtrPlace instance; plain or gzip)
 * and prints the moves, what they cost, the proven bound and the time. Touches no daemon and no hypervisor.
 */
import {
  type Goal,
  type Objective,
  readDocument,
  type Solved,
  type SolveReport,
  solveProblem,
} from '@drover/placement'
import type { Plan } from '@drover/protocol'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { decimalOf } from '../given/decimal.ts'
import { readGivenJson } from '../given/json.ts'
import { printable } from '../given/printable.ts'
import { GivenError } from '../given/read-given.ts'
import { CliFailure, exitCode } from './exit.ts'
import type { Io } from './io.ts'
import { command } from './options.ts'

interface SolveFlags {
  readonly objective?: Objective | Goal
  readonly budget?: number
  readonly json?: boolean
  readonly plan?: boolean
  readonly suspend?: boolean
}

const badFile = (file: string, path: string, text: string): CliFailure =>
  new CliFailure(
    exitCode.usage,
    'document.invalid',
    printable(`${file}: ${path === '' ? '' : `${path}: `}${text}`),
    { file, path },
  )

const milliseconds = (text: string): number => {
  const amount = decimalOf(text)
  if (amount === null || amount <= 0) throw new InvalidArgumentError('must be milliseconds, above 0')
  return amount
}

const parse = (file: string): unknown => {
  try {
    return readGivenJson(file, { stdin: true, unzip: true })
  } catch (error) {
    if (error instanceof GivenError) throw badFile(file, '', error.text)
    throw error
  }
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`

const planLines = (plan: Plan): string[] =>
  plan.actions.map((action) => {
    const from = 'from' in action ? ` ${action.from}` : ''
    const to = 'to' in action ? ` → ${action.to}` : ''
    const after =
      action.after.length === 0 ? '' : `  after ${action.after.map((id) => id.split('/').at(-1)).join(', ')}`
    return `  ${action.id.split('/').at(-1)}  ${action.kind} ${action.vm}${from}${to}${after}`
  })

const reasons = ({ explanation }: SolveReport): string[] =>
  explanation === null ? [] : [`${explanation.code}: ${explanation.text}`]

const times = (report: SolveReport): string =>
  `loaded in ${report.loadMs} ms, solved in ${report.solveMs} ms, ordered in ${report.planMs} ms`

const lines = ({ report, plan }: Solved, flags: SolveFlags): string[] => {
  const { cost, bound, moves } = report
  const shown = flags.plan === true && plan !== null
  const proven = report.optimal ? ' (proven optimal)' : ''
  if (report.status === 'infeasible')
    return [
      `infeasible: nothing that helps can be done, ${report.overloadedBefore} hosts are overloaded`,
      ...reasons(report),
      times(report),
    ]
  return [
    `${report.status}${proven}: ${moves.length} moves, no cure needs fewer than ${report.movesBound}`,
    ...(shown
      ? planLines(plan)
      : moves.map((move) => `  ${move.vm}  ${move.from ?? '—'} → ${move.to ?? '—'}`)),
    `overloaded hosts ${report.overloadedBefore} → ${report.overloadedAfter}`,
    `cost   ${seconds(cost.migrationMs)} of migrations, ${cost.hostsTouched} hosts touched, soft penalty ${cost.softPenalty}`,
    `bound  ${seconds(bound.migrationMs)}, ${bound.hostsTouched} hosts, soft penalty ${bound.softPenalty}`,
    ...(plan === null ? [] : [`makespan about ${seconds(report.makespan)}`]),
    ...report.violations.map((one) => `violation ${one.code}: ${one.text}`),
    ...reasons(report),
    times(report),
  ]
}

/** Ids are text of others: a line stays one line. */
const run = (io: Io, file: string, flags: SolveFlags): void => {
  const started = performance.now()
  const read = readDocument(parse(file))
  if (read.kind === 'bad') throw badFile(file, read.path, read.text)
  const solved = solveProblem(read.problem, {
    objective: flags.objective ?? read.objective,
    budgetMs: flags.budget ?? null,
    suspend: flags.suspend === true,
    contradiction: read.contradiction,
    loadMs: performance.now() - started,
    now: () => performance.now(),
  })
  const { report, plan } = solved
  if (flags.json === true)
    // One line: the report of a data centre is long.
    io.out(`${JSON.stringify({ ...report, ...(flags.plan === true ? { plan } : {}) })}\n`)
  else io.out(`${lines(solved, flags).map(printable).join('\n')}\n`)
}

export const solveCommand = (io: Io): Command =>
  command(
    'solve',
    'solve a placement document (drover or BtrPlace JSON, plain or gzip)',
    'drover solve problem.json',
    'drover solve --json --plan instance.json.gz',
  )
    .argument('<file>', 'the document; - reads standard input')
    .addOption(
      new Option('--objective <what>', 'what to minimise after overload').choices([
        'time',
        'moves',
        'consolidate',
        'balance',
      ]),
    )
    .option('--budget <ms>', 'stop searching after this many milliseconds', milliseconds)
    .option('--suspend', 'circles may be broken by suspending a VM')
    .option('--plan', 'print the ordered plan instead of the moves')
    .action((file: string, _: unknown, self: Command) => {
      run(io, file, self.optsWithGlobals<SolveFlags>())
    })
