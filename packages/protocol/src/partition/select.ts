/**
 * Which hosts to ask: the fewest ring neighbours whose headroom covers the excess with a margin, near ones first. DVMS always took the next host of the ring, fit or not, and ended with four where two suffice.
 */

import { dimensions, resources, scale } from '@drover/placement'
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

/** `around`: all other known hosts, nearest first. `atLeast`: hosts to ask when growing (0 = as few as suffice). */
export const selectMembers = (
  around: readonly Candidate[],
  requirements: MemberRequirements,
  atLeast: number,
): Choice => {
  const left: CandidateRecord[] = []
  const fit: LoadSummary[] = []
  for (const candidate of around) {
    const code = unfit(candidate, requirements)
    const { host, name } = candidate.summary
    if (code === null) fit.push(candidate.summary)
    else left.push({ host, name, code, text: `not asked: ${code}` })
  }
  const target = scale(requirements.wanted, limits.marginPermille)
  const room = new Map(fit.map((summary) => [summary.host, headroomOf(summary, requirements.clearPermille)]))
  const covers = (summary: LoadSummary) => dimensions.every((d) => room.get(summary.host)![d] >= target[d])
  const useful = (summary: LoadSummary) =>
    dimensions.every((d) => target[d] === 0 || room.get(summary.host)![d] > 0)
  // Idle and roomy hosts first; then those with no room of their own (a chain may help); leased and overloaded ones last.
  const tier = (summary: LoadSummary) =>
    summary.overloaded || summary.partition !== null ? 2 : useful(summary) ? 0 : 1
  const order = fit
    .map((summary, distance) => ({ summary, distance, tier: tier(summary) }))
    .sort((a, b) => a.tier - b.tier || a.distance - b.distance)
  const alone = order.slice(0, limits.windowHosts).find((one) => one.tier === 0 && covers(one.summary))
  if (alone !== undefined) order.unshift(...order.splice(order.indexOf(alone), 1))
  const open = order.filter((one) => one.tier < 2)
  const preferred = requirements.preferred.flatMap(
    (host) => open.find((one) => one.summary.host === host) ?? [],
  )
  if (preferred.length > 0) {
    const hosts = [...new Set([...preferred, ...order])].map((one) => one.summary.host)
    const ask = hosts.slice(0, Math.max(1, atLeast))
    return { ask, later: hosts.slice(ask.length), left }
  }
  const ask: HostId[] = []
  let covered = resources(() => 0)
  for (const { summary } of order) {
    const enough = dimensions.every((d) => covered[d] >= target[d])
    if ((enough && ask.length >= Math.max(1, atLeast)) || ask.length >= limits.partitionHostsMax - 1) break
    ask.push(summary.host)
    const more = room.get(summary.host)!
    covered = resources((d) => covered[d] + more[d])
    if (atLeast > 0 && ask.length >= atLeast) break
  }
  return { ask, later: order.map((one) => one.summary.host).filter((host) => !ask.includes(host)), left }
}
