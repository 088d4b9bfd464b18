/** Why is this VM where it is, and which host could take it? */

import { amountText, capacityCode, firstExcess } from '@drover/placement'
import { unfit } from '../data/candidate.ts'
import { limits } from '../data/config.ts'
import type { CandidateRecord, Decision } from '../data/decision.ts'
import type { VmId } from '../data/ids.ts'
import { codeFrom, reasonText } from '../data/reasons.ts'
import type { VmSnapshot } from '../data/snapshot.ts'
import { headroomOf, usableOf } from '../data/usable.ts'
import type { MemberView, PeerView } from '../data/view.ts'
import { noReturnTo, type Occasion } from '../snapshot/may-move.ts'
import { adviceOf } from './alarm-advice.ts'
import { nameOf, numberFor } from './explain-member.ts'
import type { DatedDecision, Verdict, VmExplanation } from './explanation.ts'
import { durationText, loadText, resourcesText } from './words.ts'

const concernsVm =
  (vm: VmId) =>
  ({ decision }: DatedDecision): boolean =>
    decision.actions.some(({ action }) => action.vm === vm) || decision.stayed.some((one) => one.vm === vm)

export const explainVm = (
  view: PeerView,
  all: readonly DatedDecision[],
  vm: VmId,
  name: string,
): VmExplanation => {
  const here = view.vms.find((one) => one.vm === vm)
  const moving = view.migrations.find((one) => one.vm === vm)
  const decisions = all.filter(concernsVm(vm)).slice(0, limits.decisionsShownMax)
  const base = { kind: 'vm', vm, name: here?.name ?? moving?.name ?? name, decisions } as const
  if (here === undefined)
    return {
      ...base,
      here: false,
      demand: null,
      verdict: onItsWay(view, vm, base.name) ?? {
        code: 'vm.not_here',
        text: whereabouts(view, decisions, vm),
      },
      facts: [],
      candidates: [],
    }
  const facts = [`${here.state} on ${nameOf(view, view.host)}, wants ${resourcesText(here.demand)}`]
  if (here.movedFrom !== null)
    facts.push(
      `came from ${nameOf(view, here.movedFrom)}${here.cooldownMs > 0 ? `, rests for another ${durationText(here.cooldownMs)}` : ''}`,
    )
  return {
    ...base,
    here: true,
    demand: here.demand,
    verdict: verdictOf(view, here, decisions),
    facts,
    candidates: view.members
      .filter(({ summary }) => summary.host !== view.host)
      .map((member) => couldTake(view, member, here)),
  }
}

const whereabouts = (view: PeerView, decisions: readonly DatedDecision[], vm: VmId): string => {
  const left = view.duties.find((one) => one.vm === vm && one.word === 'hand-over')
  if (left !== undefined)
    return `Not on this host. It left for ${nameOf(view, left.peer)}, which has not confirmed that it runs there.`
  for (const { decision } of decisions)
    for (const { action, result } of decision.actions)
      if (action.vm === vm && action.kind === 'migrate' && result?.kind === 'done')
        return `Not on this host. It was last seen moving to ${nameOf(view, action.to)}; ask there.`
  return 'Not on this host, and no migration of it is on record here; ask the host that has it.'
}

/** What an operator has to see of it, or how far its migration is; null = no action touches it here. */
const onItsWay = (view: PeerView, vm: VmId, name: string): Verdict | null => {
  const migration = view.migrations.find((one) => one.vm === vm)
  const alarm = view.alarms.find((one) => one.vm === vm)
  if (alarm !== undefined) {
    const peer = migration?.peer ?? view.duties.find((one) => one.vm === vm)?.peer
    const advice = adviceOf(alarm.code, name, peer === undefined ? null : nameOf(view, peer))
    return { code: alarm.code, text: `${reasonText(alarm.code)} ${advice}.` }
  }
  if (migration === undefined) return null
  const way = migration.direction === 'out' ? 'leaving for' : 'arriving from'
  const since = `${migration.phase}, for ${durationText(migration.sinceMs)}`
  return { code: null, text: `Is ${way} ${nameOf(view, migration.peer)} (${since}).` }
}

/** The one sentence that answers "why is it where it is?". */
const verdictOf = (view: PeerView, vm: VmSnapshot, decisions: readonly DatedDecision[]): Verdict => {
  const moving = onItsWay(view, vm.vm, vm.name)
  if (moving !== null) return moving
  if (vm.fixed !== null) return { code: vm.fixed, text: `Cannot be moved by drover: ${reasonText(vm.fixed)}` }
  const needy = view.overloadedSinceMs !== null || view.draining
  if (!needy)
    return {
      code: null,
      text: `Stays because nothing asks for a move: ${loadText(view.demand, view.usable)}.`,
    }
  const need = view.draining ? 'The host is drained' : 'The host is overloaded'
  // A decision for another need says nothing about this one.
  const newest = decisions.find(({ decision }) => isForNeed(decision, view))?.decision
  const stayed = newest?.stayed.find((one) => one.vm === vm.vm)
  if (stayed !== undefined)
    return {
      code: stayed.code,
      text: `${need}, and the newest decision left this VM: ${reasonText(stayed.code)}`,
    }
  const action = newest?.actions.find((one) => one.action.vm === vm.vm)
  if (action?.result?.kind === 'refused' || action?.result?.kind === 'unknown')
    return {
      code: codeFrom(action.result.code),
      text: `${need}, and the newest try ended ${action.result.kind}: ${reasonText(action.result.code)}`,
    }
  if (action?.result?.kind === 'would')
    return { code: 'mode.observe', text: `${need}; it would be moved, but nothing is moved in this mode.` }
  if (view.mode === 'observe') return { code: 'mode.observe', text: `${need}. ${reasonText('mode.observe')}` }
  return {
    code: null,
    text: `${need}, and no decision has named this VM yet: other VMs were enough, or none was made.`,
  }
}

/** Is it a decision of this host, for the need that it has now? */
const isForNeed = ({ leader, reason }: Decision, { host, draining }: PeerView): boolean =>
  leader === host && (draining ? reason === 'drain' : reason === 'overload.cpu' || reason === 'overload.mem')

/** What the host of this view would form a partition for. */
const occasionOf = ({ draining, overloadedSinceMs }: PeerView): Occasion => ({
  need: draining ? 'drain' : 'overload',
  overloaded: overloadedSinceMs !== null,
  draining,
})

/** Could this host take the VM now, as far as its last summary tells? */
const couldTake = (view: PeerView, member: MemberView, vm: VmSnapshot): CandidateRecord => {
  const { demand } = vm
  const { summary, ageMs } = member
  const { host, name } = summary
  const own = view.description ?? summary
  const state = member.state === 'self' ? 'alive' : member.state
  const code = unfit({ summary, state, stale: false }, { own, intent: 'lease' })
  const usable = usableOf(summary)
  const free = headroomOf(summary)
  if (code !== null) return { host, name, code, text: numberFor(code, member, own) }
  if (noReturnTo(vm, occasionOf(view)) === host)
    return {
      host,
      name,
      code: 'vm.cooldown',
      text: `it came from there and does not go back for ${durationText(vm.cooldownMs)}, unless an operator, a drain or a rule asks for it`,
    }
  const short = firstExcess(demand, free)
  if (short !== null)
    return {
      host,
      name,
      code: capacityCode(short),
      text: `${amountText(short, free[short])} free of ${amountText(short, usable[short])}, ${amountText(short, demand[short])} wanted`,
    }
  if (summary.partition !== null)
    return {
      host,
      name,
      code: 'partition.busy',
      text: `has room, but works in partition ${summary.partition}`,
    }
  return {
    host,
    name,
    code: null,
    text: `has room: ${resourcesText(free)} free (heard ${durationText(ageMs)} ago); rules are checked when it is planned`,
  }
}
