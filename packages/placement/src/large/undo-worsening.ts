/**
 * Undoes each move that violated a satisfied rule, or whose destination is over its limit. What is left of the
 * assignment is no worse than `idle`, that is, than doing nothing.
 */
import type { Assignment } from '../model/assignment.ts'

export const undoWorsening = (assignment: Assignment, idle: Int32Array): void => {
  const { at, vmsOn, assign, model } = assignment
  const { constraints, home, active, vmCount } = model
  const conflict = new Int32Array(vmCount)
  const undo = (v: number): void => {
    const h = idle[v]!
    if (at[v] === h) return
    assign(v, h)
    if (h < 0) return
    undoArrivals(h)
  }
  /** No VM comes where too much is left: there would be no order. */
  const undoArrivals = (h: number): void => {
    while (assignment.overloaded(h)) {
      const guest = vmsOn[h]!.find((u) => home[u] !== h || idle[u] !== h)
      if (guest === undefined) break
      undo(guest)
    }
  }
  for (let v = 0; v < vmCount; v++) if (at[v]! < 0 && idle[v]! >= 0 && active[v] === 1) undo(v)
  for (let h = 0; h < model.hostCount; h++) undoArrivals(h)
  for (let again = true; again; ) {
    again = false
    for (const constraint of constraints) {
      if (
        constraint.weight >= 0 ||
        constraint.conflict(at, conflict, 0) === 0 ||
        constraint.conflict(idle, conflict, 0) > 0
      )
        continue
      const guests = [...constraint.scope].filter((v) => at[v] !== idle[v])
      if (guests.length === 0) continue
      again = true
      for (const v of guests) undo(v)
    }
  }
}
