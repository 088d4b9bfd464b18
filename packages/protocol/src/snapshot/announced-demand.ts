/** What this host says of its demand: to the others in its summaries, and to its operator when it does not know. */

import { type Resources, resources } from '@drover/placement'
import { limits } from '../data/config.ts'
import type { Instant } from '../data/ids.ts'
import type { StepContext } from '../step-context.ts'
import { demandOf, type HostState, type KnownVm, unknownVm, usableHere } from './host.ts'

/** A host that does not know what its VMs want has no headroom. */
export const saidDemand = (host: HostState, now: Instant): Resources => {
  const demand = demandOf(host)
  if (host.sampledAt !== null && unknownVm(host, now) === null) return demand
  const usable = usableHere(host)
  return resources((d) => Math.max(demand[d], usable[d]))
}

/** A VM that has just started is measured in a moment; one that is not measured for long keeps its host from working. */
export const complainOf = (context: StepContext, { vm, name, unmeasuredSince }: KnownVm): void => {
  if (unmeasuredSince !== null && context.now() - unmeasuredSince > limits.demandAgeMsMax)
    context.warn('demand.unknown', `VM ${name} is not measured: this host promises nothing`, vm)
}
