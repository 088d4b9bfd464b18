/** The end of a run, for people and for programs. */
import { again, type Options } from './options.ts'
import type { Measured } from './proof/bounds.ts'
import type { Verdict } from './proof/liveness.ts'

export interface Summary {
  readonly options: Options
  readonly measured: Measured
  /** By what struck. */
  readonly faults: Readonly<Record<string, { readonly struck: number; readonly inVain: number }>>
  /** Begun, and how they truly ended. */
  readonly migrations: Readonly<Record<string, number>>
  readonly agents: { readonly starts: number; readonly memoryMiBMax: number }
  readonly bounds: readonly {
    readonly promise: string
    readonly what: string
    readonly why: string
    readonly boundMs: number
    readonly metAfterMs: number | null
    readonly clockMs: number
    readonly left: readonly string[]
  }[]
  /** Until an agent that was killed in a migration reported it again, ms; null = nothing was shown. */
  readonly reportedAgainMs: number | null
  /** What an operator had to do after healing, by code. */
  readonly operator: Readonly<Record<string, number>>
  readonly violations: readonly string[]
  /** Where the run stopped before its end, and why. */
  readonly broken: string | null
  /** Of the time in which faults struck, how much the machine withheld from an agent or the runner, percent. */
  readonly starvedPercent: number
  /** Of the runner's own event loop, ms. */
  readonly loopDelayMsMax: number
}

export const boundRows = (verdicts: readonly Verdict[]): Summary['bounds'] =>
  verdicts.map(({ code, bound, metAfterMs, clockMs, left }) => ({
    promise: code,
    what: bound.what,
    why: bound.why,
    boundMs: Math.round(bound.ms),
    metAfterMs,
    clockMs,
    left,
  }))

export const passed = ({ violations, broken, bounds }: Summary): boolean =>
  violations.length === 0 && broken === null && bounds.every(({ metAfterMs }) => metAfterMs !== null)

const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`

const table = (head: readonly string[], rows: readonly (readonly string[])[]): readonly string[] => {
  const all = [head, ...rows]
  const widths = head.map((_, column) => Math.max(...all.map((row) => (row[column] ?? '').length)))
  return all.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}

/** `logs`: where they are kept; null = removed. */
export const summaryText = (summary: Summary, logs: string | null): string => {
  const { options, faults, migrations, bounds, violations, broken, measured, agents } = summary
  const { begun = 0, ...ends } = migrations
  const count = Object.values(faults).reduce((sum, { struck }) => sum + struck, 0)
  const operator = Object.entries(summary.operator)
  const lines = [
    '',
    ...table(
      ['fault', 'struck', 'in vain'],
      Object.entries(faults)
        .sort(([, one], [, other]) => other.struck - one.struck)
        .map(([what, { struck, inVain }]) => [what, String(struck), inVain === 0 ? '' : String(inVain)]),
    ),
    '',
    `faults      ${count}`,
    `migrations  ${begun} begun: ${Object.entries(ends)
      .map(([end, times]) => `${times} ${end}`)
      .join(', ')}`,
    `agents      ${agents.starts} starts of ${options.agents} agents, at most ${agents.memoryMiBMax} MiB each; start ${seconds(measured.startMs)}, cure without faults ${seconds(measured.cureMs)} (medians)`,
    `machine     withheld its CPUs from an agent or the runner ${summary.starvedPercent} % of the time${summary.starvedPercent > 80 ? ': few of these faults met a migration' : ''}; the runner was ${summary.loopDelayMsMax} ms late at worst`,
    `operator    ${operator.length === 0 ? 'had nothing to do' : operator.map(([code, times]) => `${code} ${times}`).join(', ')}`,
    '',
    ...table(
      ['promise', 'kept after', 'by the clock', 'bound', 'what', 'the bound is'],
      bounds.map(({ promise, metAfterMs, clockMs, boundMs, what, why }) => [
        promise,
        metAfterMs === null ? 'NOT KEPT' : seconds(metAfterMs),
        seconds(clockMs),
        seconds(boundMs),
        what,
        why,
      ]),
    ),
    ...bounds.flatMap(({ promise, left }) => left.map((one) => `  ${promise}: ${one}`)),
    `an agent that was killed in a migration reported it again ${summary.reportedAgainMs === null ? '… not shown: the migration had ended before' : `after ${seconds(summary.reportedAgainMs)}`}`,
    '',
    `violations  ${violations.length === 0 ? 'none' : violations.length}`,
    ...violations.map((one) => `  ${one}`),
    ...(broken === null ? [] : [`ended early: ${broken}`]),
  ]
  if (!passed(summary))
    lines.push(
      '',
      'FAILED',
      ...(logs === null ? [] : [`logs and configurations: ${logs}`]),
      `the same faults again, though not the same run (real time is not deterministic):\n  ${again(options)}`,
    )
  return `${lines.join('\n')}\n`
}
