/**
 * What one migration would save: the overload that is foreseen on both hosts without it, less that with it. Used twice,
 * so that both agree: with what hosts say of themselves (whom to ask), and with their snapshots (what to move).
 */

import type { Prospect } from '../problem/demand-forecast.ts'
import type { HostId } from '../problem/ids.ts'
import type { Resources } from '../problem/resources.ts'
import { foreseenMs, type Outlook, withoutVm, withVm } from './host-forecast.ts'

/** A host with what is foreseen on it as it is, worked out once. */
export interface Footing {
  readonly outlook: Outlook
  readonly usableMilli: number
  readonly foreseenMs: number
}

export const footingOf = (outlook: Outlook, usableMilli: number): Footing => ({
  outlook,
  usableMilli,
  foreseenMs: foreseenMs(outlook, usableMilli),
})

/** What the source is spared by it, ms of overload. */
export const sparedMs = (from: Footing, vm: Prospect): number =>
  from.foreseenMs - foreseenMs(withoutVm(from.outlook, vm), from.usableMilli)

/** What the destination pays for it, ms of overload. */
export const burdenMs = (to: Footing, vm: Prospect): number =>
  foreseenMs(withVm(to.outlook, vm), to.usableMilli) - to.foreseenMs

/** A VM that may leave, as the choice of its new host needs it. */
export interface Leaver {
  readonly prospect: Prospect
  readonly demand: Resources
  /** How long its migration takes, ms: until then an overload of its host goes on. */
  readonly movingMs: number
}

/** A host that may take one. */
export interface Taker {
  readonly host: HostId
  readonly footing: Footing
  /** Room for more demand, as of now. */
  readonly room: Resources
}

/** As far round the ring is looked for the best host: near ones are as good, and their migrations are cheap. */
export const takersMax = 96
/** Savings that differ by less, ms, are the same: the nearer host is taken. */
const sameMs = 50

/**
 * The hosts by what they could save us at best, best first, only those that save at least `gainMsMin`. With `excess`
 * (our demand above what is usable, now) a VM must take at least that much with it, and what its migration lasts counts
 * against it. `takers`: nearest first.
 */
export const bestTakers = (
  from: Footing,
  leavers: readonly Leaver[],
  takers: readonly Taker[],
  gainMsMin: number,
  excess: Resources,
): readonly HostId[] => {
  const urgent = excess.cpuMilli > 0 || excess.memoryMiB > 0
  const leaving = leavers
    .filter(({ demand }) => demand.cpuMilli >= excess.cpuMilli && demand.memoryMiB >= excess.memoryMiB)
    .map((one) => ({ ...one, gain: sparedMs(from, one.prospect) - (urgent ? one.movingMs : 0) }))
    .sort((a, b) => b.gain - a.gain)
  const found: { readonly host: HostId; readonly gain: number; readonly distance: number }[] = []
  for (const [distance, { host, footing, room }] of takers.slice(0, takersMax).entries()) {
    let best = Number.NEGATIVE_INFINITY
    for (const { prospect, demand, gain } of leaving) {
      if (gain <= best) break // a destination never gains by taking one
      if (demand.cpuMilli > room.cpuMilli || demand.memoryMiB > room.memoryMiB) continue
      best = Math.max(best, gain - burdenMs(footing, prospect))
    }
    if (best > Number.NEGATIVE_INFINITY && (urgent || best >= gainMsMin))
      found.push({ host, gain: best, distance })
  }
  const step = (gain: number): number => Math.floor(gain / sameMs)
  return found.sort((a, b) => step(b.gain) - step(a.gain) || a.distance - b.distance).map(({ host }) => host)
}
