/**
 * The moves that a forecast recommends: one VM at a time, the move that saves most overload, until no host is overloaded
 * and no further move saves enough. Where no single moves cure an overload, the search for the cheapest answer decides
 * (solve-placement.ts); forecasts then count no more.
 */

import { hostForecastOf, withoutVm, withVm } from '../forecast/host-forecast.ts'
import {
  destinationCostMs,
  type HostOutlook,
  hostOutlookOf,
  sourceGainMs,
} from '../forecast/migration-gain.ts'
import { costOf, type FullCost } from '../model/cost.ts'
import type { Model } from '../model/model.ts'
import type { Forecast } from '../problem/demand-forecast.ts'

const movesMax = 4
/** A present overload outweighs every forecast. */
const overloadMs = 1e9

export interface ForecastMoves {
  readonly at: Int32Array
  readonly cost: FullCost
}

/** Null: nothing is worth moving, or single moves are not enough. */
export const forecastMoves = (model: Model, forecast: Forecast): ForecastMoves | null => {
  const { problem, hostCount, vmCount, dims, limit, demand, home, active, fixed, moveMs, domain } = model
  const hostIn = new Map(problem.hosts.map((host, i) => [host.id, forecast.hosts[i]!]))
  const vmIn = new Map(problem.vms.map((vm, i) => [vm.id, forecast.vms[i]!]))
  const of = model.vms.map((vm) => vmIn.get(vm.id)!)
  const host = model.hosts.map((one) => hostIn.get(one.id)!)
  const at = Int32Array.from(home)
  const load = Float64Array.from(model.load)
  const moved = new Uint8Array(vmCount)
  const outlook: HostOutlook[] = model.hosts.map((_, h) => {
    const each = of.filter((__, v) => home[v] === h && active[v] === 1)
    return hostOutlookOf(
      hostForecastOf({ each, turnoverS: host[h]!.turnoverS, known: true }),
      host[h]!.usableMilli,
    )
  })

  const isOver = (h: number): boolean => {
    for (let d = 0; d < dims; d++) if (load[h * dims + d]! > limit[h * dims + d]!) return true
    return false
  }
  const excessWithout = (h: number, v: number): number => {
    let excess = 0
    for (let d = 0; d < dims; d++)
      excess += Math.max(0, load[h * dims + d]! - demand[v * dims + d]! - limit[h * dims + d]!)
    return excess
  }
  const hasRoomFor = (h: number, v: number): boolean => {
    if (domain[v]![h] === 0) return false
    for (let d = 0; d < dims; d++)
      if (load[h * dims + d]! + demand[v * dims + d]! > limit[h * dims + d]!) return false
    for (const constraint of model.constraintsOn[v]!)
      if (constraint.weight < 0 && constraint.clashes(at, v, h)) return false
    return true
  }

  const bestMove = (): { readonly v: number; readonly to: number } | null => {
    const sources = model.hosts.map((_, h) => h).filter(isOver)
    const urgent = sources.length > 0
    if (!urgent) for (let h = 0; h < hostCount; h++) if (host[h]!.mayLeave) sources.push(h)
    if (sources.some((from) => !host[from]!.foresees)) return null
    let best: { readonly v: number; readonly to: number } | null = null
    let most = urgent ? Number.NEGATIVE_INFINITY : forecast.gainMsMin
    for (const from of sources)
      for (let v = 0; v < vmCount; v++) {
        if (at[v] !== from || active[v] === 0 || fixed[v] === 1 || moved[v] === 1) continue
        const left = urgent ? excessWithout(from, v) : 0
        const urge = urgent ? -moveMs[v]! - (left > 0 ? overloadMs + left * 1e3 : 0) : 0
        const spared = sourceGainMs(outlook[from]!, of[v]!) + urge
        if (spared <= most) continue
        for (let to = 0; to < hostCount; to++) {
          if (to === from || !host[to]!.foresees || !hasRoomFor(to, v)) continue
          const gain = spared - destinationCostMs(outlook[to]!, of[v]!)
          if (gain <= most) continue
          most = gain
          best = { v, to }
        }
      }
    return best
  }

  for (let moves = 0; moves < movesMax; moves++) {
    const best = bestMove()
    if (best === null) break
    const { v, to } = best
    const from = at[v]!
    at[v] = to
    moved[v] = 1
    for (let d = 0; d < dims; d++) {
      load[from * dims + d]! -= demand[v * dims + d]!
      load[to * dims + d]! += demand[v * dims + d]!
    }
    outlook[from] = hostOutlookOf(withoutVm(outlook[from]!.forecast, of[v]!), host[from]!.usableMilli)
    outlook[to] = hostOutlookOf(withVm(outlook[to]!.forecast, of[v]!), host[to]!.usableMilli)
  }
  if (!moved.includes(1)) return null
  const cost = costOf(model, at)
  const before = costOf(model, home)
  const cures = cost.unmet === 0 && cost.overloadedHosts === 0 && cost.softPenalty <= before.softPenalty
  return cures ? { at, cost } : null
}
