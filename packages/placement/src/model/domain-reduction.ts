/** The same model with smaller domains: without the hosts that a bound has struck out. */
import type { Model } from './model.ts'

/** Only where `allowed[v × hosts + h]` is 1 may VM `v` be on host `h`; one that may only stay is fixed. */
export const withReducedDomains = (model: Model, allowed: Uint8Array): Model => {
  const { hostCount, vmCount, home, starts, active } = model
  const fixed = Uint8Array.from(model.fixed)
  /** Equal VMs are recognised by their shared domain. */
  const shared = new Map<string, Uint8Array>()
  const domain = Array.from({ length: vmCount }, (_, v) => {
    if (active[v] === 0 || fixed[v] === 1) return model.domain[v]!
    const places = allowed.slice(v * hostCount, (v + 1) * hostCount)
    const h = home[v]!
    if (h >= 0 && starts[v] === 0 && places[h] === 1 && places.indexOf(1) === places.lastIndexOf(1))
      fixed[v] = 1
    const key = places.join('')
    const known = shared.get(key)
    if (known !== undefined) return known
    shared.set(key, places)
    return places
  })
  return { ...model, domain, fixed }
}
