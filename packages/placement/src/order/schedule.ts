/**
 * The planner's virtual execution: what may start now, and for which departures it had to wait.
 */

import type { Model } from '../model/model.ts'
import { type Blocker, blockerAt, blockerOf } from './blockers.ts'
import { takeSlot, waitForOrder, waitForPools, waitForRoom, waitForRules } from './precedence.ts'
import { createScheduleState, type ScheduleState } from './schedule-state.ts'
import type { Step } from './step.ts'
import type { Timeline } from './transfers.ts'

export interface Schedule {
  readonly timeline: Timeline
  /** Why the step cannot start now, or null. */
  readonly blockerOf: (step: number) => Blocker | null
  /** Why the VM cannot go to that host now, as if VM `absent` (−1 = none) were nowhere; or null. */
  readonly blockerAt: (v: number, h: number, absent: number) => Blocker | null
  readonly start: (step: number) => void
  readonly finish: (steps: readonly number[]) => void
}

/** `targets`: per VM, the host where it is in the end; −1 = nowhere. */
export const createSchedule = (model: Model, steps: readonly Step[], targets: Int32Array): Schedule => {
  const s = createScheduleState(model, steps, targets)
  return {
    timeline: s.timeline,
    blockerOf: (i) => blockerOf(s, i),
    blockerAt: (v, h, absent) => blockerAt(s, v, h, absent),
    start: (i) => start(s, i),
    finish: (ended) => {
      for (const i of ended) finish(s, i)
    },
  }
}

const start = (s: ScheduleState, i: number): void => {
  const { timeline, model } = s
  const step = s.steps[i]!
  if (step.previous >= 0) step.after.push(step.previous)
  waitForOrder(s, step)
  if (step.to >= 0) arrive(s, step)
  if (step.kind === 'migrate') {
    takeSlot(s, i, s.slotsOut, step.from, model.problem.migrationsOutMax)
    takeSlot(s, i, s.slotsIn, step.to, model.problem.migrationsInMax)
    timeline.start(i, step.from, step.to, step.soloMs)
  } else timeline.start(i, -1, -1, step.soloMs)
}

/** From its start the VM counts at its destination, too. */
const arrive = (s: ScheduleState, step: Step): void => {
  const { dims, wants } = s.model
  const { vm, to } = step
  s.going[vm] = to
  for (let d = 0; d < dims; d++) {
    s.load[to * dims + d]! += wants[vm * dims + d]!
    s.everArrived[to * dims + d]! += wants[vm * dims + d]!
  }
  for (const pool of s.pools) {
    const slot = pool.slot[to]!
    if (slot < 0) continue
    pool.load[slot]! += pool.amount(vm)
    pool.everArrived[slot]! += pool.amount(vm)
  }
  for (const usedHosts of s.usedHostsLimits) {
    if (usedHosts.inside[to] === 0 || usedHosts.used[to] === 1) continue
    usedHosts.used[to] = 1
    usedHosts.count++
  }
  waitForRoom(s, step)
  waitForPools(s, step)
  waitForRules(s, step)
}

/** From its end the VM counts at its source no more. */
const finish = (s: ScheduleState, i: number): void => {
  const { dims, wants } = s.model
  const { vm, from, to } = s.steps[i]!
  s.done.add(i)
  s.leaving[vm] = to
  s.going[vm] = to
  if (from < 0) return
  for (let d = 0; d < dims; d++) s.load[from * dims + d]! -= wants[vm * dims + d]!
  s.departed[from]!.push(i)
  for (const pool of s.pools) {
    const slot = pool.slot[from]!
    if (slot < 0) continue
    pool.load[slot]! -= pool.amount(vm)
    pool.departed[slot]!.push(i)
  }
  s.departedOf[vm]!.push(i)
}
