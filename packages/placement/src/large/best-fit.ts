/** Best fit: the host where a VM leaves least room, hosts that are touched already first. */
import type { CompiledConstraint } from '../model/constraints/compiled-constraint.ts'
import { type GreedyState, measureRoom } from './greedy-state.ts'

/** Worse than any touched host. */
const untouched = 1_000_000
/** Worse than any host on which no soft rule is violated. */
const softViolation = 10_000_000

/** −1 when the VM fits on no host. */
export const bestHost = (s: GreedyState, v: number): number => {
  const { touched } = s
  const { hostCount, dims, demand } = s.model
  for (let d = 0; d < dims; d++) if (demand[v * dims + d]! > s.mostRoom[d]!) return -1
  const forbidden = forbiddenFor(s, v)
  let chosen = -1
  let least = Number.POSITIVE_INFINITY
  for (let h = 0; h < hostCount; h++) {
    if (touched[h] === 0 && least < untouched - 1000 * dims) continue
    if (!mayTake(s, v, h)) continue
    let score = scoreOf(s, v, h)
    if (score >= least || forbidden.some((bits) => bits[h] === 1) || violatesOther(s, v, h)) continue
    if (violatesSoft(s, v, h)) score += softViolation
    if (score >= least) continue
    least = score
    chosen = h
  }
  if (chosen < 0) measureRoom(s)
  return chosen
}

const mayTake = ({ model, load, emptied }: GreedyState, v: number, h: number): boolean => {
  const { dims, demand, limit, domain, home } = model
  if (domain[v]![h] === 0 || h === home[v] || emptied[h] === 1) return false
  for (let d = 0; d < dims; d++)
    if (load[h * dims + d]! + demand[v * dims + d]! > limit[h * dims + d]!) return false
  return true
}

/** The room that is left, in permille of the limits; of untouched hosts the roomiest may be the best. */
const scoreOf = ({ model, load, touched, opening }: GreedyState, v: number, h: number): number => {
  const { dims, demand, limit } = model
  let score = touched[h] === 1 ? 0 : untouched
  const sign = touched[h] === 1 || opening === 'tightest' ? 1 : -1
  for (let d = 0; d < dims; d++) {
    const slack = limit[h * dims + d]! - load[h * dims + d]! - demand[v * dims + d]!
    score += sign * Math.floor((slack * 1000) / Math.max(1, limit[h * dims + d]!))
  }
  return score
}

const knowsForbidden = ({ weight, forbiddenHosts }: CompiledConstraint): boolean =>
  weight < 0 && forbiddenHosts !== undefined

/** Hosts that are closed to the VM by constraints that tell this for all hosts at once. */
const forbiddenFor = ({ model, at }: GreedyState, v: number): readonly Uint8Array[] =>
  model.constraintsOn[v]!.filter(knowsForbidden).flatMap((one) => one.forbiddenHosts!(at, v) ?? [])

/** The other hard rules. */
const violatesOther = ({ model, at, doneByHosts }: GreedyState, v: number, h: number): boolean => {
  const of = model.constraintsOn[v]!
  for (let i = 0; i < of.length; i++) {
    const one = of[i]!
    if (one.weight >= 0 || one.forbiddenHosts !== undefined || doneByHosts.has(one)) continue
    if (one.clashes(at, v, h)) return true
  }
  return false
}

const violatesSoft = ({ model, at }: GreedyState, v: number, h: number): boolean => {
  const of = model.constraintsOn[v]!
  for (let i = 0; i < of.length; i++) if (of[i]!.weight >= 0 && of[i]!.clashes(at, v, h)) return true
  return false
}

/** All hard rules. */
export const violatesHard = ({ model, at, doneByHosts }: GreedyState, v: number, h: number): boolean => {
  const of = model.constraintsOn[v]!
  for (let i = 0; i < of.length; i++)
    if (of[i]!.weight < 0 && !doneByHosts.has(of[i]!) && of[i]!.clashes(at, v, h)) return true
  return false
}
