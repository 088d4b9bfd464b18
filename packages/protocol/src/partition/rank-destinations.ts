/** Who could help this host most, as far as can be foreseen from what the others say of themselves. */

import { bestTakers, footingOf, nothing, subtract, type Taker, takersMax } from '@drover/placement'
import { type Candidate, unfit, type Wish } from '../data/candidate.ts'
import type { Policy } from '../data/config.ts'
import { heardOutlook } from '../data/forecast-summary.ts'
import type { HostId, Instant } from '../data/ids.ts'
import { excessHere, type Foresight, leaversOf } from '../detect/own-forecast.ts'
import type { HostState } from '../snapshot/host.ts'

/** Best first. `inNeed`: the host is overloaded, so that any cure is worth its migration. `around`: nearest first. */
export const helpersFor = (
  host: HostState,
  ahead: Foresight,
  around: readonly Candidate[],
  policy: Policy,
  now: Instant,
  inNeed: boolean,
): readonly HostId[] => {
  const wish: Pick<Wish, 'intent' | 'own'> = {
    intent: 'lease',
    own: host.description ?? { cpuBaseline: '', migrationUri: '' },
  }
  const leavers = leaversOf(host, ahead, now, policy, inNeed)
  if (leavers.length === 0) return []
  const takers: Taker[] = []
  for (const candidate of around) {
    if (takers.length >= takersMax) break
    const { summary } = candidate
    if (summary.outlook === null || summary.overloaded || summary.partition !== null) continue
    if (unfit(candidate, wish) !== null) continue
    const usable = subtract(summary.capacity, summary.reserve)
    const nowMilli = summary.demand.cpuMilli + summary.committedIn.cpuMilli
    takers.push({
      host: summary.host,
      footing: footingOf(heardOutlook(summary.outlook, nowMilli), usable.cpuMilli),
      room: subtract(subtract(usable, summary.demand), summary.committedIn),
    })
  }
  return bestTakers(
    ahead.footing,
    leavers,
    takers,
    policy.forecastGainMsMin ?? 0,
    inNeed ? excessHere(host) : nothing,
  )
}
