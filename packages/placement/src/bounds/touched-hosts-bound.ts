/**
 * A lower bound of the hosts that any full cure touches: those that cannot stay as they are, and the fewest others whose
 * free room takes what those must give away, in the worst dimension.
 */
import type { Model } from '../model/model.ts'

export const touchedHostsBound = (model: Model): number => {
  const { hostCount, vmCount, dims, demand, limit, home, active, fixed, domain, starts, draining } = model
  const load = new Float64Array(hostCount * dims)
  const stuck = new Float64Array(hostCount * dims)
  const must = new Uint8Array(hostCount)
  const surplus = new Float64Array(dims)
  for (let v = 0; v < vmCount; v++) {
    if (active[v] === 0) continue
    const h = home[v]!
    // A VM that is started touches the host that has its image, on whichever host it starts.
    if (h >= 0 && (starts[v] === 1 || (fixed[v] === 0 && domain[v]![h] === 0))) must[h] = 1
    for (let d = 0; d < dims; d++) {
      if (starts[v] === 1) surplus[d]! += demand[v * dims + d]!
      else if (h >= 0) load[h * dims + d]! += demand[v * dims + d]!
      if (fixed[v] === 1) stuck[h * dims + d]! += demand[v * dims + d]!
    }
  }
  for (let i = 0; i < load.length; i++) if (load[i]! > limit[i]!) must[Math.floor(i / dims)] = 1
  let touched = 0
  for (let h = 0; h < hostCount; h++) {
    if (must[h] === 0) continue
    touched++
    for (let d = 0; d < dims; d++)
      surplus[d]! += load[h * dims + d]! - (draining[h] === 1 ? stuck[h * dims + d]! : limit[h * dims + d]!)
  }
  let most = 0
  for (let d = 0; d < dims; d++) {
    if (surplus[d]! <= 0) continue
    const rooms: number[] = []
    for (let h = 0; h < hostCount; h++)
      if (must[h] === 0 && model.hosts[h]!.state === 'online')
        rooms.push(limit[h * dims + d]! - load[h * dims + d]!)
    rooms.sort((a, b) => b - a)
    let missing = surplus[d]!
    let k = 0
    while (k < rooms.length && missing > 0) missing -= rooms[k++]!
    most = Math.max(most, k)
  }
  return touched + most
}
