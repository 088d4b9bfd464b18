/** Violated rules: an exact search around their VMs; where those are very many, VM by VM. */
import { type CompiledConstraint, pairScopeMax } from '../model/constraints/compiled-constraint.ts'
import { fullestFit, isSpent, type RepairState } from './repair-state.ts'
import { hostsMax, searchAround } from './search-around.ts'

/** The hard rules, or the soft ones. */
export const satisfyRules = (s: RepairState, hard: boolean): void => {
  const { at, model } = s.assignment
  const conflict = new Int32Array(model.vmCount)
  for (const constraint of model.constraints) {
    if (constraint.weight < 0 !== hard) continue
    for (let tries = 0; tries < constraint.scope.length && !isSpent(s); tries++) {
      const n = constraint.conflict(at, conflict, 0)
      if (n === 0) break
      const inConflict = [...conflict.subarray(0, n)]
      if (n > pairScopeMax) {
        thinOut(s, constraint, inConflict)
        break
      }
      const vms = constraint.scope.length > pairScopeMax ? inConflict : [...constraint.scope]
      const hosts = new Set(vms.map((v) => at[v]!).filter((h) => h >= 0))
      if (hosts.size > hostsMax) break
      const before = constraint.violation(at)
      searchAround(s, [...hosts], vms)
      if (constraint.violation(at) >= before) break
    }
  }
}

/** Too many to look at them together: VMs that have a place elsewhere go, until the rule holds. */
const thinOut = (s: RepairState, constraint: CompiledConstraint, vms: readonly number[]): void => {
  const { at, assign, model } = s.assignment
  const { vmCount, fixed, moveMs } = model
  const scratch = new Int32Array(vmCount)
  for (const v of [...vms].sort((a, b) => moveMs[a]! - moveMs[b]! || a - b)) {
    if (isSpent(s) || constraint.conflict(at, scratch, 0) === 0) return
    const h = fixed[v] === 1 ? -1 : fullestFit(s, v, at[v]!)
    if (h >= 0) assign(v, h)
  }
}
