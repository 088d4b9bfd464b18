/** Why a step cannot start now. */
import { amountText, capacityCode } from '../problem/names.ts'
import { codeOf } from '../rules/rule.ts'
import type { ScheduleState } from './schedule-state.ts'

export interface Blocker {
  readonly code: string
  readonly text: string
}

/** Null: it can start. */
export const blockerOf = (s: ScheduleState, i: number): Blocker | null => {
  const { steps, done, timeline, model } = s
  const { migrationsOutMax, migrationsInMax } = model.problem
  const step = steps[i]!
  if (step.previous >= 0 && !done.has(step.previous))
    return { code: 'plan.waits', text: 'its first half runs' }
  for (const earlier of s.before.get(step.vm) ?? [])
    if (steps.some((other, j) => other.vm === earlier && !done.has(j)))
      return { code: 'rule.order', text: `${model.vms[earlier]!.id} comes first` }
  if (step.kind === 'migrate') {
    if (timeline.out(step.from) >= migrationsOutMax)
      return { code: 'limit.out', text: 'all slots out are taken' }
    if (timeline.into(step.to) >= migrationsInMax) return { code: 'limit.in', text: 'all slots in are taken' }
  }
  return step.to < 0 ? null : blockerAt(s, step.vm, step.to, -1)
}

/** Why the VM cannot go to that host now, as if VM `absent` (−1 = none) were nowhere; null: it can. */
export const blockerAt = (s: ScheduleState, v: number, h: number, absent: number): Blocker | null =>
  overLimit(s, v, h, absent) ??
  overPool(s, v, h, absent) ??
  overUsedHosts(s, h) ??
  inConflict(s, v, h, absent)

const overLimit = (s: ScheduleState, v: number, h: number, absent: number): Blocker | null => {
  const { dims, wants, problem, vms, hosts } = s.model
  for (let d = 0; d < dims; d++) {
    const amount = wants[v * dims + d]!
    const freed = absent >= 0 && s.going[absent] === h ? wants[absent * dims + d]! : 0
    const over = s.load[h * dims + d]! - freed + amount - s.cap[h * dims + d]!
    if (over <= 0 || amount === 0) continue
    const dimension = problem.dimensions[d]!
    return {
      code: capacityCode(dimension),
      text: `${vms[v]!.id} lacks ${amountText(dimension, over)} on ${hosts[h]!.id}`,
    }
  }
  return null
}

const overPool = (s: ScheduleState, v: number, h: number, absent: number): Blocker | null => {
  for (const pool of s.pools) {
    const slot = pool.slot[h]!
    if (slot < 0) continue
    const inPool = absent >= 0 && s.going[absent]! >= 0 && pool.slot[s.going[absent]!] === slot
    const freed = inPool ? pool.amount(absent) : 0
    if (pool.load[slot]! - freed + pool.amount(v) > pool.cap[slot]! && pool.amount(v) > 0)
      return { code: codeOf(pool.rule), text: `${s.model.vms[v]!.id} would exceed ${pool.nameOn(h)}` }
  }
  return null
}

const overUsedHosts = (s: ScheduleState, h: number): Blocker | null => {
  for (const { rule, inside, used, count, max } of s.usedHostsLimits)
    if (inside[h] === 1 && used[h] === 0 && count >= max)
      return { code: codeOf(rule), text: `${s.model.hosts[h]!.id} may not be used as well` }
  return null
}

const inConflict = (s: ScheduleState, v: number, h: number, absent: number): Blocker | null => {
  const { leaving, going, continuous, model } = s
  const leavingBefore = absent < 0 ? -1 : leaving[absent]!
  const goingBefore = absent < 0 ? -1 : going[absent]!
  if (absent >= 0) leaving[absent] = going[absent] = -1
  const brokenNow = continuous.brokenBy(leaving, v, h)
  const broken = brokenNow < 0 ? continuous.brokenBy(going, v, h) : brokenNow
  if (absent >= 0) {
    leaving[absent] = leavingBefore
    going[absent] = goingBefore
  }
  if (broken < 0) return null
  return {
    code: codeOf(model.problem.rules[broken]!),
    text: `${model.vms[v]!.id} may not join the VMs on ${model.hosts[h]!.id}`,
  }
}
