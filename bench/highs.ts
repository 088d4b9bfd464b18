/**
 * The oracle: the same problem as a mixed-integer program for HiGHS. One binary per (VM, allowed host); the cost
 * is the estimated time of the migrations. Knows spread, ban and fence, which the generated instances use.
 */
import { createRequire } from 'node:module'
import type { Highs } from 'highs'
import { migrationMs } from '../packages/protocol/src/solve/migration-time.ts'
import type { PlacementProblem } from '../packages/protocol/src/solve/problem.ts'

/** CommonJS, with types that say otherwise. */
const loadHighs = createRequire(import.meta.url)('highs') as () => Promise<Highs>

export interface HighsAnswer {
  readonly status: 'optimal' | 'feasible' | 'infeasible' | 'none'
  readonly migrationMs: number
  readonly ms: number
}

const terms = (list: readonly string[]): string => {
  const lines: string[] = []
  for (let i = 0; i < list.length; i += 8) lines.push(list.slice(i, i + 8).join(' '))
  return lines.join('\n ')
}

const toLp = (problem: PlacementProblem): { readonly lp: string; readonly constant: number } => {
  const hostIndex = new Map(problem.hosts.map((host, h) => [host.id, h]))
  const vmIndex = new Map(problem.vms.map((vm, v) => [vm.id, v]))
  const allowed = problem.vms.map(() => new Set(problem.hosts.map((_, h) => h)))
  const rows: string[] = []
  for (const rule of problem.rules)
    if (rule.kind === 'ban' || rule.kind === 'fence') {
      const named = new Set(rule.hosts.map((id) => hostIndex.get(id)!))
      for (const vm of rule.vms)
        for (const h of [...allowed[vmIndex.get(vm)!]!])
          if (named.has(h) === (rule.kind === 'ban')) allowed[vmIndex.get(vm)!]!.delete(h)
    } else if (rule.kind === 'spread')
      problem.hosts.forEach((_, h) => {
        const on = rule.vms
          .filter((vm) => allowed[vmIndex.get(vm)!]!.has(h))
          .map((vm) => `+ x${vmIndex.get(vm)}_${h}`)
        if (on.length > 1) rows.push(`${terms(on)} <= 1`)
      })
  let constant = 0
  const costs: string[] = []
  problem.vms.forEach((vm, v) => {
    const home = hostIndex.get(vm.host!)!
    const ms = migrationMs(vm.memoryMiB, vm.dirtyMiBps, problem.bandwidthMiBps)
    constant += ms
    if (allowed[v]!.has(home)) costs.push(`- ${ms} x${v}_${home}`)
    rows.push(`${terms([...allowed[v]!].map((h) => `+ x${v}_${h}`))} = 1`)
  })
  problem.hosts.forEach((host, h) => {
    problem.dimensions.forEach((_, d) => {
      const load = problem.vms.flatMap((vm, v) =>
        allowed[v]!.has(h) ? [`+ ${vm.demand[d]} x${v}_${h}`] : [],
      )
      rows.push(`${terms(load)} <= ${host.limit[d]}`)
    })
  })
  const names = problem.vms.flatMap((_, v) => [...allowed[v]!].map((h) => `x${v}_${h}`))
  const lp = `Minimize\n obj: ${terms(costs)}\nSubject To\n${rows.map((row, i) => ` r${i}: ${row}`).join('\n')}\nBinary\n ${terms(names)}\nEnd\n`
  return { lp, constant }
}

export const createHighs = async (): Promise<(problem: PlacementProblem, seconds: number) => HighsAnswer> => {
  const highs = await loadHighs()
  return (problem, seconds) => {
    const { lp, constant } = toLp(problem)
    const started = performance.now()
    try {
      const solution = highs.solve(lp, {
        time_limit: seconds,
        mip_rel_gap: 0,
        mip_abs_gap: 0.5,
        output_flag: false,
      })
      const ms = performance.now() - started
      const found = 'ObjectiveValue' in solution && Number.isFinite(solution.ObjectiveValue)
      if (solution.Status === 'Infeasible') return { status: 'infeasible', migrationMs: Number.NaN, ms }
      const value = found ? Math.round(constant + solution.ObjectiveValue) : Number.NaN
      if (solution.Status === 'Optimal') return { status: 'optimal', migrationMs: value, ms }
      const primal =
        found &&
        Object.values(solution.Columns).some((column) => 'Primal' in column && Number(column.Primal) > 0)
      return { status: primal ? 'feasible' : 'none', migrationMs: value, ms }
    } catch {
      return { status: 'none', migrationMs: Number.NaN, ms: performance.now() - started }
    }
  }
}
