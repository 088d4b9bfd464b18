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
    // Held by an action of before it started, or by a migration that is not drover's, it grants nothing.
    able: troubleOf(parts) === null && (parts.member.lease !== null || !actions.busy()),
    partition: parts.member.lease?.partition ?? null,
    mode: state.mode,
    policyHash: init.policyHash,
  }
}
