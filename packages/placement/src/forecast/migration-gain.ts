/**
 * What one migration would save: the expected overload of both hosts without it, less that with it. One rule for two
 * uses, so that they agree: with the summaries of hosts (which host to ask), and with their snapshots (which VM to move).
 */

import type { VmForecast } from '../problem/demand-forecast.ts'
import type { HostId } from '../problem/ids.ts'
import type { Resources } from '../problem/resources.ts'
import { expectedOverloadMs, type HostForecast, withoutVm, withVm } from './host-forecast.ts'

/** A host with what is foreseen on it as it is, worked out once. */
export interface HostOutlook {
  readonly forecast: HostForecast
  readonly usableMilli: number
  readonly expectedOverloadMs: number
}

export const hostOutlookOf = (outlook: HostForecast, usableMilli: number): HostOutlook => ({
  forecast: outlook,
  usableMilli,
  expectedOverloadMs: expectedOverloadMs(outlook, usableMilli),
})

/** What the source is spared by it, ms of overload. */
export const sourceGainMs = (from: HostOutlook, vm: VmForecast): number =>
  from.expectedOverloadMs - expectedOverloadMs(withoutVm(from.forecast, vm), from.usableMilli)

/** What the destination pays for it, ms of overload. */
export const destinationCostMs = (to: HostOutlook, vm: VmForecast): number =>
  expectedOverloadMs(withVm(to.forecast, vm), to.usableMilli) - to.expectedOverloadMs

/** A VM that may leave, as the choice of its new host needs it. */
export interface CandidateVm {
  readonly forecast: VmForecast
  readonly demand: Resources
  /** How long its migration takes, ms: until then an overload of its host goes on. */
  readonly movingMs: number
  /** The host to which it must not go, or null: where it came from, while it rests. */
  readonly notTo: HostId | null
}

/** A host that may take one. */
export interface CandidateDestination {
  readonly host: HostId
  readonly outlook: HostOutlook
  /** Room for more demand, as of now. */
  readonly room: Resources
}

/** So many hosts, the nearest ones, are considered: farther ones are no better, and their migrations are dearer. */
export const destinationsMax = 96
/** Savings that differ by less, ms, are the same: the nearer host is taken. */
const sameMs = 50

/**
 * The hosts by the most that a migration there could save, best first; only those that save at least `gainMsMin`. With
 * `excess` (our demand above what is usable, now) a VM must take at least that much with it, and what its migration lasts
 * counts against it. `destinations`: nearest first.
 */
export const bestDestinations = (
  from: HostOutlook,
  candidates: readonly CandidateVm[],
  destinations: readonly CandidateDestination[],
  gainMsMin: number,
  excess: Resources,
): readonly HostId[] => {
  const urgent = excess.cpuMilli > 0 || excess.memoryMiB > 0
  const leaving = candidates
    .filter(({ demand }) => demand.cpuMilli >= excess.cpuMilli && demand.memoryMiB >= excess.memoryMiB)
    .map((one) => ({ ...one, gain: sourceGainMs(from, one.forecast) - (urgent ? one.movingMs : 0) }))
    .sort((a, b) => b.gain - a.gain)
  const found: { readonly host: HostId; readonly gain: number; readonly distance: number }[] = []
  for (const [distance, { host, outlook, room }] of destinations.slice(0, destinationsMax).entries()) {
    let best = Number.NEGATIVE_INFINITY
    for (const { forecast, demand, notTo, gain } of leaving) {
      if (gain <= best) break // a destination never gains by taking one
      if (notTo === host) continue
      if (demand.cpuMilli > room.cpuMilli || demand.memoryMiB > room.memoryMiB) continue
      best = Math.max(best, gain - destinationCostMs(outlook, forecast))
    }
    if (best > Number.NEGATIVE_INFINITY && (urgent || best >= gainMsMin))
      found.push({ host, gain: best, distance })
  }
  const step = (gain: number): number => Math.floor(gain / sameMs)
  return found.sort((a, b) => step(b.gain) - step(a.gain) || a.distance - b.distance).map(({ host }) => host)
}
