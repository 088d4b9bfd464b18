/** The VMs with which a VM cannot share its home, because a hard rule keeps the two apart: for the bounds. */
import type { Model } from '../model/model.ts'

/** Rules over more VMs than this are not read pair by pair. */
const scopeMax = 16
const noVms = new Int32Array(0)

/** Per VM those that may not be on its home together with it. Incomplete where that would take long. */
export const incompatibilitiesOf = ({ vmCount, home, active, constraints }: Model): readonly Int32Array[] => {
  const incompatible: Int32Array[] = new Array(vmCount).fill(noVms)
  const at = new Int32Array(vmCount).fill(-1)
  const found: number[] = []
  for (const constraint of constraints) {
    if (constraint.weight >= 0 || constraint.scope.length > scopeMax) continue
    for (const v of constraint.scope) {
      const h = home[v]!
      if (h < 0 || active[v] === 0) continue
      found.length = 0
      for (const u of constraint.scope) {
        if (u === v) continue
        at[u] = h
        if (constraint.clashes(at, v, h)) found.push(u)
        at[u] = -1
      }
      if (found.length > 0) incompatible[v] = Int32Array.from([...incompatible[v]!, ...found])
    }
  }
  return incompatible
}
