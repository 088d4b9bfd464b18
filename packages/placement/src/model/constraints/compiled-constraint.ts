/**
 * The solver's side of rules: a *constraint* looks at an assignment (host index per VM, −1 = not assigned) and names
 * VMs of which at least one must be elsewhere. It must be monotone: VMs without a host violate nothing, and a violation
 * never disappears by placing one more VM. That is all the search needs: it evicts one of the named
 * VMs, or gives up when none of them can still move.
 *
 * Hard rules that only restrict where single VMs may be (ban, fence, root …) are none of these: they become domains,
 * and those that change amounts (preserve, overbook) change the model.
 */

/** Rules about more VMs than this are caps, and not about pairs of VMs. */
export const pairScopeMax = 1_000

export interface CompiledConstraint {
  /** Index in `Problem.rules`. */
  readonly rule: number
  /** −1 = hard. */
  readonly weight: number
  /** The VMs whose place matters to it. */
  readonly scope: Int32Array
  /** Per host its group, −1 = none: all VMs of the scope must be in the same one. Undefined: no such rule. */
  readonly group?: Int32Array
  /** Writes the VMs in conflict to `out` from `start` and returns how many: 0 when the rule holds. */
  readonly conflict: (at: Int32Array, out: Int32Array, start: number) => number
  /** Would VM `v` on host `h` conflict with where the others of the scope are? */
  readonly clashes: (at: Int32Array, v: number, h: number) => boolean
  /**
   * A 1 for each host on which `v` would clash, all at once; null: on none. For rules about very many VMs or hosts. It is
   * overwritten when the constraint is asked again.
   */
  readonly forbiddenHosts?: (at: Int32Array, v: number) => Uint8Array | null
  /** Only VMs on the same host matter to each other. */
  readonly local?: true
  /** The VMs of the scope count alike: where one may be, another may be in its stead. */
  readonly interchangeable?: true
  /** During a plan it is kept by counting (order/capacity-pools.ts), not by `clashes`. */
  readonly counted?: true
  /** No host takes more of the VMs of the scope than this, whatever they weigh. */
  readonly maxPerHost?: (h: number) => number
  /** At most `max` of the hosts with `inside[h] = 1` may carry VMs. */
  readonly usedHosts?: { readonly inside: Uint8Array; readonly max: number }
  /** The same rule for a few hosts and their VMs, with all others where they are; for rules about very many. */
  readonly restrictedTo?: (base: ConstraintBase, subset: HostSubset) => CompiledConstraint
  /** The degree of violation, about the number of VMs that have to be elsewhere; 0 when the rule holds. */
  readonly violation: (at: Int32Array) => number
}

export interface ConstraintBase {
  readonly rule: number
  readonly weight: number
  readonly scope: Int32Array
}

/** Some hosts as a problem of their own (large/neighbourhood.ts), with the indexes of hosts and VMs in both. */
export interface HostSubset {
  /** Index in the whole, by index here. */
  readonly vms: readonly number[]
  readonly hosts: readonly number[]
  /** The host index here that stands for all other hosts. */
  readonly elsewhere: number
  /** Index here, by index in the whole; −1 = not here. */
  readonly vmHere: Int32Array
  readonly hostHere: Int32Array
  /** Where all VMs are. */
  readonly at: Int32Array
}

/** Is the rule violated by a VM that is not at home, or not running yet? */
export const violatedByArrival = (
  constraint: CompiledConstraint,
  at: Int32Array,
  { home, starts }: { readonly home: Int32Array; readonly starts: Uint8Array },
): boolean => {
  for (let i = 0; i < constraint.scope.length; i++) {
    const v = constraint.scope[i]!
    const arrives = at[v] !== home[v] || starts[v] === 1
    if (at[v]! >= 0 && arrives && constraint.clashes(at, v, at[v]!)) return true
  }
  return false
}
