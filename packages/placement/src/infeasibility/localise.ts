/**
 * Why a data centre has no viable placement: the few hosts and VMs that are the cause, however large the rest. First
 * counting per group of hosts (shortage.ts), then rules that contradict each other (contradiction.ts), then an exact
 * search over VMs that are confined to a few hosts. Without a proof, the explanation describes what the best answer
 * leaves undone: the VMs without a place, and what they lack.
 */

import type { Model } from '../model/model.ts'
import type { Binding } from '../problem/answer.ts'
import { amountText, capacityCode } from '../problem/names.ts'
import type { ProblemVm } from '../problem/situation.ts'
import { some } from '../rules/listed.ts'
import type { PlacementProblem } from '../rules/placement-problem.ts'
import { concerns } from '../rules/rule.ts'
import { contradiction } from './contradiction.ts'
import { diagnose } from './diagnosis.ts'
import { feasible, nodeBudget } from './feasible.ts'
import { violatedSingleCondition } from './necessary-conditions.ts'
import { relaxation } from './relaxation.ts'
import { shortage } from './shortage.ts'

/** Searched exactly. */
const hostsMax = 64
const groupsMax = 8

export interface Localised {
  readonly why: Binding
  readonly proven: boolean
}

/** `at`: the best assignment found, which leaves something undone. */
export const localise = (model: Model, at: Int32Array): Localised => {
  const short = violatedSingleCondition(model) ?? shortage(model)
  if (short !== null) {
    const help = short.help === '' ? '' : `; at least this would help: ${short.help}`
    return { proven: true, why: { ...short.why, text: `${short.why.text}${help}` } }
  }
  const proof = contradiction(model, true) ?? searched(model, at)
  return proof === null ? { proven: false, why: leftOver(model, at) } : { proven: true, why: proof }
}

const loadOf = ({ hostCount, vmCount, dims, demand, active }: Model, at: Int32Array): Float64Array => {
  const load = new Float64Array(hostCount * dims)
  for (let v = 0; v < vmCount; v++)
    if (active[v] === 1 && at[v]! >= 0)
      for (let d = 0; d < dims; d++) load[at[v]! * dims + d]! += demand[v * dims + d]!
  return load
}

/** VMs without a place, where they may not be, or on a host that carries too much. */
const vmsInTrouble = (model: Model, at: Int32Array, load: Float64Array): readonly number[] => {
  const { vmCount, dims, active, domain, fixed, limit } = model
  const over = (h: number): boolean => {
    for (let d = 0; d < dims; d++) if (load[h * dims + d]! > limit[h * dims + d]!) return true
    return false
  }
  return Array.from({ length: vmCount }, (_, v) => v).filter((v) => {
    if (active[v] === 0 || fixed[v] === 1) return false
    const h = at[v]!
    return h < 0 || domain[v]![h] === 0 || over(h)
  })
}

const searched = (model: Model, at: Int32Array): Binding | null => {
  const domains = new Set<Uint8Array>()
  for (const v of vmsInTrouble(model, at, loadOf(model, at))) domains.add(model.domain[v]!)
  const small = [...domains]
    .map((domain) => ({ domain, size: domain.reduce((sum, bit) => sum + bit, 0) }))
    .filter((one) => one.size <= hostsMax)
    .sort((a, b) => a.size - b.size)
  for (const { domain } of small.slice(0, groupsMax)) {
    const confined = confinedTo(model, domain)
    const budget = nodeBudget()
    if (feasible(confined, { ...budget, nodesPerQuestion: budget.nodesLeft / groupsMax }) !== false) continue
    const { code, text } = diagnose(confined)
    const help = relaxation(confined)
    const names = some(confined.hosts.map((host) => host.id))
    return {
      code,
      text: `on ${names}, outside of which ${confined.vms.length} VMs may not be: ${text}${help === null ? '' : `; ${help}`}`,
    }
  }
  return null
}

/** The hosts of a domain, and the VMs that can be nowhere else. If this is infeasible by itself, so is the whole. */
const confinedTo = (model: Model, domain: Uint8Array): PlacementProblem => {
  const { problem } = model
  const hosts = model.hosts.filter((_, h) => domain[h] === 1)
  const hostIds = new Set<string>(hosts.map((host) => host.id))
  const inside = new Map<Uint8Array, boolean>()
  const within = (of: Uint8Array): boolean => {
    const known = inside.get(of) ?? of.every((bit, h) => bit === 0 || domain[h] === 1)
    inside.set(of, known)
    return known
  }
  const vms = model.vms.flatMap((vm, v): ProblemVm[] => {
    if (model.active[v] === 0) return []
    const isHome = vm.host !== null && hostIds.has(vm.host)
    if (model.fixed[v] === 1) return isHome ? [vm] : []
    if (!within(model.domain[v]!)) return []
    // A VM from elsewhere only needs a place here.
    return [isHome ? vm : { ...vm, host: null, state: 'ready' }]
  })
  const vmIds = new Set<string>(vms.map((vm) => vm.id))
  return { ...problem, hosts, vms, rules: problem.rules.filter((rule) => concerns(rule, vmIds, hostIds)) }
}

/** Not proven impossible: what the best answer found leaves undone. */
const leftOver = (model: Model, at: Int32Array): Binding => {
  const { hostCount, dims, limit, demand, domain, home } = model
  const load = loadOf(model, at)
  const unplaced = vmsInTrouble(model, at, load).filter((v) => at[v]! < 0 || domain[v]![at[v]!] === 0)
  const texts: string[] = []
  let code = 'partition.timeout'
  const v = unplaced[0]
  if (v !== undefined) {
    let nearest = -1
    let lack = Number.POSITIVE_INFINITY
    let tight = 0
    for (let h = 0; h < hostCount; h++) {
      if (domain[v]![h] === 0 || h === home[v]) continue
      for (let d = 0, worst = 0, of = 0; d < dims; d++) {
        const missing = load[h * dims + d]! + demand[v * dims + d]! - limit[h * dims + d]!
        if (missing > worst) [worst, of] = [missing, d]
        if (d === dims - 1 && worst < lack) [lack, nearest, tight] = [worst, h, of]
      }
    }
    const dimension = model.problem.dimensions[tight]!
    texts.push(
      `${some(unplaced.map((u) => model.vms[u]!.id))} found no place${
        nearest < 0
          ? ''
          : lack === 0
            ? `: where there is room, rules keep ${model.vms[v]!.id} out`
            : `: the roomiest host for ${model.vms[v]!.id}, ${model.hosts[nearest]!.id}, lacks ${amountText(dimension, lack)}`
      }`,
    )
    if (lack > 0 && nearest >= 0) code = capacityCode(dimension)
  }
  const over: string[] = []
  for (let h = 0; h < hostCount; h++)
    for (let d = 0; d < dims; d++) {
      const excess = load[h * dims + d]! - limit[h * dims + d]!
      if (excess <= 0) continue
      if (over.length === 0 && code === 'partition.timeout') code = capacityCode(model.problem.dimensions[d]!)
      over.push(`${model.hosts[h]!.id} by ${amountText(model.problem.dimensions[d]!, excess)}`)
    }
  if (over.length > 0) texts.push(`still over the limit: ${some(over)}`)
  if (texts.length === 0) texts.push('some rules are still broken')
  return { code, text: `${texts.join('; ')}; a full cure was not found, and none is proven impossible` }
}
