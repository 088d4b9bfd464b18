/** VMs of different colours never in one place: spread, split, lonely. */
import type { CompiledConstraint, ConstraintBase } from './compiled-constraint.ts'

/** `colour[i]` belongs to `scope[i]`; `place[h]` is the host's place (itself, or its failure domain). */
export const separationConstraint = (
  base: ConstraintBase,
  colour: Int32Array,
  place: Int32Array,
  local = false,
): CompiledConstraint => {
  const { scope } = base
  const colourOf = new Map<number, number>()
  scope.forEach((v, i) => {
    colourOf.set(v, colour[i]!)
  })
  return {
    ...base,
    ...(local ? { local } : {}),
    conflict: (at, out, start) => {
      for (let i = 0; i < scope.length; i++) {
        const h = at[scope[i]!]!
        if (h < 0) continue
        let n = 0
        for (let j = i + 1; j < scope.length; j++) {
          const g = at[scope[j]!]!
          if (g >= 0 && place[g] === place[h] && colour[j] !== colour[i]) {
            // One pair is a conflict by itself; a smaller conflict guides the search better.
            out[start + 1] = scope[j]!
            n = 1
            break
          }
        }
        if (n > 0) {
          out[start] = scope[i]!
          return 2
        }
      }
      return 0
    },
    clashes: (at, v, h) => {
      const mine = colourOf.get(v)
      for (let i = 0; i < scope.length; i++) {
        const g = at[scope[i]!]!
        if (g >= 0 && scope[i] !== v && colour[i] !== mine && place[g] === place[h]) return true
      }
      return false
    },
    violation: (at) => {
      let count = 0
      for (let i = 1; i < scope.length; i++) {
        const h = at[scope[i]!]!
        if (h < 0) continue
        for (let j = 0; j < i; j++) {
          const g = at[scope[j]!]!
          if (g < 0 || place[g] !== place[h] || colour[j] === colour[i]) continue
          count++
          break
        }
      }
      return count
    },
  }
}

/**
 * The members share a host with no other VM; linear, unlike the pairs of `separationConstraint`. Hosts from `hostCount`
 * on do not count.
 */
export const lonelyConstraint = (
  base: ConstraintBase,
  member: Uint8Array,
  hostCount: number,
): CompiledConstraint => {
  const { scope } = base
  const seenMember = new Int32Array(hostCount)
  const members = scope.filter((v) => member[v] === 1)
  const others = scope.filter((v) => member[v] !== 1)
  const isElsewhere = (h: number): boolean => h < 0 || h >= hostCount
  return {
    ...base,
    local: true,
    restrictedTo: (inner, { vms, elsewhere }) =>
      lonelyConstraint(
        inner,
        Uint8Array.from(vms, (v) => member[v]!),
        elsewhere,
      ),
    conflict: (at, out, start) => {
      seenMember.fill(-1)
      let met = false
      for (let i = 0; i < members.length; i++)
        if (!isElsewhere(at[members[i]!]!)) {
          seenMember[at[members[i]!]!] = members[i]!
          met = true
        }
      for (let i = 0; met && i < others.length; i++) {
        const h = at[others[i]!]!
        if (isElsewhere(h) || seenMember[h]! < 0) continue
        out[start] = seenMember[h]!
        out[start + 1] = others[i]!
        return 2
      }
      return 0
    },
    clashes: (at, v, h) => {
      if (isElsewhere(h)) return false
      // Nearly all VMs are others, which only the few members concern.
      const against = member[v] === 1 ? others : members
      for (let i = 0; i < against.length; i++) if (at[against[i]!] === h) return true
      return false
    },
    violation: (at) => {
      seenMember.fill(-1)
      for (let i = 0; i < members.length; i++)
        if (!isElsewhere(at[members[i]!]!)) seenMember[at[members[i]!]!] = members[i]!
      let count = 0
      for (let i = 0; i < others.length; i++) {
        const h = at[others[i]!]!
        if (!isElsewhere(h) && seenMember[h]! >= 0) count++
      }
      return count
    },
  }
}
