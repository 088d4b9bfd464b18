/** The model of a few hosts of a data centre and one more host that stands for all others. */
import type { HostSubset } from '../model/constraints/compiled-constraint.ts'
import type { Model } from '../model/model.ts'
import type { ProblemHost } from '../problem/situation.ts'
import type { RestrictedConstraints } from './restricted-constraints.ts'

/** With room for all VMs that are elsewhere or belong elsewhere. */
const hostElsewhere: ProblemHost = {
  id: '' as ProblemHost['id'],
  state: 'online',
  limit: [],
  cpuBaseline: null,
  failureDomain: null,
}

export const restrictModel = (
  model: Model,
  subset: HostSubset,
  { rules, constraints, constraintsOn }: RestrictedConstraints,
): Model => {
  const { vms, hosts, elsewhere } = subset
  const demand = rowsOf(model.demand, vms, model.dims)
  return {
    problem: { ...model.problem, rules },
    hosts: [...hosts.map((h) => model.hosts[h]!), hostElsewhere],
    vms: vms.map((v) => model.vms[v]!),
    hostCount: elsewhere + 1,
    vmCount: vms.length,
    dims: model.dims,
    limit: withElsewhere(rowsOf(model.limit, hosts, model.dims), model.dims, Number.MAX_SAFE_INTEGER),
    demand,
    wants: demand,
    home: Int32Array.from(vms, (v) => hostIn(subset, model.home[v]!)),
    active: new Uint8Array(vms.length).fill(1),
    fixed: Uint8Array.from(vms, (v) => model.fixed[v]!),
    moveMs: Float64Array.from(vms, (v) => model.moveMs[v]!),
    weights: model.weights,
    domain: domainsOf(model, subset),
    constraints,
    constraintsOn,
    load: withElsewhere(rowsOf(model.load, hosts, model.dims), model.dims, 0),
    starts: Uint8Array.from(vms, (v) => model.starts[v]!),
    draining: Uint8Array.from({ length: elsewhere + 1 }, (_, i) =>
      i === elsewhere ? 0 : model.draining[hosts[i]!]!,
    ),
  }
}

/** The index here of a host of the whole; −1 stays −1. */
export const hostIn = ({ hostHere, elsewhere }: HostSubset, h: number): number =>
  h < 0 ? -1 : hostHere[h]! >= 0 ? hostHere[h]! : elsewhere

const rowsOf = (amounts: Float64Array, rows: readonly number[], dims: number): Float64Array => {
  const picked = new Float64Array(rows.length * dims)
  for (let i = 0; i < rows.length; i++)
    for (let d = 0; d < dims; d++) picked[i * dims + d] = amounts[rows[i]! * dims + d]!
  return picked
}

const withElsewhere = (rows: Float64Array, dims: number, amount: number): Float64Array => {
  const all = new Float64Array(rows.length + dims).fill(amount)
  all.set(rows)
  return all
}

/** Shared as in the whole. */
const domainsOf = (model: Model, { vms, hosts, elsewhere }: HostSubset): readonly Uint8Array[] => {
  const domains = new Map<Uint8Array, Uint8Array>()
  return vms.map((v) => {
    const whole = model.domain[v]!
    const known = domains.get(whole)
    if (known !== undefined) return known
    const bits = new Uint8Array(elsewhere + 1).fill(1)
    for (let k = 0; k < elsewhere; k++) bits[k] = whole[hosts[k]!]!
    domains.set(whole, bits)
    return bits
  })
}
