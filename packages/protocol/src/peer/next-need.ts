/** What a host does next: the need for which it forms a partition, if any, and the time of its next step. */
import type { HostId, Instant } from '../data/ids.ts'
import type { Need } from '../data/need.ts'
import { detectLoad, nextLoadCheck } from '../detect/load.ts'
import { findNeed, forecastNeed, noNeed } from '../detect/needs.ts'
import { rankDestinations } from '../partition/rank-destinations.ts'
import { complainOf } from '../snapshot/announced-demand.ts'
import { agesAt, demandOf, unknownVm, usableHere } from '../snapshot/host.ts'
import { earliest } from '../step-context.ts'
import { isLoosened } from './bonds.ts'
import { onNews, type PeerParts } from './peer-parts.ts'
import { troubleOf } from './troubles.ts'

/** Looks at this host anew, and forms a partition where its gravest need asks for one. */
export const followUp = (parts: PeerParts): void => {
  const { context, host, state, commands, leader, backOff } = parts
  const now = context.now()
  detectOverload(parts)
  if (troubleOf(parts) !== null) return
  const need = findNeed(host, context.self, state.load, commands.orders(), now, context.policy.clearPermille)
  if (leader.leading === null) {
    state.question = commands.takeQuestion()
    if (state.question !== null) return void leader.form(need ?? noNeed(now), 'observe')
  }
  if (need === null) return actEarly(parts)
  if (!isFree(parts, need)) return
  if (need.kind === 'migrate') commands.formed(need, leader.form(need, 'lease'))
  else if (backOff.until <= now) {
    backOff.begun()
    leader.form(need, intentOf(parts), need.kind === 'overload' ? destinations(parts, true) : [])
  } else if (state.bonds !== null && isLoosened(state.bonds, host, now)) onNews(parts)
}

const detectOverload = ({ context, host, state, ownForecast }: PeerParts): void => {
  const now = context.now()
  const ahead = ownForecast()
  const unknown = unknownVm(host, now)
  // A guessed demand begins no overload, and ends none.
  if (unknown !== null) return complainOf(context, unknown)
  const lasts = ahead?.lasts === true
  state.load = detectLoad(state.load, now, demandOf(host), usableHere(host), context.policy, lasts)
}

const intentOf = ({ state }: PeerParts): 'lease' | 'observe' => (state.mode === 'auto' ? 'lease' : 'observe')

/** May a partition of this host's own claim it now? Its lease for another one is respected, unless this need is graver. */
const isFree = ({ member: { lease }, leader, actions }: PeerParts, need: Need): boolean => {
  if (leader.leading !== null || actions.busy()) return false
  return lease === null || (!lease.executing && need.severity > lease.rank.severity)
}

/** The hosts that could spare this one the most overload, best first. */
const destinations = (parts: PeerParts, inNeed: boolean): readonly HostId[] => {
  const { context, host, membership, ownForecast } = parts
  const ahead = ownForecast()
  if (ahead === null || ahead.doubt !== null) return []
  return rankDestinations(host, ahead, membership.candidates(), context.policy, context.now(), inNeed)
}

/** Nothing is wrong: would a migration now save more overload than it costs? */
const actEarly = (parts: PeerParts): void => {
  const { context, host, state, leader, forecastBackOff } = parts
  const ahead = parts.ownForecast()
  if (ahead?.atRisk !== true || host.draining) return
  const { sampledAt, revision } = host
  // Each sample is a new occasion: the other hosts have changed, too.
  const { noDestination } = state
  if (noDestination !== null && noDestination.sampledAt === sampledAt && noDestination.revision === revision)
    return
  const need = forecastNeed(ahead.outlook, context.now())
  if (forecastBackOff.until > context.now() || !isFree(parts, need)) return
  const best = destinations(parts, false)
  if (best.length > 0) {
    forecastBackOff.begun()
    leader.form(need, intentOf(parts), best)
  } else state.noDestination = { sampledAt, revision }
}

/** When to step again although nothing comes in. */
export const nextWake = (parts: PeerParts): Instant => {
  const { context, state } = parts
  const now = context.now()
  const later = (at: Instant | null) => (at !== null && at > now ? at : null)
  const next = earliest([
    parts.actions.nextAt(),
    parts.member.nextAt(),
    parts.leader.nextAt(),
    parts.membership.nextAt(),
    parts.commands.nextAt(),
    parts.leave.nextAt(),
    later(nextLoadCheck(state.load, context.policy)),
    later(parts.backOff.until),
    later(parts.forecastBackOff.until),
    later(parts.life.nextAt()),
    ...agesAt(parts.host).map(later),
  ])
  return Math.max(now + 1, next ?? now + context.policy.gossipMs)
}
