/**
 * The thorough way to break circles, when stepping aside greedily led nowhere: depth first over which VM
 * migrates next, to its destination or (once) to another host, one at a time. For the few VMs of a partition;
 * the number of states looked at is bounded.
 */
import type { Model } from '../solve/model.ts'
import { isContinuous } from '../solve/rules/rule.ts'

export interface Hop {
  readonly vm: number
  readonly from: number
  readonly to: number
  /** Not its destination yet. */
  readonly aside: boolean
}

const statesMax = 20_000

/** `targets`: VM index → host index. Null: none found. */
export const findSequence = (model: Model, targets: ReadonlyMap<number, number>): readonly Hop[] | null => {
  const { dims, wants, hostCount, limit, domain, moveMs } = model
  const movers = [...targets.keys()].sort((a, b) => moveMs[a]! - moveMs[b]! || a - b)
  const at = Int32Array.from(model.home, (h, v) => (model.vms[v]!.state === 'running' ? h : -1))
  const load = new Float64Array(hostCount * dims)
  const shift = (v: number, h: number, sign: number): void => {
    for (let d = 0; d < dims; d++) load[h * dims + d]! += sign * wants[v * dims + d]!
  }
  at.forEach((h, v) => {
    if (h >= 0) shift(v, h, 1)
  })
  const cap = Float64Array.from(limit, (amount, i) => Math.max(amount, load[i]!))
  const stepped = new Set<number>()
  const seen = new Set<string>()
  const hops: Hop[] = []

  const mayGo = (v: number, h: number): boolean => {
    if (h === at[v]) return false
    for (let d = 0; d < dims; d++)
      if (wants[v * dims + d]! > 0 && load[h * dims + d]! + wants[v * dims + d]! > cap[h * dims + d]!)
        return false
    return model.partsOf[v]!.every(
      (part) => part.weight >= 0 || !isContinuous(model.problem.rules[part.rule]!) || !part.clashes(at, v, h),
    )
  }
  const attempt = (v: number, h: number, aside: boolean): boolean => {
    const from = at[v]!
    if (!mayGo(v, h)) return false
    shift(v, from, -1)
    shift(v, h, 1)
    at[v] = h
    if (aside) stepped.add(v)
    hops.push({ vm: v, from, to: h, aside })
    if (visit()) return true
    hops.pop()
    if (aside) stepped.delete(v)
    at[v] = from
    shift(v, h, -1)
    shift(v, from, 1)
    return false
  }
  const visit = (): boolean => {
    const waiting = movers.filter((v) => at[v] !== targets.get(v))
    if (waiting.length === 0) return true
    const key = movers.map((v) => `${at[v]}${stepped.has(v) ? 'a' : ''}`).join()
    if (seen.has(key) || seen.size >= statesMax) return false
    seen.add(key)
    for (const v of waiting) if (attempt(v, targets.get(v)!, false)) return true
    for (const v of waiting) {
      if (stepped.has(v)) continue
      for (let h = 0; h < hostCount; h++)
        if (h !== targets.get(v) && domain[v]![h] === 1 && attempt(v, h, true)) return true
    }
    return false
  }
  return visit() ? hops : null
}
