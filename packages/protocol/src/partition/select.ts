/**
 * Which hosts to ask: the fewest ring neighbours whose headroom covers the excess with a margin, near ones first. DVMS
 * always took the next host of the ring, fit or not, and ended with four where two suffice.
 */

import { add, dimensions, nothing, type Resources, scale } from '@drover/placement'
import { type Candidate, type MemberRequirements, unfit } from '../data/candidate.ts'
import { limits } from '../data/config.ts'
import type { CandidateRecord } from '../data/decision.ts'
import type { HostId } from '../data/ids.ts'
import type { LoadSummary } from '../data/summary.ts'
import { headroomOf } from '../data/usable.ts'

export interface Choice {
  /** To ask now. */
  readonly ask: readonly HostId[]
  /** Fit, but not needed yet, in the order in which they would be asked next. */
  readonly later: readonly HostId[]
  readonly left: readonly CandidateRecord[]
}

/** One that may be asked. */
interface Fit {
  readonly host: HostId
  /** Under the mark to which hosts are filled. */
  readonly room: Resources
  /** 0: with room of its own. 1: with none, where a chain of moves may help. 2: leased or overloaded. */
  readonly tier: 0 | 1 | 2
}

/** `around`: all other known hosts, nearest first. `atLeast`: hosts to ask when growing (0 = as few as suffice). */
export const selectMembers = (
  around: readonly Candidate[],
  requirements: MemberRequirements,
  atLeast: number,
): Choice => {
  const target = scale(requirements.wanted, limits.marginPermille)
  const left: CandidateRecord[] = []
  const fit: Fit[] = []
  for (const candidate of around) {
    const code = unfit(candidate, requirements)
    const { host, name } = candidate.summary
    if (code === null) fit.push(fitOf(candidate.summary, requirements, target))
    else left.push({ host, name, code, text: `not asked: ${code}` })
  }
  const order = ordered(fit, target)
  const preferred = requirements.preferred.flatMap(
    (host) => order.find((one) => one.host === host && one.tier < 2) ?? [],
  )
  const ranked = preferred.length > 0 ? [...new Set([...preferred, ...order])] : order
  const asked = preferred.length > 0 ? ranked.slice(0, Math.max(1, atLeast)) : fewest(order, target, atLeast)
  const hosts = (of: readonly Fit[]) => of.map(({ host }) => host)
  return { ask: hosts(asked), later: hosts(ranked.filter((one) => !asked.includes(one))), left }
}

const fitOf = (summary: LoadSummary, { clearPermille }: MemberRequirements, target: Resources): Fit => {
  const room = headroomOf(summary, clearPermille)
  const useful = dimensions.every((d) => target[d] === 0 || room[d] > 0)
  const tier = summary.overloaded || summary.partition !== null ? 2 : useful ? 0 : 1
  return { host: summary.host, room, tier }
}

const covers = (room: Resources, target: Resources): boolean => dimensions.every((d) => room[d] >= target[d])

/** Nearest first within each tier; before all others a near one that suffices alone. */
const ordered = (fit: readonly Fit[], target: Resources): readonly Fit[] => {
  const order = fit.toSorted((a, b) => a.tier - b.tier)
  const near = order.slice(0, limits.windowHosts)
  const alone = near.find((one) => one.tier === 0 && covers(one.room, target))
  return alone === undefined ? order : [alone, ...order.filter((one) => one !== alone)]
}

/** The first ones, until they suffice together. */
const fewest = (order: readonly Fit[], target: Resources, atLeast: number): readonly Fit[] => {
  const asked: Fit[] = []
  let covered = nothing
  for (const one of order) {
    const enough = covers(covered, target) && asked.length >= Math.max(1, atLeast)
    if (enough || asked.length >= limits.partitionHostsMax - 1) break
    asked.push(one)
    covered = add(covered, one.room)
    if (atLeast > 0 && asked.length >= atLeast) break
  }
  return asked
}
