/** The forecast of this host, and the VMs that could leave it. Computed once for each new state of the host. */

import {
  assert,
  type CandidateVm,
  expectedOverloadMs,
  type HostOutlook,
  hostForecastOf,
  hostOutlookOf,
  meanHoldingTimeS,
  migrationMs,
  type Resources,
  subtract,
  type VmForecast,
  type VmForecasts,
} from '@drover/placement'
import { limits, linkMiBpsOf, type Policy } from '../data/config.ts'
import { type ForecastSummary, forecastSummaryOf } from '../data/forecast-summary.ts'
import type { Instant } from '../data/ids.ts'
import {
  demandOf,
  dirtyMiBpsOf,
  type HostState,
  mustNotGoTo,
  usableHere,
  vmForecastsHere,
  whyStaysHere,
} from '../snapshot/host.ts'
import { createForecastSkill, type ForecastDoubt } from './forecast-skill.ts'

export interface OwnForecast {
  readonly outlook: HostOutlook
  /** One per VM of the host, in their order. */
  readonly each: readonly VmForecast[]
  /** Why the forecast is not believed, so that nothing is done early; null = it was shown to be right. */
  readonly doubt: ForecastDoubt | null
  /** The expected overload is more than a migration must save: worth a look. */
  readonly atRisk: boolean
  /** Demand is above what is usable, and is expected to stay there for more than a moment. */
  readonly lasts: boolean
}

/** The function returns null while the policy does not act early, or too little was seen. */
export const createOwnForecast = (host: HostState, policy: Policy): (() => OwnForecast | null) => {
  const score = createForecastSkill()
  let forecasts: VmForecasts | null = null
  let forecastsOf = -1
  const forecastsNow = (): VmForecasts => {
    if (forecasts === null || forecastsOf !== host.revision) forecasts = vmForecastsHere(host)
    forecastsOf = host.revision
    return forecasts
  }
  let doubt: ForecastDoubt | null = 'forecast.unproven'
  let of: Pick<HostState, 'revision' | 'description'> & { readonly doubt: ForecastDoubt | null } = {
    revision: -1,
    description: null,
    doubt,
  }
  let known: OwnForecast | null = null
  return () => {
    if (policy.forecastGainMsMin === null) return null
    if (host.sampledAt !== null && host.doubt === null) doubt = score(host.sampledAt, host.vms, forecastsNow)
    const { revision, description } = host
    // What is usable may change while the VMs do not.
    if (revision === of.revision && description === of.description && doubt === of.doubt) return known
    of = { revision, description, doubt }
    const now = forecastsNow()
    assert(
      now.each.length === host.vms.size,
      () => `${now.each.length} forecasts are one for each of ${host.vms.size} VMs`,
    )
    known = now.known ? ownForecastOf(host, now, doubt, policy.forecastGainMsMin) : null
    return known
  }
}

const ownForecastOf = (
  host: HostState,
  forecasts: VmForecasts,
  doubt: ForecastDoubt | null,
  gainMsMin: number,
): OwnForecast => {
  const { cpuMilli } = usableHere(host)
  const outlook = hostOutlookOf(hostForecastOf(forecasts), cpuMilli)
  // One change makes the turnover estimate far too short: use at least the mean time between changes so far.
  const heldS = meanHoldingTimeS([...host.vms.values()].map((vm) => vm.demandSums))
  const held = { ...outlook.forecast, turnoverS: Math.max(outlook.forecast.turnoverS, heldS) }
  return {
    outlook,
    each: forecasts.each,
    doubt,
    atRisk: doubt === null && outlook.expectedOverloadMs >= gainMsMin,
    // Even without a believed forecast: persistence ("as it is now") says the same.
    lasts: expectedOverloadMs(held, cpuMilli) >= limits.lastingOverloadMsMin,
  }
}

/** Why this host does nothing early, as a reason code; null = it may. */
export const doubtOf = (ahead: OwnForecast | null, policy: Policy): ForecastDoubt | 'forecast.off' | null => {
  if (policy.forecastGainMsMin === null) return 'forecast.off'
  return ahead === null ? 'forecast.unproven' : ahead.doubt
}

/** The forecast as the other hosts are told; null unless it is believed. Made anew only when it differs. */
export const createAnnouncedForecast = (
  lookAhead: () => OwnForecast | null,
): (() => ForecastSummary | null) => {
  let of: OwnForecast | null = null
  let said: ForecastSummary | null = null
  return () => {
    const ahead = lookAhead()
    if (ahead !== of) said = ahead?.doubt === null ? forecastSummaryOf(ahead.outlook.forecast) : null
    of = ahead
    return said
  }
}

/** The VMs that may leave, and where each must not go: resting ones leave only in need, and never go back (Q1). */
export const candidateVmsOf = (
  host: HostState,
  { each }: OwnForecast,
  now: Instant,
  policy: Policy,
  inNeed: boolean,
): readonly CandidateVm[] =>
  [...host.vms.values()].flatMap((vm, i) => {
    const need = inNeed ? 'overload' : 'forecast'
    if (whyStaysHere(host, now, vm, need, inNeed) !== null) return []
    const movingMs = migrationMs(vm.demand.memoryMiB, dirtyMiBpsOf(vm), linkMiBpsOf(policy))
    const notTo = mustNotGoTo(host, now, vm, need, inNeed)
    return [{ forecast: each[i]!, demand: vm.demand, movingMs, notTo }]
  })

/** Demand above what is usable, now. */
export const excessHere = (host: HostState): Resources => subtract(demandOf(host), usableHere(host))
