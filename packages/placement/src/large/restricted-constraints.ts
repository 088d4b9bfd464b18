/** The constraints of a data centre for a few of its hosts, with all other VMs where they are. */
import type {
  CompiledConstraint,
  ConstraintBase,
  HostSubset,
} from '../model/constraints/compiled-constraint.ts'
import type { Model } from '../model/model.ts'

type Rules = Model['problem']['rules']

export interface RestrictedConstraints {
  readonly rules: Rules
  readonly constraints: readonly CompiledConstraint[]
  readonly constraintsOn: readonly (readonly CompiledConstraint[])[]
}

/** Each constraint on a VM that is here and not fixed, over those VMs of its scope that are here. */
export const restrictConstraints = (
  model: Model,
  subset: HostSubset,
  translate: Translate,
): RestrictedConstraints => {
  const rules: Rules[number][] = []
  const constraints: CompiledConstraint[] = []
  const constraintsOn: CompiledConstraint[][] = subset.vms.map(() => [])
  const seen = new Set<CompiledConstraint>()
  for (const v of subset.vms) {
    if (model.fixed[v] === 1) continue
    for (const constraint of model.constraintsOn[v]!) {
      if (seen.has(constraint)) continue
      seen.add(constraint)
      const scope = scopeHere(model, constraint, subset)
      if (constraint.local === true && scope.length < 2) continue
      const base = { rule: rules.length, weight: constraint.weight, scope: Int32Array.from(scope) }
      const made = constraint.restrictedTo?.(base, subset) ?? translate(constraint, base)
      rules.push(model.problem.rules[constraint.rule]!)
      constraints.push(made)
      for (const i of scope) constraintsOn[i]!.push(made)
    }
  }
  return { rules, constraints, constraintsOn }
}

const scopeHere = (
  model: Model,
  constraint: CompiledConstraint,
  { vms, vmHere }: HostSubset,
): readonly number[] => {
  const scope: number[] = []
  // Rules about all VMs are about all VMs here.
  if (constraint.scope.length > vms.length) {
    for (let i = 0; i < vms.length; i++) if (model.constraintsOn[vms[i]!]!.includes(constraint)) scope.push(i)
  } else for (const v of constraint.scope) if (vmHere[v]! >= 0) scope.push(vmHere[v]!)
  return scope
}

/** A constraint that does not know how to restrict itself, asked in terms of the subset. */
export type Translate = (constraint: CompiledConstraint, base: ConstraintBase) => CompiledConstraint

/**
 * Writes where the VMs of the scope are into `subset.at` and asks the constraint about the whole. `conflict`: room for its
 * answer; `hostOf(i, h)`: the host in the whole of VM `i` that is on host `h` here.
 */
export const translation =
  (
    { vms, hosts, elsewhere, vmHere, at }: HostSubset,
    hostOf: (i: number, h: number) => number,
    conflict: Int32Array,
  ): Translate =>
  (constraint, base) => {
    const { scope } = base
    const sync = (local: Int32Array): void => {
      for (let k = 0; k < scope.length; k++) at[vms[scope[k]!]!] = hostOf(scope[k]!, local[scope[k]!]!)
    }
    return {
      ...base,
      conflict: (local, out, from) => {
        sync(local)
        const n = constraint.conflict(at, conflict, 0)
        let kept = 0
        for (let k = 0; k < n; k++) {
          const i = vmHere[conflict[k]!]!
          if (i >= 0) out[from + kept++] = i
        }
        return kept
      },
      clashes: (local, i, h) => {
        if (h === elsewhere) return false
        sync(local)
        return constraint.clashes(at, vms[i]!, hosts[h]!)
      },
      violation: (local) => {
        sync(local)
        return constraint.violation(at)
      },
    }
  }
