/**
 * `npm run bench:solve`: generated partitions against HiGHS, generated data centres and BtrPlace's instances.
 * Prints a table and writes bench/solve.json. Options: --count N (instances per row), --highs SECONDS (0 = no
 * comparison), --large no, --data DIR (BtrPlace instances), --seed N, --only partitions|large|makespan|tight.
 *
 * `--only tight --highs 60`: nearly full partitions against HiGHS given a minute each, which takes hours the first
 * time; `--cached` leaves out what HiGHS has not answered yet, `--budget 50,200` adds rows with less time for drover
 * (ms). `--row TEXT` takes the rows of partitions whose name contains it.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { gunzipSync } from 'node:zlib'
import { readDocument } from '../packages/placement/src/formats/read.ts'
import { solveProblem } from '../packages/placement/src/formats/report.ts'
import type { PlacementProblem } from '../packages/placement/src/rules/placement-problem.ts'
import { solvePlacement } from '../packages/placement/src/solve-placement.ts'
import { createHighs } from './highs.ts'
import { dataCentre, partition } from './instances.ts'
import { evacuation } from './makespan.ts'
import { tightRows } from './tight.ts'

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '20' },
    highs: { type: 'string', default: '2' },
    large: { type: 'string', default: 'yes' },
    data: { type: 'string', default: '../shared/data/btrplace' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string', default: '' },
    budget: { type: 'string', default: '' },
    cached: { type: 'boolean', default: false },
    row: { type: 'string', default: '' },
  },
})
const count = Number(values.count)
const highsSeconds = Number(values.highs)
const highs = await createHighs()
const rows: Record<string, unknown>[] = []

const percentile = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
const ms = (value: number): number => Math.round(value * 100) / 100

const partitionRow = async (
  hosts: number,
  vms: number,
  loadPercent: number,
  rules: boolean,
  style: 'hot' | 'random',
): Promise<void> => {
  const what = `${hosts} hosts / ${vms} VMs, ${loadPercent} %, ${style}${rules ? ', rules' : ''}`
  if (!what.includes(values.row)) return
  const times: number[] = []
  const row = { cured: 0, optimal: 0, within1: 0, compared: 0, worse: 0, better: 0, missed: 0 }
  for (let i = 0; i < count; i++) {
    const problem = partition({ hosts, vms, loadPercent, rules, style, seed: Number(values.seed) + i })
    // Of a processor: other work on the machine does not count.
    const before = process.cpuUsage()
    const answer = solvePlacement(problem)
    const spent = process.cpuUsage(before)
    times.push((spent.user + spent.system) / 1000)
    const mine =
      answer.kind === 'plan' ? answer.cost.migrationMs : answer.kind === 'satisfied' ? 0 : Number.NaN
    if (!Number.isNaN(mine)) row.cured++
    if (answer.kind === 'satisfied' || ('optimal' in answer && answer.optimal)) row.optimal++
    if (
      answer.kind === 'satisfied' ||
      (answer.kind === 'plan' && answer.cost.migrationMs <= answer.bound.migrationMs * 1.01)
    )
      row.within1++
    if (highsSeconds === 0 || answer.kind === 'satisfied') continue
    const oracle = await highs(problem, highsSeconds)
    if (oracle.status === 'none') continue
    row.compared++
    if (oracle.status === 'infeasible') {
      if (!Number.isNaN(mine)) throw new Error('HiGHS proves infeasible what was cured')
    } else if (Number.isNaN(mine)) row.missed++
    else if (mine > oracle.migrationMs) row.worse++
    else if (mine < oracle.migrationMs) {
      if (oracle.status === 'optimal')
        throw new Error(`cheaper than the optimum: ${mine} < ${oracle.migrationMs}`)
      row.better++
    }
  }
  times.sort((a, b) => a - b)
  rows.push({
    what,
    medianMs: ms(percentile(times, 0.5)),
    p99Ms: ms(percentile(times, 0.99)),
    instances: count,
    ...row,
  })
}

const largeRow = (what: string, problem: PlacementProblem): void => {
  const { report } = solveProblem(problem, {
    objective: 'moves',
    budgetMs: null,
    suspend: false,
    loadMs: 0,
    now: () => performance.now(),
  })
  rows.push({
    what,
    solveMs: report.solveMs,
    planMs: report.planMs,
    moves: report.moves.length,
    movesBound: report.movesBound,
    overloaded: `${report.overloadedBefore} → ${report.overloadedAfter}`,
    violations: report.violations.length,
    rssMiB: Math.round(process.memoryUsage().rss / 1048576),
  })
}

// The first runs measure the JIT compiler, not the solver.
for (let seed = 1000; seed < 1100; seed++)
  solvePlacement(partition({ hosts: 4, vms: 40, loadPercent: 90, rules: seed % 2 === 0, style: 'hot', seed }))
if (values.only === '' || values.only === 'partitions') {
  for (const style of ['hot', 'random'] as const)
    for (const rules of [false, true])
      for (const load of [60, 80, 90, 95, 99]) await partitionRow(4, 40, load, rules, style)
  for (const rules of [false, true])
    for (const load of [80, 90, 95, 99]) await partitionRow(16, 160, load, rules, 'hot')
  await partitionRow(1, 16, 90, false, 'random')
}
if (values.large === 'yes' && (values.only === '' || values.only === 'large')) {
  for (const shape of [
    { what: '5,000 hosts / 30,000 VMs, 500 hot', vmsPerHost: 6, hot: 500, failed: 0 },
    { what: '5,000 hosts / 30,000 VMs, 250 failed', vmsPerHost: 6, hot: 0, failed: 250 },
  ])
    largeRow(
      shape.what,
      dataCentre({ hosts: 5000, seed: Number(values.seed), spreads: 5000, amongs: 1700, ...shape }),
    )
  if (existsSync(values.data))
    for (const file of readdirSync(values.data).sort()) {
      const read = readDocument(JSON.parse(gunzipSync(readFileSync(join(values.data, file))).toString()))
      if (read.kind === 'problem') largeRow(file, read.problem)
    }
}
if (values.only === '' || values.only === 'makespan')
  for (const hosts of [72, 240, 720])
    for (const even of [true, false]) {
      const results = Array.from({ length: 5 }, (_, i) => evacuation(hosts, even, Number(values.seed) + i))
      const ratios = results.map((one) => one.ratio).sort((a, b) => a - b)
      rows.push({
        what: `makespan, ${hosts} hosts, ${even ? 'even' : 'random'} targets`,
        medianRatio: ms(percentile(ratios, 0.5)),
        maxRatio: ms(ratios.at(-1)!),
        violations: results.reduce((sum, one) => sum + one.violations, 0),
        planMs: ms(Math.max(...results.map((one) => one.ms))),
      })
    }
if (values.only === 'tight')
  rows.push(
    ...(await tightRows({
      count,
      seed: Number(values.seed),
      seconds: highsSeconds,
      cached: values.cached,
      budgetsMs: values.budget === '' ? [] : values.budget.split(',').map(Number),
      row: values.row,
    })),
  )
console.table(rows)
writeFileSync(
  new URL('./solve.json', import.meta.url),
  `${JSON.stringify({ schemaVersion: 1, rows }, null, 2)}\n`,
)
