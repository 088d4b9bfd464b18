/** The steps that had to be done before an arrival could start: they become the `after` of its action. */
import type { ScheduleState } from './schedule-state.ts'
import type { Step } from './step.ts'

/** The departures that made room for this arrival, oldest first, no more than needed. */
export const waitForRoom = (
  { model, steps, departed, everArrived, cap }: ScheduleState,
  step: Step,
): void => {
  const { dims, wants } = model
  const h = step.to
  const missing = Array.from({ length: dims }, (_, d) => everArrived[h * dims + d]! - cap[h * dims + d]!)
  for (const departure of departed[h]!) {
    if (missing.every((amount) => amount <= 0)) return
    const v = steps[departure]!.vm
    if (!missing.some((amount, d) => amount > 0 && wants[v * dims + d]! > 0)) continue
    step.after.push(departure)
    for (let d = 0; d < dims; d++) missing[d]! -= wants[v * dims + d]!
  }
}

/** The same for caps by rules. */
export const waitForPools = ({ steps, pools }: ScheduleState, step: Step): void => {
  for (const pool of pools) {
    const slot = pool.slot[step.to]!
    if (slot < 0 || pool.amount(step.vm) === 0) continue
    let missing = pool.everArrived[slot]! - pool.cap[slot]!
    for (const departure of pool.departed[slot]!) {
      if (missing <= 0) break
      const amount = pool.amount(steps[departure]!.vm)
      if (amount > 0) step.after.push(departure)
      missing -= amount
    }
  }
}

/** Departures of VMs that could not have been there together with this one. */
export const waitForRules = ({ steps, continuous, departedOf, probe }: ScheduleState, step: Step): void => {
  for (const constraint of continuous.strictOf(step.vm))
    for (const other of constraint.scope)
      for (const departure of departedOf[other]!) {
        probe[other] = steps[departure]!.from
        if (other !== step.vm && constraint.clashes(probe, step.vm, step.to)) step.after.push(departure)
        probe[other] = -1
      }
}

/** All steps of the VMs that rules of order put first. */
export const waitForOrder = ({ steps, before }: ScheduleState, step: Step): void => {
  for (const earlier of before.get(step.vm) ?? [])
    for (let j = 0; j < steps.length; j++) if (steps[j]!.vm === earlier) step.after.push(j)
}

/** Never more than `max` migrations at once: each takes over a slot of the host from one that is done. */
export const takeSlot = (
  { steps, done }: ScheduleState,
  i: number,
  slots: Map<number, number[]>,
  h: number,
  max: number,
): void => {
  const held = slots.get(h) ?? []
  slots.set(h, held)
  const free = held.length < max ? -1 : held.findIndex((last) => done.has(last))
  if (free < 0) held.push(i)
  else {
    steps[i]!.after.push(held[free]!)
    held[free] = i
  }
}
