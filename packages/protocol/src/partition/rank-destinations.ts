/** Which host could help this one most, by the forecasts that the others announce. */

import {
  bestDestinations,
  type CandidateDestination,
  destinationsMax,
  hostOutlookOf,
  nothing,
} from '@drover/placement'
import { type Candidate, type MemberRequirements, unfit } from '../data/candidate.ts'
import type { Policy } from '../data/config.ts'
import { forecastOfSummary } from '../data/forecast-summary.ts'
import type { HostId, Instant } from '../data/ids.ts'
import { headroomOf, usableOf } from '../data/usable.ts'
import { candidateVmsOf, excessHere, type OwnForecast } from '../detect/own-forecast.ts'
import type { HostState } from '../snapshot/host.ts'

/** Best first. `inNeed`: the host is overloaded, so that any cure is worth its migration. `around`: nearest first. */
export const rankDestinations = (
  host: HostState,
  ahead: OwnForecast,
  around: readonly Candidate[],
  policy: Policy,
  now: Instant,
  inNeed: boolean,
): readonly HostId[] => {
  const requirements: Pick<MemberRequirements, 'intent' | 'own'> = {
    intent: 'lease',
    own: host.description ?? { cpuBaseline: '', migrationUri: '' },
  }
  const candidates = candidateVmsOf(host, ahead, now, policy, inNeed)
  if (candidates.length === 0) return []
  const destinations: CandidateDestination[] = []
  for (const candidate of around) {
    if (destinations.length >= destinationsMax) break
    const { summary } = candidate
    if (summary.forecast === null || summary.overloaded || summary.partition !== null) continue
    if (unfit(candidate, requirements) !== null) continue
    const nowMilli = summary.demand.cpuMilli + summary.committedIn.cpuMilli
    destinations.push({
      host: summary.host,
      outlook: hostOutlookOf(forecastOfSummary(summary.forecast, nowMilli), usableOf(summary).cpuMilli),
      room: headroomOf(summary),
    })
  }
  return bestDestinations(
    ahead.outlook,
    candidates,
    destinations,
    policy.forecastGainMsMin ?? 0,
    inNeed ? excessHere(host) : nothing,
  )
}
