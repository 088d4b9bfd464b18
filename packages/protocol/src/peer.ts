/**
 * The one door of the core: `step(now, input) → effects`. It leads every input to the stage that it concerns, and lets
 * what follows from it happen; `peer/` wires the stages and knows what this host does next. The stages, in the order of
 * one overload: detect → ring → partition → snapshot → solve → plan → execute → outcome.
 */
import { assert, assertNever } from '@drover/placement'
import type { HostId, Instant, PartitionId } from './data/ids.ts'
import type { Effect, Input, PeerInit } from './data/io.ts'
import type { Message, PartitionMessage } from './data/message.ts'
import type { LoadSummary } from './data/summary.ts'
import type { PeerView } from './data/view.ts'
import { isActionMessage } from './host-actions.ts'
import { inTheWay } from './peer/in-the-way.ts'
import { followUp, nextWake } from './peer/next-need.ts'
import { ownFacts } from './peer/own-facts.ts'
import { createPeerParts, type MakeMembership, type PeerParts } from './peer/peer-parts.ts'
import { peerView } from './peer/peer-view.ts'
import { isDemandKnown } from './peer/troubles.ts'
import { createMembership } from './ring/membership.ts'
import { askAgain, describe } from './snapshot/described.ts'
import { demandOf, rest, usableHere } from './snapshot/host.ts'
import { observe } from './snapshot/observe.ts'

export type { MakeMembership } from './peer/peer-parts.ts'

export interface Peer {
  step(now: Instant, input: Input): readonly Effect[]
  view(now: Instant): PeerView
  /** The lease of this host, as `view` shows it. */
  lease(): PeerView['lease']
  /** What its VMs want, and what it may give them; null while the demand of one is unknown. A small part of the view. */
  load(): Pick<PeerView, 'demand' | 'usable'> | null
}

export const createPeer = (init: PeerInit, makeMembership: MakeMembership = createMembership): Peer => {
  const parts = createPeerParts(init, makeMembership)
  const { context, state } = parts
  return {
    step(now, input) {
      assert(!state.stepping, 'a step begins when the one before it has ended, and after no failed one')
      state.stepping = true
      context.setTime(now)
      if (state.startedAt === null) start(parts, context.now())
      const written = state.journalHealthy && input.kind !== 'journal' && context.written()
      const stirs = handle(parts, input) || written || context.spoke
      if (stirs || context.now() >= state.wakeAt) goOn(parts, input.kind === 'leaving')
      state.stepping = false
      return context.takeEffects()
    },

    view: (now) => peerView(parts, now),
    lease: () => parts.member.view(),
    load: () =>
      isDemandKnown(parts) ? { demand: demandOf(parts.host), usable: usableHere(parts.host) } : null,
  }
}

/** The first step: what the journal had open is taken up, and what rested goes on resting. */
const start = ({ init, host, state, actions }: PeerParts, now: Instant): void => {
  state.startedAt = now
  actions.restore()
  // The operator may have shortened it meanwhile.
  for (const { vm, from, remainingMs } of init.restored.cooldowns)
    rest(host, vm, now + Math.min(remainingMs, init.policy.cooldownMs), from)
}

/** Each stage does what is due, and says when it wants to be asked again. */
const goOn = (parts: PeerParts, hasty: boolean): void => {
  const { context, state, actions, member, leader, membership, commands, leave, life } = parts
  life.tick()
  actions.tick()
  member.tick()
  leader.tick()
  membership.tick()
  commands.tick(() => inTheWay(parts))
  followUp(parts)
  // Leader and member of one host speak as they speak to others, within the step.
  for (let message = context.nextOwn(); message !== null; message = context.nextOwn())
    onReceived(parts, context.self, message)
  leave.tick()
  membership.announce(ownFacts(parts), hasty)
  const at = nextWake(parts)
  assert(Number.isFinite(at) && at > context.now(), () => `the next step comes after this one: ${at}`)
  state.wakeAt = at
  context.emit({ kind: 'wake', at })
}

/** False when nothing follows from it: most of what a host of a large cluster hears is known. */
const handle = (parts: PeerParts, input: Input): boolean => {
  if (input.kind === 'heard') return onHeard(parts, input.summary)
  handleOther(parts, input)
  return true
}

const onHeard = (parts: PeerParts, summary: LoadSummary): boolean => {
  const owed = parts.actions.heard(summary.host)
  const heard = parts.membership.heard(summary)
  // What is under way is looked at in each step.
  return owed || heard !== 'known' || parts.actions.busy()
}

const onObserved = (
  { context, host, actions }: PeerParts,
  { askedAt, vms }: Extract<Input, { readonly kind: 'observed' }>,
): void => {
  // Whatever the agent says: not from the future, and no older than the one before.
  const at = Math.max(host.sampledAt ?? 0, Math.min(askedAt, context.now()))
  if (observe(host, at, vms, actions.promisedVms(), actions.leavingVms())) context.emit({ kind: 'sample' })
  askAgain(context, host)
  return actions.sampled()
}

const handleOther = (parts: PeerParts, input: Exclude<Input, { readonly kind: 'heard' }>): void => {
  const { context, host, state, actions, membership, leader } = parts
  switch (input.kind) {
    case 'tick':
      return
    case 'received':
      return onReceived(parts, input.from, input.message)
    case 'not-understood':
      return onNotUnderstood(parts, input.from, input.what, input.partition)
    case 'disconnected':
      actions.silent(input.host)
      return membership.disconnected(input.host)
    case 'observed':
      return onObserved(parts, input)
    case 'jobs':
      state.jobsKnown = true
      return actions.jobs(input.outgoing, input.incoming, Math.min(input.askedAt, context.now()))
    case 'described':
      if (describe(host, input.description)) context.emit({ kind: 'describe' })
      return
    case 'hypervisor':
      if (input.connected && !host.connected) actions.connected()
      host.connected = input.connected
      // What ran meanwhile is not known: look at the jobs again before any grant.
      if (!input.connected) state.jobsKnown = false
      return
    case 'journal':
      return onJournal(parts, input.healthy)
    case 'solved':
      return leader.solved(input.partition, input.round, input.solution)
    case 'finished':
    case 'inspected':
    case 'resumed':
    case 'autostart-set':
      return actions.learnt(input)
    case 'commanded':
      return parts.commands.commanded(input.request, input.command)
    case 'leaving':
      return parts.leave.begin()
    default:
      return assertNever(input)
  }
}

/** Nothing more is built on what may not be written: neither on an end that this host has seen, nor on a word to another host. */
const onJournal = ({ context, state, leader }: PeerParts, healthy: boolean): void => {
  state.journalHealthy = healthy
  if (healthy) return void context.written()
  context.warn('journal.full', 'the journal cannot be written: no new leases, running actions finish')
  leader.callOff('journal.full', 'the journal of this host cannot be written')
}

/** It lives, and runs a later version. A partition that waits for its answer goes on without it. */
const onNotUnderstood = (
  { context, membership, leader }: PeerParts,
  from: HostId,
  what: string,
  partition: PartitionId | null,
): void => {
  context.warn('wire.not_understood', `${from} says '${what}', which this version does not know`)
  membership.alive(from, 0)
  if (partition !== null) leader.notUnderstood(from, partition)
}

const onReceived = (parts: PeerParts, from: HostId, message: Message): void => {
  const { membership, actions, life } = parts
  if (message.kind === 'outdated') return life.outdated(from, message)
  if (!membership.hello(from, message.incarnation)) return
  actions.heard(from)
  switch (message.kind) {
    case 'ack':
      if (message.subject === from) life.answered()
      return membership.probed(from, message)
    case 'ping':
    case 'ping-req':
    case 'suspect':
      return membership.probed(from, message)
    default:
      membership.alive(from, message.incarnation)
      return onPartitionMessage(parts, from, message)
  }
}

const onPartitionMessage = (
  { actions, member, leader, membership }: PeerParts,
  from: HostId,
  message: PartitionMessage,
): void => {
  if (isActionMessage(message)) return actions.received(from, message)
  switch (message.kind) {
    case 'reserve':
      return member.reserve(from, message)
    case 'renew':
      return member.renew(from, message)
    case 'release':
      return member.release(from, message)
    case 'assign':
      return member.assign(from, message)
    case 'recorded':
      return member.recorded(from, message)
    case 'granted':
      return leader.granted(from, message)
    case 'declined':
      membership.declined(from, message.code)
      return leader.refused(from, message)
    case 'busy':
      return leader.refused(from, message)
    case 'revoked':
      return leader.revoked(from, message)
    case 'ended':
      return leader.ended(from, message)
    default:
      return assertNever(message)
  }
}
