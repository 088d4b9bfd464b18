/** VMs in one group of hosts: gather (each host a group), among, and, several at a time, splitAmong. */
import type { CompiledConstraint, ConstraintBase } from './compiled-constraint.ts'

/** `group[h]`: the host's group, −1 = in none (never allowed). */
export const groupingConstraint = (base: ConstraintBase, group: Int32Array): CompiledConstraint => {
  const { scope } = base
  /** Per group. Made when first asked for: a data centre has thousands of these rules. */
  let members: Int32Array | null = null
  return {
    ...base,
    group,
    conflict: (at, out, start) => {
      let first = -1
      for (let i = 0; i < scope.length; i++) {
        const h = at[scope[i]!]!
        if (h < 0) continue
        if (group[h]! < 0) {
          out[start] = scope[i]!
          return 1
        }
        if (first < 0) first = i
        else if (group[h] !== group[at[scope[first]!]!]) {
          out[start] = scope[first]!
          out[start + 1] = scope[i]!
          return 2
        }
      }
      return 0
    },
    clashes: (at, v, h) => {
      if (group[h]! < 0) return true
      for (let i = 0; i < scope.length; i++) {
        const g = at[scope[i]!]!
        if (g >= 0 && scope[i] !== v && group[g] !== group[h]) return true
      }
      return false
    },
    violation: (at) => {
      members ??= new Int32Array(group.length)
      members.fill(0)
      let count = 0
      let most = 0
      for (let i = 0; i < scope.length; i++) {
        const h = at[scope[i]!]!
        if (h < 0) continue
        count++
        if (group[h]! >= 0) most = Math.max(most, ++members[group[h]!]!)
      }
      return count - most
    },
  }
}

/** `side[i]`: the list of VMs that `scope[i]` belongs to. Same side, same group; other side, other group. */
export const splitAmongConstraint = (
  base: ConstraintBase,
  side: Int32Array,
  group: Int32Array,
): CompiledConstraint => {
  const { scope } = base
  const sideOf = new Map<number, number>()
  scope.forEach((v, i) => {
    sideOf.set(v, side[i]!)
  })
  return {
    ...base,
    conflict: (at, out, start) => {
      for (let i = 0; i < scope.length; i++) {
        const h = at[scope[i]!]!
        if (h < 0) continue
        out[start] = scope[i]!
        if (group[h]! < 0) return 1
        for (let j = 0; j < i; j++) {
          const g = at[scope[j]!]!
          if (g < 0 || (side[i] === side[j]) === (group[g] === group[h])) continue
          out[start + 1] = scope[j]!
          return 2
        }
      }
      return 0
    },
    clashes: (at, v, h) => {
      if (group[h]! < 0) return true
      const mine = sideOf.get(v)
      for (let i = 0; i < scope.length; i++) {
        const g = at[scope[i]!]!
        if (g >= 0 && scope[i] !== v && (side[i] === mine) !== (group[g] === group[h])) return true
      }
      return false
    },
    violation: (at) => {
      let count = 0
      for (let i = 0; i < scope.length; i++) {
        const h = at[scope[i]!]!
        if (h < 0) continue
        let bad = group[h]! < 0
        for (let j = 0; j < i && !bad; j++) {
          const g = at[scope[j]!]!
          bad = g >= 0 && (side[i] === side[j]) !== (group[g] === group[h])
        }
        if (bad) count++
      }
      return count
    },
  }
}
