/** Soft rules about single VMs: ban, fence, root, quarantine. (Hard ones are domains.) */
import type { CompiledConstraint, ConstraintBase } from './compiled-constraint.ts'

/** `allowed(v, h)`: may the VM be there? */
export const unaryConstraint = (
  base: ConstraintBase,
  allowed: (v: number, h: number) => boolean,
): CompiledConstraint => {
  const { scope } = base
  return {
    ...base,
    restrictedTo: (inner, { vms, hosts, elsewhere }) =>
      unaryConstraint(inner, (i, h) => h === elsewhere || allowed(vms[i]!, hosts[h]!)),
    conflict: (at, out, start) => {
      for (let i = 0; i < scope.length; i++) {
        const h = at[scope[i]!]!
        if (h < 0 || allowed(scope[i]!, h)) continue
        out[start] = scope[i]!
        return 1
      }
      return 0
    },
    clashes: (_at, v, h) => !allowed(v, h),
    violation: (at) => {
      let count = 0
      for (let i = 0; i < scope.length; i++) {
        const h = at[scope[i]!]!
        if (h >= 0 && !allowed(scope[i]!, h)) count++
      }
      return count
    },
  }
}
