/** Soft rules about single VMs: ban, fence, root, quarantine. (Hard ones are domains.) */
import type { Part, PartBase } from './compiled-constraint.ts'

/** `allowed(v, h)`: is the VM welcome there? */
export const wherePart = (base: PartBase, allowed: (v: number, h: number) => boolean): Part => {
  const { scope } = base
  return {
    ...base,
    within: (inner, { vms, hosts, far }) =>
      wherePart(inner, (i, h) => h === far || allowed(vms[i]!, hosts[h]!)),
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
    broken: (at) => {
      let count = 0
      for (let i = 0; i < scope.length; i++) {
        const h = at[scope[i]!]!
        if (h >= 0 && !allowed(scope[i]!, h)) count++
      }
      return count
    },
  }
}
