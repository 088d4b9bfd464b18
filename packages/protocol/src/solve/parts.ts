/**
 * The solver's side of rules: a *part* looks at an assignment (host index per VM, −1 = nowhere yet) and names
 * VMs of which at least one must be elsewhere. A part must be monotone: VMs that are nowhere break nothing, and
 * a violation never disappears by placing one more VM. That is all the search needs: it evicts one of the named
 * VMs, or gives up when none of them can still move.
 *
 * Rules that only restrict where single VMs may be (ban, fence) are no parts: they become domains (model.ts).
 */

export interface Part {
  /** Index in `Problem.rules`. */
  readonly rule: number
  /** −1 = hard. */
  readonly weight: number
  /** The VMs whose place matters to it. */
  readonly scope: Int32Array
  /** Writes the VMs in conflict to `out` from `start` and returns how many: 0 when the rule holds. */
  readonly conflict: (at: Int32Array, out: Int32Array, start: number) => number
  /** Would VM `v` on host `h` conflict with where the others of the scope are? */
  readonly clashes: (at: Int32Array, v: number, h: number) => boolean
}

/** No two VMs of the scope on one host. */
export const spreadPart = (rule: number, weight: number, scope: Int32Array): Part => ({
  rule,
  weight,
  scope,
  conflict: (at, out, start) => {
    for (let i = 0; i < scope.length; i++) {
      const h = at[scope[i]!]!
      if (h < 0) continue
      let n = 0
      for (let j = i + 1; j < scope.length; j++) if (at[scope[j]!]! === h) out[start + 1 + n++] = scope[j]!
      if (n > 0) {
        out[start] = scope[i]!
        return n + 1
      }
    }
    return 0
  },
  clashes: (at, v, h) => {
    for (let i = 0; i < scope.length; i++) if (scope[i]! !== v && at[scope[i]!]! === h) return true
    return false
  },
})

/** A soft ban or fence: each VM of the scope should be on a host with `allowed[h] = 1`. */
export const domainPart = (rule: number, weight: number, scope: Int32Array, allowed: Uint8Array): Part => ({
  rule,
  weight,
  scope,
  conflict: (at, out, start) => {
    for (let i = 0; i < scope.length; i++) {
      const h = at[scope[i]!]!
      if (h >= 0 && allowed[h]! === 0) {
        out[start] = scope[i]!
        return 1
      }
    }
    return 0
  },
  clashes: (_at, _v, h) => allowed[h]! === 0,
})
