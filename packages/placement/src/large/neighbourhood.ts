/**
 * A few hosts of a data centre as a problem of their own: the VMs that are there now or belong there, with everybody
 * else where they are. Its cost differs from that of the whole by a constant, so what is better here is better there,
 * and making it takes microseconds where preparing a search of the whole takes milliseconds.
 */
import type { Board } from '../model/assignment.ts'
import type { Part, Within } from '../model/constraints/compiled-constraint.ts'
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

/** A host with room for everybody, for those who are elsewhere or belong elsewhere. */
const elsewhere: ProblemHost = {
  id: '' as ProblemHost['id'],
  state: 'online',
  limit: [],
  cpuBaseline: null,
  failureDomain: null,
}

/** These hosts; `guests`: also these VMs, wherever they are. */
export type NeighbourhoodOf = (hosts: readonly number[], guests: readonly number[]) => Neighbourhood

/** Neighbourhoods on the board, one at a time. */
export const createNeighbourhoods = (board: Board): NeighbourhoodOf => {
  const { model, at, present, natives } = board
  const { dims } = model
  const vmHere = new Int32Array(model.vmCount).fill(-1)
  const hostHere = new Int32Array(model.hostCount).fill(-1)
  let widest = 0
  for (const part of model.parts) if (part.within === undefined) widest = Math.max(widest, part.scope.length)
  const named = new Int32Array(widest)

  return (hosts, guests) => {
    const far = hosts.length
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
      for (const v of natives[h]!) add(v)
      for (const v of present[h]!) add(v)
    }
    for (const v of guests) add(v)
    const count = vms.length
    const here = (h: number): number => (h < 0 ? -1 : hostHere[h]! >= 0 ? hostHere[h]! : far)
    const home = new Int32Array(count)
    const start = new Int32Array(count)
    const active = new Uint8Array(count).fill(1)
    const fixed = new Uint8Array(count)
    const starts = new Uint8Array(count)
    const moveMs = new Float64Array(count)
    const demand = new Float64Array(count * dims)
    const limit = new Float64Array((far + 1) * dims).fill(Number.MAX_SAFE_INTEGER)
    const load = new Float64Array((far + 1) * dims)
    const draining = new Uint8Array(far + 1)
    /** Where those are who are on the host that stands for all others. */
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
      outside[i] = start[i] === far ? at[v]! : model.home[v]!
      fixed[i] = model.fixed[v]!
      starts[i] = model.starts[v]!
      moveMs[i] = model.moveMs[v]!
      for (let d = 0; d < dims; d++) demand[i * dims + d] = model.demand[v * dims + d]!
      const whole = model.domain[v]!
      let bits = domains.get(whole)
      if (bits === undefined) {
        bits = new Uint8Array(far + 1).fill(1)
        for (let k = 0; k < far; k++) bits[k] = whole[hosts[k]!]!
        domains.set(whole, bits)
      }
      domain.push(bits)
    })

    const parts: Part[] = []
    const partsOf: Part[][] = vms.map(() => [])
    const met = new Set<Part>()
    const rules: Model['problem']['rules'][number][] = []
    const within: Within = { vms, hosts, far, vmHere, hostHere, at }
    /** The part over those VMs of its scope that are here. */
    const narrow = (part: Part): void => {
      const scope: number[] = []
      // Rules about everybody are about everybody here.
      if (part.scope.length > count) {
        for (let i = 0; i < count; i++) if (model.partsOf[vms[i]!]!.includes(part)) scope.push(i)
      } else for (const v of part.scope) if (vmHere[v]! >= 0) scope.push(vmHere[v]!)
      if (part.local === true && scope.length < 2) return
      const base = { rule: rules.length, weight: part.weight, scope: Int32Array.from(scope) }
      const made = part.within?.(base, within) ?? translated(part, base)
      rules.push(model.problem.rules[part.rule]!)
      parts.push(made)
      for (const i of scope) partsOf[i]!.push(made)
    }
    const translated = (part: Part, base: Pick<Part, 'rule' | 'weight' | 'scope'>): Part => {
      const { scope } = base
      const sync = (local: Int32Array): void => {
        for (let k = 0; k < scope.length; k++) {
          const i = scope[k]!
          const h = local[i]!
          at[vms[i]!] = h < 0 ? -1 : h === far ? outside[i]! : hosts[h]!
        }
      }
      return {
        ...base,
        conflict: (local, out, from) => {
          sync(local)
          const n = part.conflict(at, named, 0)
          let kept = 0
          for (let k = 0; k < n; k++) {
            const i = vmHere[named[k]!]!
            if (i >= 0) out[from + kept++] = i
          }
          return kept
        },
        clashes: (local, i, h) => {
          if (h === far) return false
          sync(local)
          return part.clashes(at, vms[i]!, hosts[h]!)
        },
        broken: (local) => {
          sync(local)
          return part.broken(at)
        },
      }
    }
    for (const v of vms) {
      if (model.fixed[v] === 1) continue
      for (const part of model.partsOf[v]!) {
        if (met.has(part)) continue
        met.add(part)
        narrow(part)
      }
    }
    const small: Model = {
      problem: { ...model.problem, rules },
      hosts: [...hosts.map((h) => model.hosts[h]!), elsewhere],
      vms: vms.map((v) => model.vms[v]!),
      hostCount: far + 1,
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
      parts,
      partsOf,
      load,
      starts,
      draining,
    }
    const open = new Uint8Array(far + 1).fill(1)
    open[far] = 0
    return {
      model: small,
      open,
      start,
      settle: (found) => {
        // What the parts have written while the search went on.
        for (let i = 0; i < count; i++) {
          const h = start[i]!
          at[vms[i]!] = h < 0 ? -1 : h === far ? outside[i]! : hosts[h]!
        }
        if (found !== null)
          for (let i = 0; i < count; i++)
            if (found[i] !== start[i]) board.put(vms[i]!, found[i]! < 0 ? -1 : hosts[found[i]!]!)
        for (const v of vms) vmHere[v] = -1
        for (const h of hosts) hostHere[h] = -1
      },
    }
  }
}
