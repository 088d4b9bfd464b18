/** What this host tells the others of itself, beside the number of the summary. */
import type { Facts } from '../ring/announce.ts'
import { saidDemand } from '../snapshot/announced-demand.ts'
import type { PeerParts } from './peer-parts.ts'
import { troubleOf } from './troubles.ts'

/** Null while its hypervisor has not described it. */
export const ownFacts = (parts: PeerParts): Facts | null => {
  const { init, context, host, state, actions } = parts
  const { description } = host
  if (description === null) return null
  return {
    ...description,
    host: context.self,
    incarnation: context.incarnation,
    demand: saidDemand(host, context.now()),
    committedIn: actions.promisedIn(),
    committedOut: actions.leaving(),
    vms: host.vms.size,
    forecast: parts.announcedForecast(),
    overloaded: state.load.overloaded !== null,
    state: parts.leave.begun ? 'leaving' : host.draining ? 'draining' : 'up',
    able: troubleOf(parts) === null,
    partition: parts.member.lease?.partition ?? null,
    mode: state.mode,
    policyHash: init.policyHash,
  }
}
