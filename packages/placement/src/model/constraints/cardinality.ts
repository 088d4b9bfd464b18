/** A cardinality constraint: at most so many of the VMs on each host, whichever they are. */
import type { CompiledConstraint, ConstraintBase } from './compiled-constraint.ts'

/** `inside[h] = 1`: the host takes at most `max` of the VMs of the scope. */
export const cardinalityConstraint = (
  base: ConstraintBase,
  inside: Uint8Array,
  max: number,
): CompiledConstraint => {
  const { scope } = base
  const taken = new Int32Array(inside.length)
  const closed = new Uint8Array(inside.length)
  /** Counts all but `except`. */
  const count = (at: Int32Array, except: number): void => {
    taken.fill(0)
    for (let i = 0; i < scope.length; i++) {
      const h = at[scope[i]!]!
      if (h >= 0 && inside[h] === 1 && scope[i] !== except) taken[h]!++
    }
  }
  return {
    ...base,
    // Where one VM alone is too many, the constraint matters without others on the host.
    ...(max > 0 ? { local: true as const } : {}),
    interchangeable: true,
    counted: true,
    maxPerHost: (h) => (inside[h] === 1 ? max : Number.POSITIVE_INFINITY),
    restrictedTo: (inner, { hosts, elsewhere }) =>
      cardinalityConstraint(
        inner,
        Uint8Array.from({ length: elsewhere + 1 }, (_, h) => (h === elsewhere ? 0 : inside[hosts[h]!]!)),
        max,
      ),
    conflict: (at, out, start) => {
      count(at, -1)
      let full = -1
      let n = 0
      for (let i = 0; i < scope.length; i++) {
        const h = at[scope[i]!]!
        if (h < 0 || inside[h] === 0 || taken[h]! <= max || (full >= 0 && h !== full)) continue
        full = h
        out[start + n++] = scope[i]!
        // One VM more than allowed is a conflict by itself; a smaller conflict guides the search better.
        if (n > max) break
      }
      return n
    },
    clashes: (at, v, h) => {
      if (inside[h] === 0) return false
      let others = 0
      for (let i = 0; i < scope.length && others < max; i++)
        if (at[scope[i]!] === h && scope[i] !== v) others++
      return others >= max
    },
    forbiddenHosts: (at, v) => {
      count(at, v)
      let some = false
      for (let h = 0; h < inside.length; h++) {
        closed[h] = inside[h] === 1 && taken[h]! >= max ? 1 : 0
        some ||= closed[h] === 1
      }
      return some ? closed : null
    },
    violation: (at) => {
      count(at, -1)
      let over = 0
      for (let h = 0; h < inside.length; h++) over += Math.max(0, taken[h]! - max)
      return over
    },
  }
}
