/**
 * Partitions in which nearly everything is full, against HiGHS given a minute each. HiGHS's answers are kept in a
 * file by model, so that only the first run takes hours of patience.
 */
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import type { PlacementProblem } from '../packages/placement/src/rules/placement-problem.ts'
import { type PlacementOptions, solvePlacement } from '../packages/placement/src/solve-placement.ts'
import { createHighs, type HighsAnswer, toLp } from './highs.ts'
import { type PartitionShape, partition } from './instances.ts'

export interface TightOptions {
  readonly count: number
  readonly seed: number
  /** For HiGHS, per instance. */
  readonly seconds: number
  /** Only instances that HiGHS has answered before. */
  readonly cached: boolean
  /** Wall clock for drover, one column each, beside its default node budget. */
  readonly budgetsMs: readonly number[]
  /** Part of a row's name; the others are left out. */
  readonly row: string
}

const cacheFile = new URL('./highs-answers.json', import.meta.url)

type Oracle = (problem: PlacementProblem) => Promise<HighsAnswer | null>

const createOracle = async ({ seconds, cached }: TightOptions): Promise<Oracle> => {
  const highs = await createHighs()
  const read = (): Record<string, HighsAnswer> =>
    existsSync(cacheFile) ? JSON.parse(readFileSync(cacheFile, 'utf8')) : {}
  const before = read()
  return async (problem) => {
    const key = `${seconds} s, ${createHash('sha256').update(toLp(problem)).digest('hex')}`
    const known = before[key]
    if (known !== undefined || cached) return known ?? null
    const answer = await highs(problem, seconds)
    // Read again: another run may have added to it.
    writeFileSync(cacheFile, `${JSON.stringify({ ...read(), [key]: answer }, null, 1)}\n`)
    return answer
  }
}

const rows: readonly Omit<PartitionShape, 'seed'>[] = [
  { hosts: 16, vms: 160, loadPercent: 99, rules: false, style: 'hot' },
  { hosts: 16, vms: 160, loadPercent: 99, rules: true, style: 'hot' },
  { hosts: 16, vms: 160, loadPercent: 95, rules: true, style: 'hot' },
  { hosts: 16, vms: 160, loadPercent: 90, rules: true, style: 'hot' },
  { hosts: 16, vms: 160, loadPercent: 99, rules: false, style: 'random' },
  { hosts: 16, vms: 160, loadPercent: 99, rules: true, style: 'random' },
]

/** The cost of the full cure found, NaN without one. */
const run = (problem: PlacementProblem, options: PlacementOptions) => {
  const started = performance.now()
  const answer = solvePlacement(problem, options)
  const cost = answer.kind === 'plan' ? answer.cost.migrationMs : answer.kind === 'satisfied' ? 0 : Number.NaN
  return { cost, ms: performance.now() - started, optimal: answer.kind === 'plan' && answer.optimal }
}

interface Score {
  worse: number
  equal: number
  better: number
  /** HiGHS has an answer, drover has none. */
  missed: number
  /** The other way round. */
  alone: number
  /** Largest part by which drover is worse, and all of them added up, better ones counted as negative. */
  gapMaxPercent: number
  gapMeanPercent: number
}

const percent = (mine: number, theirs: number): number => ((mine - theirs) * 100) / Math.max(1, theirs)
const short = (value: number): number => Math.round(value * 1000) / 1000

const count = (score: Score, mine: number, oracle: HighsAnswer): void => {
  const theirs = oracle.migrationMs
  if (Number.isNaN(mine)) {
    if (!Number.isNaN(theirs) && theirs !== null) score.missed++
    return
  }
  if (oracle.status === 'infeasible') throw new Error('HiGHS proves infeasible what was cured')
  if (theirs === null || Number.isNaN(theirs)) {
    score.alone++
    return
  }
  if (mine < theirs && oracle.status === 'optimal') throw new Error(`cheaper than the optimum: ${theirs}`)
  if (mine > theirs) score.worse++
  else if (mine < theirs) score.better++
  else score.equal++
  score.gapMaxPercent = Math.max(score.gapMaxPercent, percent(mine, theirs))
  score.gapMeanPercent += percent(mine, theirs)
}

/** One row per shape and budget. Says every instance on standard error, since one may take a minute. */
export const tightRows = async (options: TightOptions): Promise<Record<string, unknown>[]> => {
  const oracle = await createOracle(options)
  const table: Record<string, unknown>[] = []
  for (const shape of rows) {
    const what = `${shape.hosts} hosts / ${shape.vms} VMs, ${shape.loadPercent} %, ${shape.style}${shape.rules ? ', rules' : ''}`
    if (!what.includes(options.row)) continue
    const budgets = [...options.budgetsMs, 0].map((budgetMs) => ({
      budgetMs,
      times: [] as number[],
      optimal: 0,
      score: { worse: 0, equal: 0, better: 0, missed: 0, alone: 0, gapMaxPercent: 0, gapMeanPercent: 0 },
    }))
    let compared = 0
    let proven = 0
    for (let i = 0; i < options.count; i++) {
      const problem = partition({ ...shape, seed: options.seed + i })
      const answer = await oracle(problem)
      if (answer === null) continue
      compared++
      if (answer.status === 'optimal') proven++
      const costs: string[] = []
      for (const budget of budgets) {
        const deadline = performance.now() + budget.budgetMs
        const limits =
          budget.budgetMs === 0
            ? {}
            : { nodesMax: Number.MAX_SAFE_INTEGER, expired: () => performance.now() >= deadline }
        const mine = run(problem, { ...limits, cureOnly: true })
        budget.times.push(mine.ms)
        if (mine.optimal) budget.optimal++
        count(budget.score, mine.cost, answer)
        costs.push(`${mine.cost}${mine.optimal ? '*' : ''} in ${Math.round(mine.ms)} ms`)
      }
      console.error(
        `${what}, seed ${options.seed + i}: HiGHS ${answer.migrationMs} ${answer.status} in ${Math.round(answer.cpuMs)} ms; ${costs.join(', ')}`,
      )
    }
    for (const { budgetMs, times, optimal, score } of budgets) {
      times.sort((a, b) => a - b)
      const met = score.worse + score.equal + score.better
      table.push({
        what: `${what}, ${budgetMs === 0 ? 'default' : `${budgetMs} ms`}`,
        compared,
        highsOptimal: proven,
        optimal,
        ...score,
        gapMaxPercent: short(score.gapMaxPercent),
        gapMeanPercent: short(score.gapMeanPercent / Math.max(1, met)),
        medianMs: short(times[Math.floor(times.length / 2)] ?? 0),
        maxMs: short(times.at(-1) ?? 0),
      })
    }
  }
  return table
}
