/**
 * Who pays for VMs that a rule wants in one group of hosts (gather, among): the rule, which chooses the group
 * where they are cheapest together. So such a VM has a price per group; every other VM has one price.
 * A VM of several such rules is paid for by the first; the others are for the search.
 */

import type { Part } from '../model/constraints/compiled-constraint.ts'
import type { Model } from '../model/model.ts'

export interface Choosers {
  readonly slots: number
  /** [v × hosts + h], −1 = the rule allows no such place. */
  readonly slotOf: Int32Array
  /** The prices of VM `v`: `firstSlot[v] … firstSlot[v + 1] − 1`. */
  readonly firstSlot: Int32Array
  /** Which rule pays for the VM, −1 = none. */
  readonly owner: Int32Array
  /** Finds the groups that all VMs of a rule can still be in; false when a rule has none. */
  readonly open: (allowed: Uint8Array) => boolean
  readonly isOpen: (slot: number) => boolean
  /** Every rule chooses its cheapest open group; returns what they pay together. */
  readonly settle: (price: Float64Array) => number
  /** After `settle`: 1 = the VM is wanted where this price holds. */
  readonly wants: (slot: number) => number
  /** After `settle`: what its rule pays more at least when the VM is where this price holds. */
  readonly extra: (slot: number) => number
}

export const createChoosers = (model: Model, parts: readonly Part[], movers: Int32Array): Choosers => {
  const { hostCount, vmCount, home, active, fixed } = model
  const owner = new Int32Array(vmCount).fill(-1)
  const moves = new Uint8Array(vmCount)
  for (const v of movers) moves[v] = 1
  const rules = parts.filter((part) => part.group !== undefined)
  const members = rules.map((part, r) =>
    part.scope.filter((v) => {
      if (moves[v] === 0 || owner[v]! >= 0) return false
      owner[v] = r
      return true
    }),
  )
  const groupCount = rules.map((part) => part.group!.reduce((most, g) => Math.max(most, g + 1), 0))
  /** Where a VM that cannot move holds the rule; −1 = nowhere. */
  const held = rules.map((part) => {
    const holder = part.scope.find((v) => active[v] === 1 && fixed[v] === 1)
    return holder === undefined ? -1 : part.group![home[holder]!]!
  })
  const firstSlot = new Int32Array(vmCount + 1)
  const slotOf = new Int32Array(vmCount * hostCount).fill(-1)
  for (let v = 0; v < vmCount; v++) {
    const r = owner[v]!
    firstSlot[v + 1] = firstSlot[v]! + (moves[v] === 0 ? 0 : r < 0 ? 1 : groupCount[r]!)
    if (moves[v] === 0) continue
    for (let h = 0; h < hostCount; h++) {
      const g = r < 0 ? 0 : rules[r]!.group![h]!
      if (g >= 0) slotOf[v * hostCount + h] = firstSlot[v]! + g
    }
  }
  const slots = firstSlot[vmCount]!
  const ruleOf = new Int32Array(slots).fill(-1)
  const groupOf = new Int32Array(slots)
  for (let v = 0; v < vmCount; v++)
    for (let s = firstSlot[v]!; s < firstSlot[v + 1]!; s++) {
      ruleOf[s] = owner[v]!
      groupOf[s] = s - firstSlot[v]!
    }
  /** [rule][group]: how many of its VMs can be there, then what they cost together. */
  const reach = groupCount.map((n) => new Int32Array(n))
  const paid = groupCount.map((n) => new Float64Array(n))
  const reachable = new Uint8Array(slots)
  const chosen = new Int32Array(rules.length)

  const isOpen = (s: number): boolean => {
    if (s < 0) return false
    const r = ruleOf[s]!
    return r < 0 || opens(r, groupOf[s]!)
  }
  const opens = (r: number, g: number): boolean =>
    reach[r]![g] === members[r]!.length && (held[r]! < 0 || held[r] === g)

  return {
    slots,
    slotOf,
    firstSlot,
    owner,
    isOpen,
    open: (allowed) => {
      if (rules.length === 0) return true
      reachable.fill(0)
      for (let i = 0; i < slotOf.length; i++)
        if (allowed[i] === 1 && slotOf[i]! >= 0) reachable[slotOf[i]!] = 1
      for (let r = 0; r < rules.length; r++) {
        const of = members[r]!
        reach[r]!.fill(0)
        for (let i = 0; i < of.length; i++)
          for (let g = 0; g < groupCount[r]!; g++) reach[r]![g]! += reachable[firstSlot[of[i]!]! + g]!
        if (of.length === 0) continue
        let some = false
        for (let g = 0; g < groupCount[r]! && !some; g++) some = opens(r, g)
        if (!some) return false
      }
      return true
    },
    settle: (price) => {
      let total = 0
      for (let r = 0; r < rules.length; r++) {
        const of = members[r]!
        if (of.length === 0) continue
        chosen[r] = -1
        for (let g = 0; g < groupCount[r]!; g++) {
          if (!opens(r, g)) continue
          let sum = 0
          for (let i = 0; i < of.length; i++) sum += price[firstSlot[of[i]!]! + g]!
          paid[r]![g] = sum
          if (chosen[r]! < 0 || sum < paid[r]![chosen[r]!]!) chosen[r] = g
        }
        total += paid[r]![chosen[r]!]!
      }
      return total
    },
    wants: (s) => {
      const r = ruleOf[s]!
      return r < 0 || chosen[r] === groupOf[s] ? 1 : 0
    },
    extra: (s) => {
      const r = ruleOf[s]!
      if (r < 0) return 0
      return opens(r, groupOf[s]!) ? paid[r]![groupOf[s]!]! - paid[r]![chosen[r]!]! : Number.POSITIVE_INFINITY
    },
  }
}
