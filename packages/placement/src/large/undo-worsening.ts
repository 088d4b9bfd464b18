/**
 * Takes back what made something worse than doing nothing would: whoever broke a rule that held goes home, and so
 * does whoever has come where there is no room for that. What is left of the assignment is no worse than `idle`.
 */
import type { Board } from '../model/assignment.ts'

export const retreat = (board: Board, idle: Int32Array): void => {
  const { at, present, put, model } = board
  const { parts, home, active, vmCount } = model
  const named = new Int32Array(vmCount)
  const back = (v: number): void => {
    const h = idle[v]!
    if (at[v] === h) return
    put(v, h)
    if (h < 0) return
    sendAway(h)
  }
  /** Nobody comes where too much is left: there would be no order. */
  const sendAway = (h: number): void => {
    while (board.overloaded(h)) {
      const guest = present[h]!.find((u) => home[u] !== h || idle[u] !== h)
      if (guest === undefined) break
      back(guest)
    }
  }
  for (let v = 0; v < vmCount; v++) if (at[v]! < 0 && idle[v]! >= 0 && active[v] === 1) back(v)
  for (let h = 0; h < model.hostCount; h++) sendAway(h)
  for (let again = true; again; ) {
    again = false
    for (const part of parts) {
      if (part.weight >= 0 || part.conflict(at, named, 0) === 0 || part.conflict(idle, named, 0) > 0) continue
      const guests = [...part.scope].filter((v) => at[v] !== idle[v])
      if (guests.length === 0) continue
      again = true
      for (const v of guests) back(v)
    }
  }
}
