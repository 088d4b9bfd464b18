/**
 * The oracle: the same problem as a mixed-integer program for HiGHS. One binary per (VM, allowed host) and one per
 * (among rule, group); the cost is the estimated time of the migrations. Knows spread, ban, fence and among, which
 * the generated instances use. HiGHS starts cold: its one-shot interface takes no first answer.
 *
 * What it answers is rounded, and checked and priced like any other answer, so that its tolerances win nothing.
 */
import { createRequire } from 'node:module'
import type { Highs } from 'highs'
import { checkPlacement } from '../packages/placement/src/check/checker.ts'
import { migrationMs } from '../packages/placement/src/forecast/migration-time.ts'
import type { HostId, VmId } from '../packages/placement/src/problem/ids.ts'
import type { PlacementProblem } from '../packages/placement/src/rules/placement-problem.ts'
import { isContinuous } from '../packages/placement/src/rules/rule.ts'

/** CommonJS, with types that say otherwise. */
const loadHighs = createRequire(import.meta.url)('highs') as () => Promise<Highs>

export interface HighsAnswer {
  readonly status: 'optimal' | 'feasible' | 'infeasible' | 'none'
  readonly migrationMs: number
  /** Wall clock, and of that on a processor. */
  readonly ms: number
  readonly cpuMs: number
}

const terms = (list: readonly string[]): string => {
  const lines: string[] = []
  for (let i = 0; i < list.length; i += 8) lines.push(list.slice(i, i + 8).join(' '))
  return lines.join('\n ')
}

/** In CPLEX's LP format. `x<v>_<h>`: VM v is on host h. */
export const toLp = (problem: PlacementProblem): string => {
  const hostIndex = new Map(problem.hosts.map((host, h) => [host.id, h]))
  const vmIndex = new Map(problem.vms.map((vm, v) => [vm.id, v]))
  const allowed = problem.vms.map(() => new Set(problem.hosts.map((_, h) => h)))
  const rows: string[] = []
  const groups: string[] = []
  for (const rule of problem.rules)
    if (rule.kind === 'ban' || rule.kind === 'fence') {
      const named = new Set(rule.hosts.map((id) => hostIndex.get(id)!))
      for (const vm of rule.vms)
        for (const h of [...allowed[vmIndex.get(vm)!]!])
          if (named.has(h) === (rule.kind === 'ban')) allowed[vmIndex.get(vm)!]!.delete(h)
    } else if (rule.kind === 'among') {
      // A continuous rule that holds now holds at every step, so its VMs cannot change groups one by one.
      const homes = rule.vms.map((vm) => problem.vms[vmIndex.get(vm)!]!.host!)
      const now = isContinuous(rule)
        ? rule.parts.find((part) => homes.every((home) => part.includes(home)))
        : undefined
      const named = new Set((now ?? rule.parts.flat()).map((id) => hostIndex.get(id)!))
      for (const vm of rule.vms)
        for (const h of [...allowed[vmIndex.get(vm)!]!])
          if (!named.has(h)) allowed[vmIndex.get(vm)!]!.delete(h)
    } else if (rule.kind !== 'spread') throw new Error(`the oracle does not know ${rule.kind}`)
  const xs = (vm: number, hosts: readonly number[]) =>
    hosts.filter((h) => allowed[vm]!.has(h)).map((h) => `+ x${vm}_${h}`)
  problem.rules.forEach((rule, r) => {
    if (rule.kind === 'spread')
      problem.hosts.forEach((_, h) => {
        const on = rule.vms.flatMap((vm) => xs(vmIndex.get(vm)!, [h]))
        if (on.length > 1) rows.push(`${terms(on)} <= 1`)
      })
    else if (rule.kind === 'among') {
      const names = rule.parts.map((_, p) => `y${r}_${p}`)
      groups.push(...names)
      rows.push(`${terms(names.map((name) => `+ ${name}`))} = 1`)
      for (const vm of rule.vms)
        rule.parts.forEach((part, p) => {
          const inside = xs(
            vmIndex.get(vm)!,
            part.map((id) => hostIndex.get(id)!),
          )
          rows.push(`${terms([...inside, `- ${names[p]}`])} = 0`)
        })
    }
  })
  const costs: string[] = []
  problem.vms.forEach((vm, v) => {
    const home = hostIndex.get(vm.host!)!
    if (allowed[v]!.has(home)) costs.push(`- ${moveMs(problem, v)} x${v}_${home}`)
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
  return `Minimize\n obj: ${terms(costs)}\nSubject To\n${rows.map((row, i) => ` r${i}: ${row}`).join('\n')}\nBinary\n ${terms([...names, ...groups])}\nEnd\n`
}

const moveMs = (problem: PlacementProblem, v: number): number =>
  migrationMs(problem.vms[v]!.memoryMiB, problem.vms[v]!.dirtyMiBps, problem.bandwidthMiBps)

/** What the columns say, as a placement that the independent checker accepts; NaN = none. */
const costOfColumns = (problem: PlacementProblem, value: (name: string) => number): number => {
  let cost = 0
  const placement = new Map<VmId, HostId>()
  problem.vms.forEach((vm, v) => {
    const host = problem.hosts.find((_, h) => value(`x${v}_${h}`) > 0.5)
    if (host?.id !== vm.host) cost += moveMs(problem, v)
    if (host !== undefined) placement.set(vm.id, host.id)
  })
  return checkPlacement(problem, placement).length === 0 ? cost : Number.NaN
}

/** Other work on the machine must not count against it: so much of the time must have been on a processor. */
const cpuShareMin = 0.8
const stretchMax = 5

/** `seconds` of one processor, or nearly. */
export const createHighs = async (): Promise<
  (problem: PlacementProblem, seconds: number) => Promise<HighsAnswer>
> => {
  let highs = await loadHighs()
  const attempt = async (problem: PlacementProblem, lp: string, seconds: number): Promise<HighsAnswer> => {
    const started = performance.now()
    const cpu = process.cpuUsage()
    const took = () => {
      const { user, system } = process.cpuUsage(cpu)
      return { ms: performance.now() - started, cpuMs: (user + system) / 1000 }
    }
    try {
      const solution = highs.solve(lp, {
        time_limit: seconds,
        mip_rel_gap: 0,
        mip_abs_gap: 0.5,
        output_flag: false,
      })
      const times = took()
      if (solution.Status === 'Infeasible') return { status: 'infeasible', migrationMs: Number.NaN, ...times }
      const cost = costOfColumns(problem, (name) => {
        const column = solution.Columns[name]
        return column !== undefined && 'Primal' in column ? Number(column.Primal) : 0
      })
      const status = Number.isNaN(cost) ? 'none' : solution.Status === 'Optimal' ? 'optimal' : 'feasible'
      return { status, migrationMs: cost, ...times }
    } catch {
      // A module that has trapped is not to be used again.
      highs = await loadHighs()
      return { status: 'none', migrationMs: Number.NaN, ...took() }
    }
  }
  return async (problem, seconds) => {
    const lp = toLp(problem)
    for (let stretch = 1; ; ) {
      const answer = await attempt(problem, lp, seconds * stretch)
      const proven = answer.status === 'optimal' || answer.status === 'infeasible'
      const disturbed = answer.ms >= seconds * 1000 && answer.cpuMs < seconds * 1000 * cpuShareMin
      if (proven || !disturbed || stretch >= stretchMax) return answer
      stretch = Math.min(stretchMax, (stretch * 1.2 * seconds * 1000) / answer.cpuMs)
    }
  }
}
