/** Symmetry breaking: equal VMs that the search need not tell apart. */
import type { Model } from '../model/model.ts'

/** VMs that no objective or rule can tell apart get the same class ≥ 0; all others −1. */
export const symmetryClassesOf = (model: Model): Int32Array => {
  const { vmCount, dims, demand, home, active, moveMs, domain, constraintsOn, starts } = model
  const classes = new Int32Array(vmCount).fill(-1)
  const domainIds = new Map<Uint8Array, number>()
  const seen = new Map<string, number>()
  for (let v = 0; v < vmCount; v++) {
    if (
      active[v] === 0 ||
      home[v]! < 0 ||
      !constraintsOn[v]!.every((constraint) => constraint.interchangeable === true)
    )
      continue
    const domainId = domainIds.get(domain[v]!) ?? domainIds.size
    domainIds.set(domain[v]!, domainId)
    let key = `${home[v]} ${moveMs[v]} ${domainId} ${starts[v]}`
    for (let d = 0; d < dims; d++) key += ` ${demand[v * dims + d]}`
    for (const constraint of constraintsOn[v]!) key += ` rule ${constraint.rule}`
    const first = seen.get(key)
    if (first === undefined) seen.set(key, v)
    else {
      classes[first] = first
      classes[v] = first
    }
  }
  return classes
}
