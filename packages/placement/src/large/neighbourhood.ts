/**
 * A few hosts of a data centre as a problem of their own: the VMs that are there now or belong there, with all
 * other VMs where they are. Its cost differs from that of the whole by a constant, so what is better here is better there,
 * and making it takes microseconds where preparing a search of the whole takes milliseconds.
 */
import type { Assignment } from '../model/assignment.ts'
import type { CompiledConstraint, HostSubset } from '../model/constraints/compiled-constraint.ts'
import type { Model } from '../model/model.ts'
import type { ProblemHost } from '../problem/situation.ts'

export interface Neighbourhood {
  readonly model: Model
  /** The hosts that the search may change: all but the last, which stands for all others. */
  readonly open: Uint8Array
  readonly start: Int32Array
  /** Ends it, with a better assignment than `start` or none. To be called before the next is asked for. */
  readonly settle: (found: Int32Array | null) => void
}

/** A host with room for all, for the VMs that are elsewhere or belong elsewhere. */
const hostElsewhere: ProblemHost = {
  id: '' as ProblemHost['id'],
  state: 'online',
  limit: [],
  cpuBaseline: null,
  failureDomain: null,
}

/** These hosts; `guests`: also these VMs, wherever they are. */
export type NeighbourhoodOf = (hosts: readonly number[], guests: readonly number[]) => Neighbourhood

/** Neighbourhoods of the assignment, one at a time. */
export const createNeighbourhoods = (assignment: Assignment): NeighbourhoodOf => {
  const { model, at, vmsOn, homeVms } = assignment
  const { dims } = model
  const vmHere = new Int32Array(model.vmCount).fill(-1)
  const hostHere = new Int32Array(model.hostCount).fill(-1)
  let widest = 0
  for (const constraint of model.constraints)
    if (constraint.restrictedTo === undefined) widest = Math.max(widest, constraint.scope.length)
  const conflict = new Int32Array(widest)

  return (hosts, guests) => {
    const elsewhere = hosts.length
    const vms: number[] = []
    const add = (v: number): void => {
      if (vmHere[v]! >= 0) return
      vmHere[v] = vms.length
      vms.push(v)
    }
    hosts.forEach((h, i) => {
      hostHere[h] = i
    })
    for (const h of hosts) {
      for (const v of homeVms[h]!) add(v)
      for (const v of vmsOn[h]!) add(v)
    }
    for (const v of guests) add(v)
    const count = vms.length
    const here = (h: number): number => (h < 0 ? -1 : hostHere[h]! >= 0 ? hostHere[h]! : elsewhere)
    const home = new Int32Array(count)
    const start = new Int32Array(count)
    const active = new Uint8Array(count).fill(1)
    const fixed = new Uint8Array(count)
    const starts = new Uint8Array(count)
    const moveMs = new Float64Array(count)
    const demand = new Float64Array(count * dims)
    const limit = new Float64Array((elsewhere + 1) * dims).fill(Number.MAX_SAFE_INTEGER)
    const load = new Float64Array((elsewhere + 1) * dims)
    const draining = new Uint8Array(elsewhere + 1)
    /** Where the VMs truly are that are on the host that stands for all others. */
    const outside = new Int32Array(count)
    const domains = new Map<Uint8Array, Uint8Array>()
    const domain: Uint8Array[] = []
    hosts.forEach((h, i) => {
      draining[i] = model.draining[h]!
      for (let d = 0; d < dims; d++) {
        limit[i * dims + d] = model.limit[h * dims + d]!
        load[i * dims + d] = model.load[h * dims + d]!
      }
    })
    vms.forEach((v, i) => {
      home[i] = here(model.home[v]!)
      start[i] = here(at[v]!)
      outside[i] = start[i] === elsewhere ? at[v]! : model.home[v]!
      fixed[i] = model.fixed[v]!
      starts[i] = model.starts[v]!
      moveMs[i] = model.moveMs[v]!
      for (let d = 0; d < dims; d++) demand[i * dims + d] = model.demand[v * dims + d]!
      const whole = model.domain[v]!
      let bits = domains.get(whole)
      if (bits === undefined) {
        bits = new Uint8Array(elsewhere + 1).fill(1)
        for (let k = 0; k < elsewhere; k++) bits[k] = whole[hosts[k]!]!
        domains.set(whole, bits)
      }
      domain.push(bits)
    })

    const constraints: CompiledConstraint[] = []
    const constraintsOn: CompiledConstraint[][] = vms.map(() => [])
    const seen = new Set<CompiledConstraint>()
    const rules: Model['problem']['rules'][number][] = []
    const subset: HostSubset = { vms, hosts, elsewhere, vmHere, hostHere, at }
    /** The constraint over those VMs of its scope that are here. */
    const restrict = (constraint: CompiledConstraint): void => {
      const scope: number[] = []
      // A rule about all VMs is about all VMs here.
      if (constraint.scope.length > count) {
        for (let i = 0; i < count; i++) if (model.constraintsOn[vms[i]!]!.includes(constraint)) scope.push(i)
      } else for (const v of constraint.scope) if (vmHere[v]! >= 0) scope.push(vmHere[v]!)
      if (constraint.local === true && scope.length < 2) return
      const base = { rule: rules.length, weight: constraint.weight, scope: Int32Array.from(scope) }
      const made = constraint.restrictedTo?.(base, subset) ?? translated(constraint, base)
      rules.push(model.problem.rules[constraint.rule]!)
      constraints.push(made)
      for (const i of scope) constraintsOn[i]!.push(made)
    }
    const translated = (
      constraint: CompiledConstraint,
      base: Pick<CompiledConstraint, 'rule' | 'weight' | 'scope'>,
    ): CompiledConstraint => {
      const { scope } = base
      const sync = (local: Int32Array): void => {
        for (let k = 0; k < scope.length; k++) {
          const i = scope[k]!
          const h = local[i]!
          at[vms[i]!] = h < 0 ? -1 : h === elsewhere ? outside[i]! : hosts[h]!
        }
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
    for (const v of vms) {
      if (model.fixed[v] === 1) continue
      for (const constraint of model.constraintsOn[v]!) {
        if (seen.has(constraint)) continue
        seen.add(constraint)
        restrict(constraint)
      }
    }
    const small: Model = {
      problem: { ...model.problem, rules },
      hosts: [...hosts.map((h) => model.hosts[h]!), hostElsewhere],
      vms: vms.map((v) => model.vms[v]!),
      hostCount: elsewhere + 1,
      vmCount: count,
      dims,
      limit,
      demand,
      wants: demand,
      home,
      active,
      fixed,
      moveMs,
      weights: model.weights,
      domain,
      constraints,
      constraintsOn,
      load,
      starts,
      draining,
    }
    const open = new Uint8Array(elsewhere + 1).fill(1)
    open[elsewhere] = 0
    return {
      model: small,
      open,
      start,
      settle: (found) => {
        // What the constraints have written while the search went on.
        for (let i = 0; i < count; i++) {
          const h = start[i]!
          at[vms[i]!] = h < 0 ? -1 : h === elsewhere ? outside[i]! : hosts[h]!
        }
        if (found !== null)
          for (let i = 0; i < count; i++)
            if (found[i] !== start[i]) assignment.assign(vms[i]!, found[i]! < 0 ? -1 : hosts[found[i]!]!)
        for (const v of vms) vmHere[v] = -1
        for (const h of hosts) hostHere[h] = -1
      },
    }
  }
}
