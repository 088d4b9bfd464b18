/** How is this host, and what kept others from helping it? */

import { firstExcess, nothing } from '@drover/placement'
import { unfit } from '../data/candidate.ts'
import { limits } from '../data/config.ts'
import type { Decision } from '../data/decision.ts'
import type { HostId } from '../data/ids.ts'
import { reasonText } from '../data/reasons.ts'
import { usableOf } from '../data/usable.ts'
import type { MemberView, PeerView } from '../data/view.ts'
import { numberFor } from './explain-member.ts'
import type { DatedDecision, HostExplanation, Verdict } from './explanation.ts'
import { durationText, loadText, resourcesText } from './words.ts'

const concernsHost =
  (host: HostId) =>
  ({ decision }: DatedDecision): boolean =>
    decision.leader === host ||
    decision.members.includes(host) ||
    decision.candidates.some((one) => one.host === host)

export const explainHost = (
  view: PeerView,
  all: readonly DatedDecision[],
  host: HostId,
  name: string,
): HostExplanation => {
  const decisions = all.filter(concernsHost(host)).slice(0, limits.decisionsShownMax)
  const newest = all.find(({ decision }) => decision.leader === host) ?? null
  const self = host === view.host
  const base = { kind: 'host', host, name, self, newest, decisions } as const
  if (self)
    return {
      ...base,
      verdict: ownVerdict(view, newest?.decision ?? null),
      facts: ownFacts(view),
      fixed: view.vms.flatMap(({ vm, name, fixed }) => (fixed === null ? [] : [{ vm, name, code: fixed }])),
    }
  const member = view.members.find(({ summary }) => summary.host === host)
  if (member !== undefined) return { ...base, ...ofOther(view, member), fixed: [] }
  const text = 'Known from decision records only; it is not in our view.'
  return { ...base, verdict: { code: 'host.unknown', text }, facts: [], fixed: [] }
}

/** What its last summary says, and this host's failure detector. */
const ofOther = (view: PeerView, member: MemberView): Pick<HostExplanation, 'verdict' | 'facts'> => {
  const { summary } = member
  const own = view.description ?? summary
  const state = member.state === 'self' ? 'alive' : member.state
  const code = unfit({ summary, state, stale: false }, { own, intent: 'lease' })
  const text =
    code !== null
      ? `Would not be asked: ${numberFor(code, member, own)}`
      : summary.overloaded
        ? 'Is overloaded itself.'
        : 'Could help.'
  return {
    verdict: { code, text },
    facts: [
      `${member.state}, heard ${durationText(member.ageMs)} ago, ${summary.vms} VMs, mode ${summary.mode}`,
      loadText(summary.demand, usableOf(summary)),
      'Its own agent knows more: run this there.',
    ],
  }
}

const ownFacts = (view: PeerView): readonly string[] => {
  const facts = [loadText(view.demand, view.usable)]
  if (firstExcess(view.committedIn, nothing) !== null)
    facts.push(`promised to arrive: ${resourcesText(view.committedIn)}`)
  const lease = view.lease === null ? '' : `, leased to ${view.lease.partition}`
  facts.push(`mode ${view.mode}${view.draining ? ', draining' : ''}${lease}`)
  if (view.forecastDoubt !== null)
    facts.push(`nothing is done early: ${view.forecastDoubt}: ${reasonText(view.forecastDoubt)}`)
  return [
    ...facts,
    ...view.troubles.map((code) => `${code}: ${reasonText(code)}`),
    ...view.alarms.map(({ code, text }) => `alarm ${code}: ${text}`),
  ]
}

const ownVerdict = (view: PeerView, newest: Decision | null): Verdict => {
  if (!view.able) {
    const code = view.troubles[0] ?? 'host.paused'
    return { code, text: `Can neither give nor take VMs: ${reasonText(code)}` }
  }
  if (view.draining)
    return {
      code: 'host.draining',
      text: `Is being drained: ${view.vms.length} VMs left, ${view.vms.filter((vm) => vm.fixed !== null).length} of them cannot leave.`,
    }
  if (view.overloadedSinceMs === null) return { code: null, text: 'Is not overloaded; nothing has to move.' }
  const since = `Is overloaded for ${durationText(view.overloadedSinceMs)}`
  if (newest === null) return { code: null, text: `${since}; no decision has been made yet.` }
  if (newest.result === 'running') return { code: null, text: `${since}; decision ${newest.id} is at work.` }
  return {
    code: newest.code,
    text: `${since}; the newest decision ended ${newest.result}: ${newest.text}`,
  }
}
