/** What the local API shows of this peer: plain data, made on request. */
import type { Instant } from '../data/ids.ts'
import type { PeerView } from '../data/view.ts'
import { doubtOf } from '../detect/own-forecast.ts'
import { demandOf, usableHere, vmsByName } from '../snapshot/host.ts'
import type { PeerParts } from './peer-parts.ts'
import { troubleOf, troublesOf } from './troubles.ts'

export const peerView = (parts: PeerParts, now: Instant): PeerView => {
  const { context, host, state, actions, leader } = parts
  const { load } = state
  return {
    host: context.self,
    description: host.description,
    mode: state.mode,
    draining: host.draining,
    able: troubleOf(parts) === null,
    troubles: troublesOf(parts),
    usable: usableHere(host),
    demand: demandOf(host),
    committedIn: actions.promisedIn(),
    forecastDoubt: doubtOf(parts.ownForecast(), context.policy),
    overloadedSinceMs: load.overloaded === null ? null : now - (load.since ?? now),
    lease: parts.member.view(),
    leading: leader.leading,
    ...actions.view(now),
    vms: vmsByName(host, now),
    members: parts.membership.view(now),
    decisions: state.decisions,
    warnings: context.warnings(),
  }
}
