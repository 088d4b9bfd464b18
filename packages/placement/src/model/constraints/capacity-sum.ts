/** Caps over a set of hosts: resourceCapacity, runningCapacity, maxOnline. */
import type { CompiledConstraint, ConstraintBase } from './compiled-constraint.ts'

/** The amounts of the VMs on the hosts with `inside[h] = 1` add up to at most `max`. */
export const capacitySumConstraint = (
  base: ConstraintBase,
  inside: Uint8Array,
  amount: Float64Array,
  max: number,
): CompiledConstraint => {
  const { scope } = base
  const first = inside.indexOf(1)
  const clashes: CompiledConstraint['clashes'] = (at, v, h) => {
    if (inside[h] === 0) return false
    let total = amount[v]!
    for (let i = 0; i < scope.length; i++) {
      const g = at[scope[i]!]!
      if (g >= 0 && inside[g] === 1 && scope[i] !== v) total += amount[scope[i]!]!
    }
    return total > max && amount[v]! > 0
  }
  return {
    ...base,
    counted: true,
    clashes,
    // It is the same on each of its hosts.
    forbiddenHosts: (at, v) => (first >= 0 && clashes(at, v, first) ? inside : null),
    restrictedTo: (inner, { vms, hosts, elsewhere, vmHere, hostHere, at }) => {
      let left = max
      for (const v of scope) {
        const h = at[v]!
        if (h >= 0 && inside[h] === 1 && (vmHere[v]! < 0 || hostHere[h]! < 0)) left -= amount[v]!
      }
      return capacitySumConstraint(
        inner,
        Uint8Array.from({ length: elsewhere + 1 }, (_, h) => (h === elsewhere ? 0 : inside[hosts[h]!]!)),
        Float64Array.from(vms, (v) => amount[v]!),
        left,
      )
    },
    conflict: (at, out, start) => {
      let total = 0
      let n = 0
      for (let i = 0; i < scope.length; i++) {
        const v = scope[i]!
        const h = at[v]!
        if (h < 0 || inside[h] === 0 || amount[v] === 0) continue
        total += amount[v]!
        out[start + n++] = v
      }
      return total > max ? n : 0
    },
    violation: (at) => {
      let total = 0
      let n = 0
      for (let i = 0; i < scope.length; i++) {
        const h = at[scope[i]!]!
        if (h < 0 || inside[h] === 0 || amount[scope[i]!] === 0) continue
        total += amount[scope[i]!]!
        n++
      }
      // Counted in VMs of average size.
      return total > max ? Math.ceil(((total - max) * n) / total) : 0
    },
  }
}

/** At most `max` of the hosts with `inside[h] = 1` carry VMs. */
export const usedHostsConstraint = (
  base: ConstraintBase,
  inside: Uint8Array,
  max: number,
): CompiledConstraint => {
  const { scope } = base
  const used = new Uint8Array(inside.length)
  return {
    ...base,
    counted: true,
    usedHosts: { inside, max },
    restrictedTo: (inner, { hosts, elsewhere, hostHere, at }) => {
      used.fill(0)
      let left = max
      for (const v of scope) {
        const h = at[v]!
        if (h < 0 || inside[h] === 0 || hostHere[h]! >= 0 || used[h] === 1) continue
        used[h] = 1
        left--
      }
      return usedHostsConstraint(
        inner,
        Uint8Array.from({ length: elsewhere + 1 }, (_, h) => (h === elsewhere ? 0 : inside[hosts[h]!]!)),
        left,
      )
    },
    conflict: (at, out, start) => {
      used.fill(0)
      let hosts = 0
      let n = 0
      for (let i = 0; i < scope.length; i++) {
        const h = at[scope[i]!]!
        if (h < 0 || inside[h] === 0) continue
        if (used[h] === 0) hosts++
        used[h] = 1
        out[start + n++] = scope[i]!
      }
      return hosts > max ? n : 0
    },
    clashes: (at, v, h) => {
      if (inside[h] === 0) return false
      used.fill(0)
      used[h] = 1
      let hosts = 1
      for (let i = 0; i < scope.length; i++) {
        const g = at[scope[i]!]!
        if (g < 0 || inside[g] === 0 || scope[i] === v || used[g] === 1) continue
        used[g] = 1
        hosts++
      }
      return hosts > max
    },
    violation: (at) => {
      used.fill(0)
      let hosts = 0
      for (let i = 0; i < scope.length; i++) {
        const h = at[scope[i]!]!
        if (h < 0 || inside[h] === 0 || used[h] === 1) continue
        used[h] = 1
        hosts++
      }
      return Math.max(0, hosts - max)
    },
  }
}
