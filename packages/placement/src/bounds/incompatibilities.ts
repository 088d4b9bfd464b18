/** Whom a VM cannot share its home with, because a hard rule keeps the two apart: for the bounds. */
import type { Model } from '../model/model.ts'

/** Rules over more VMs than this are not read pair by pair. */
const scopeMax = 16
const nobody = new Int32Array(0)

/** Per VM those that may not be on its home together with it. Incomplete where that would take long. */
export const foesOf = ({ vmCount, home, active, parts }: Model): readonly Int32Array[] => {
  const foes: Int32Array[] = new Array(vmCount).fill(nobody)
  const at = new Int32Array(vmCount).fill(-1)
  const found: number[] = []
  for (const part of parts) {
    if (part.weight >= 0 || part.scope.length > scopeMax) continue
    for (const v of part.scope) {
      const h = home[v]!
      if (h < 0 || active[v] === 0) continue
      found.length = 0
      for (const u of part.scope) {
        if (u === v) continue
        at[u] = h
        if (part.clashes(at, v, h)) found.push(u)
        at[u] = -1
      }
      if (found.length > 0) foes[v] = Int32Array.from([...foes[v]!, ...found])
    }
  }
  return foes
}
