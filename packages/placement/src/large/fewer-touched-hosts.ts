/**
 * Fewer hosts touched by the same moves: a host that only receives VMs is left alone when each of them finds room on
 * another touched host; there at most one other arrival may make way for it and go to a third. The number and the cost of
 * the moves stay the same, since a migration costs the same to every host.
 */
import type { Model } from '../model/model.ts'

/** So often a host is considered for a VM; some hundredths of a second. */
const looksMax = 2_000_000

/** Changes `at`. Rules about more VMs than this take too long to check each time. */
const scopeMax = 1000

export const touchFewerHosts = (model: Model, at: Int32Array): void => {
  const {
    hostCount,
    vmCount,
    dims,
    demand,
    limit,
    home,
    active,
    starts,
    domain,
    constraints,
    constraintsOn,
  } = model
  if (constraints.some((constraint) => constraint.scope.length > scopeMax)) return
  const load = new Float64Array(hostCount * dims)
  const arrivals: number[][] = Array.from({ length: hostCount }, () => [])
  const touched = new Uint8Array(hostCount)
  /** Touched whatever happens to its arrivals. */
  const touchedAnyway = new Uint8Array(hostCount)
  for (let v = 0; v < vmCount; v++) {
    const h = at[v]!
    if (active[v] === 0 || h < 0) continue
    for (let d = 0; d < dims; d++) load[h * dims + d]! += demand[v * dims + d]!
    if (h === home[v] && starts[v] === 0) continue
    touched[h] = 1
    if (home[v]! >= 0) touched[home[v]!] = touchedAnyway[home[v]!] = 1
    if (h !== home[v]) arrivals[h]!.push(v)
  }
  let looks = 0

  const fits = (v: number, h: number, without: number): boolean => {
    looks++
    if (domain[v]![h] === 0) return false
    for (let d = 0; d < dims; d++) {
      const freed = without < 0 ? 0 : demand[without * dims + d]!
      if (load[h * dims + d]! - freed + demand[v * dims + d]! > limit[h * dims + d]!) return false
    }
    return true
  }
  const keepsRules = (v: number, h: number): boolean =>
    constraintsOn[v]!.every((constraint) => !constraint.clashes(at, v, h))
  const move = (v: number, h: number): void => {
    const from = at[v]!
    for (let d = 0; d < dims; d++) {
      load[from * dims + d]! -= demand[v * dims + d]!
      load[h * dims + d]! += demand[v * dims + d]!
    }
    arrivals[from]!.splice(arrivals[from]!.indexOf(v), 1)
    arrivals[h]!.push(v)
    at[v] = h
  }
  const others = Array.from({ length: hostCount }, (_, h) => h).filter((h) => touched[h] === 1)
  /** Places the VM anywhere but on `avoided` and its home; false when that is not possible. */
  const placed = (v: number, avoided: number): boolean => {
    for (const h of others)
      if (h !== avoided && h !== home[v] && touched[h] === 1 && fits(v, h, -1) && keepsRules(v, h)) {
        move(v, h)
        return true
      }
    for (const h of others) {
      if (h === avoided || h === home[v] || touched[h] === 0) continue
      for (const u of arrivals[h]!) {
        if (looks > looksMax) return false
        if (!fits(v, h, u)) continue
        for (const g of others) {
          if (g === avoided || g === h || g === home[u] || touched[g] === 0) continue
          if (!fits(u, g, -1) || !keepsRules(u, g)) continue
          move(u, g)
          if (keepsRules(v, h)) {
            move(v, h)
            return true
          }
          move(u, h)
          break
        }
      }
    }
    return false
  }
  const receivers = others
    .filter((h) => touchedAnyway[h] === 0)
    .sort((a, b) => arrivals[a]!.length - arrivals[b]!.length || a - b)
  for (const h of receivers) {
    if (looks > looksMax) return
    const before = new Map(others.flatMap((g) => arrivals[g]!.map((v): [number, number] => [v, g])))
    if ([...arrivals[h]!].every((v) => placed(v, h))) touched[h] = 0
    else for (const [v, g] of before) if (at[v] !== g) move(v, g)
  }
}
