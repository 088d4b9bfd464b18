/**
 * The one door of the core: `step(now, input) → effects`. This file is the control in the middle: it owns what one host
 * knows, leads every input to the stage that it concerns, and asks after each whether there is something to do. The
 * stages, in the order of one overload: detect → ring → partition → snapshot → solve → plan → execute → outcome.
 */
import { assertNever } from '@drover/placement'
import { limits } from './data/config.ts'
import type { Decision } from './data/decision.ts'
import type { HostId, Instant } from './data/ids.ts'
import type { Effect, Input, PeerInit } from './data/io.ts'
import type { Message, PartitionMessage } from './data/message.ts'
import type { Need } from './data/need.ts'
import type { PeerView } from './data/view.ts'
import { createCommands } from './detect/commands.ts'
import { calm, detectLoad, type LoadState, nextLoadCheck } from './detect/load.ts'
import { findNeed, forecastNeed, noNeed } from './detect/needs.ts'
import { createAnnouncedForecast, createOwnForecast, doubtOf } from './detect/own-forecast.ts'
import { createLeave } from './leave.ts'
import { createMigrations, isMigrationMessage } from './migration/migrations.ts'
import { createBackOff } from './partition/back-off.ts'
import { createLeader } from './partition/leader.ts'
import { createMemberSide } from './partition/member.ts'
import { rankDestinations } from './partition/rank-destinations.ts'
import type { Facts } from './ring/announce.ts'
import { createMembership, type Membership, type MembershipHooks } from './ring/membership.ts'
import { complainOf, saidDemand } from './snapshot/announced-demand.ts'
import { createHost, demandOf, isSeen, rest, unknownVm, usableOf, vmsByName } from './snapshot/host.ts'
import { observe } from './snapshot/observe.ts'
import { takeSnapshot } from './snapshot/take.ts'
import { createStepContext, earliest, type StepContext } from './step-context.ts'

export interface Peer {
  step(now: Instant, input: Input): readonly Effect[]
  view(now: Instant): PeerView
}

/** How the others are known: by `ring/`, unless a world that models gossip as a whole knows better. */
export type MakeMembership = (context: StepContext, hooks: MembershipHooks) => Membership

export const createPeer = (init: PeerInit, makeMembership: MakeMembership = createMembership): Peer => {
  const self = init.host
  const context = createStepContext(self, init.incarnation, init.seed, init.policy)
  const host = createHost(init.rules, init.restored.draining)
  let started: Instant | null = null
  let mode = init.restored.mode ?? init.mode
  let load: LoadState = calm
  let journalHealthy = true
  let jobsKnown = false
  let decisions: readonly Decision[] = []
  /** The question that the partition under way answers; null = it serves a need. */
  let asking: string | null = null

  /** It is known what its VMs want. */
  const known = () => unknownVm(host, context.now()) === null

  /** Why this host can neither grant nor lead nor begin anything, as codes; the gravest first. */
  const ills: readonly (readonly [code: string, suffered: () => boolean])[] = [
    ['hypervisor.unreachable', () => !jobsKnown || !isSeen(host, context.now())],
    ['demand.unknown', () => !known()],
    ['journal.full', () => !journalHealthy],
    // With the journal the epochs are gone: wait until every lease of before has run out (S6).
    [
      'journal.lost',
      () => !init.restored.journalIntact && context.now() - (started ?? context.now()) < limits.leaseMs,
    ],
    ['host.leaving', () => leave.begun],
  ]
  const trouble = (): string | null => ills.find(([, suffered]) => suffered())?.[0] ?? null
  /** Why no migration may begin here, out or in: a trouble, or the operator's brake. */
  const standing = (): string | null => trouble() ?? (mode === 'auto' ? null : 'mode.observe')

  const report = (decision: Decision): void => {
    decisions = [decision, ...decisions.filter((one) => one.id !== decision.id)].slice(0, limits.decisionsMax)
    context.emit({ kind: 'report', decision })
  }

  const concluded = (need: Need, decision: Decision): void => {
    if (asking !== null) {
      commands.answer(asking, { kind: 'ok', text: decision.text, decision: decision.id })
      asking = null
    } else if (need.kind === 'migrate') commands.ended(need)
    else if (need.kind === 'forecast') {
      lookedAt = -1
      caution.concluded(decision)
    } else backOff.concluded(decision)
  }

  const backOff = createBackOff(context)
  /** The same for needs that are only foreseen: they must not put off a real one. */
  const caution = createBackOff(context)
  const lookAhead = createOwnForecast(host, context.policy)
  const outlookSaid = createAnnouncedForecast(() => (known() ? lookAhead() : null))
  /** The sample, and the state of this host, for which it was last seen that nobody could spare it what is foreseen. */
  let lookedAt: Instant | null = -1
  let lookedFor = -1

  const commands = createCommands(context, host, {
    mode: () => mode,
    setMode(wanted) {
      mode = wanted
      if (mode === 'observe') leader.callOff('operator.called_off', 'the mode was set to observe')
    },
    undrained: () => leader.callOffDrain('the drain was called off'),
    changed() {
      backOff.reset()
      caution.reset()
    },
  })

  const membership = makeMembership(context, {
    dead(other) {
      leader.dead(other)
      migrations.silent(other)
    },
    restarted(other, incarnation) {
      member.leaderRestarted(other, incarnation)
      leader.dead(other)
    },
  })

  const migrations = createMigrations(context, host, init.restored, {
    lease: () => member.lease,
    trouble: standing,
    admitted: () => member.executing(),
    started: (action) => leader.started(action),
    announced: membership.announced,
  })

  // An incarnation is at least the wall clock in seconds, and no host grants a thousand leases a second: so epochs
  // grow even when the journal that counted them is lost (S6).
  const member = createMemberSide(context, Math.max(init.restored.epoch, init.incarnation * 1_000), {
    unable(intent, from) {
      const code = intent === 'lease' ? standing() : trouble()
      if (code !== null || from === self) return code
      return host.draining ? 'host.draining' : null
    },
    busy: migrations.busy,
    snapshot: () =>
      takeSnapshot(host, self, context.now(), migrations.promisedIn(), {
        overloaded: load.overloaded !== null,
        foresees: lookAhead()?.doubt === null,
      }),
    report,
  })

  const leader = createLeader(context, {
    candidates: membership.candidates,
    own: () => host.description ?? { cpuBaseline: '', migrationUri: '' },
    name: () => host.description?.name ?? self,
    mode: () => mode,
    report,
    concluded,
  })

  const leave = createLeave(context, migrations, leader, commands)

  // ---- what comes in

  const onPartitionMessage = (from: HostId, message: PartitionMessage): void => {
    if (isMigrationMessage(message)) return migrations.received(from, message)
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
        return member.recorded(message)
      case 'granted':
        return leader.granted(from, message)
      case 'busy':
      case 'declined':
        return leader.refused(from, message)
      case 'revoked':
        return leader.revoked(from, message)
      case 'ended':
        return leader.ended(from, message)
      default:
        return assertNever(message)
    }
  }

  const onReceived = (from: HostId, message: Message): void => {
    if (!membership.hello(from, message.incarnation)) return
    migrations.heard(from)
    switch (message.kind) {
      case 'ping':
      case 'ack':
      case 'ping-req':
      case 'suspect':
        return membership.probed(from, message)
      default:
        membership.alive(from, message.incarnation)
        return onPartitionMessage(from, message)
    }
  }

  const handle = (input: Input): void => {
    switch (input.kind) {
      case 'tick':
        return
      case 'received':
        return onReceived(input.from, input.message)
      case 'heard':
        migrations.heard(input.summary.host)
        if (membership.heard(input.summary)) {
          backOff.news()
          caution.news()
        }
        return
      case 'disconnected':
        migrations.silent(input.host)
        return membership.disconnected(input.host)
      case 'observed':
        if (observe(host, context.now(), input.vms, migrations.promisedVms(), migrations.leavingVms()))
          context.emit({ kind: 'sample' })
        return migrations.sampled()
      case 'jobs':
        jobsKnown = true
        return migrations.jobs(input.outgoing, input.incoming)
      case 'described':
        host.description = input.description
        return
      case 'hypervisor':
        if (input.connected && !host.connected) migrations.connected()
        host.connected = input.connected
        // What ran meanwhile is not known: look at the jobs again before any grant.
        if (!input.connected) jobsKnown = false
        return
      case 'journal':
        if (!input.healthy)
          context.warn('journal.full', 'the journal cannot be written: no new leases, running actions finish')
        journalHealthy = input.healthy
        return
      case 'solved':
        return leader.solved(input.partition, input.round, input.answer)
      case 'finished':
      case 'inspected':
      case 'resumed':
        return migrations.learnt(input)
      case 'commanded':
        return commands.commanded(input.request, input.command)
      case 'leaving':
        return leave.begin()
      default:
        return assertNever(input)
    }
  }

  // ---- what follows from it

  /** May a partition of ours claim this host now? Its lease of another's is respected, unless our need is graver. */
  const free = (need: Need): boolean => {
    const { lease } = member
    if (leader.leading !== null || migrations.busy()) return false
    return lease === null || (!lease.executing && need.severity > lease.rank.severity)
  }

  const think = (): void => {
    const now = context.now()
    const ahead = lookAhead()
    const unknown = unknownVm(host, now)
    // What was guessed begins no overload, and ends none.
    if (unknown === null)
      load = detectLoad(load, now, demandOf(host), usableOf(host), context.policy, ahead?.lasts === true)
    else complainOf(context, unknown)
    if (trouble() !== null) return
    const need = findNeed(host, self, load, commands.wishes(), now, context.policy.clearPermille)
    if (leader.leading === null) {
      asking = commands.takeQuestion()
      if (asking !== null) return void leader.form(need ?? noNeed(now), 'observe')
    }
    if (need === null) return prevent()
    if (!free(need)) return
    if (need.kind === 'migrate') commands.granted(need, leader.form(need, 'lease'))
    else if (backOff.until <= now)
      leader.form(need, mode === 'auto' ? 'lease' : 'observe', need.kind === 'overload' ? helpers(true) : [])
  }

  const helpers = (inNeed: boolean): readonly HostId[] => {
    const ahead = lookAhead()
    if (ahead === null || ahead.doubt !== null) return []
    return rankDestinations(host, ahead, membership.candidates(), context.policy, context.now(), inNeed)
  }

  /** Nothing is wrong: would a migration now save more overload than it costs? */
  const prevent = (): void => {
    const ahead = lookAhead()
    if (ahead?.atRisk !== true || host.draining) return
    // With every sample anew: the others change, too.
    if (lookedAt === host.sampledAt && lookedFor === host.revision) return
    const need = forecastNeed(ahead.outlook, context.now())
    if (caution.until > context.now() || !free(need)) return
    const best = helpers(false)
    if (best.length > 0) leader.form(need, mode === 'auto' ? 'lease' : 'observe', best)
    else {
      lookedAt = host.sampledAt
      lookedFor = host.revision
    }
  }

  const facts = (): Facts | null => {
    const { description } = host
    if (description === null) return null
    return {
      ...description,
      host: self,
      incarnation: init.incarnation,
      demand: saidDemand(host, context.now()),
      committedIn: migrations.promisedIn(),
      committedOut: migrations.leaving(),
      vms: host.vms.size,
      forecast: outlookSaid(),
      overloaded: load.overloaded !== null,
      state: leave.begun ? 'leaving' : host.draining ? 'draining' : 'up',
      able: trouble() === null,
      partition: member.lease?.partition ?? null,
      mode,
      policyHash: init.policyHash,
    }
  }

  const nextWake = (): Instant => {
    const now = context.now()
    const quarantineEnd = init.restored.journalIntact ? null : (started ?? now) + limits.leaseMs
    const later = (at: Instant | null) => (at !== null && at > now ? at : null)
    const next = earliest([
      migrations.nextAt(),
      member.nextAt(),
      leader.nextAt(),
      membership.nextAt(),
      commands.nextAt(),
      leave.nextAt(),
      later(nextLoadCheck(load, context.policy)),
      later(backOff.until),
      later(caution.until),
      later(quarantineEnd),
    ])
    return Math.max(now + 1, next ?? now + context.policy.gossipMs)
  }

  return {
    step(now, input) {
      context.setTime(now)
      if (started === null) {
        started = context.now()
        migrations.restore()
        // The operator may have shortened it meanwhile.
        for (const { vm, from, remainingMs } of init.restored.cooldowns)
          rest(host, vm, started + Math.min(remainingMs, init.policy.cooldownMs), from)
      }
      handle(input)
      migrations.tick()
      member.tick()
      leader.tick()
      membership.tick()
      commands.tick(trouble() ?? 'partition.busy')
      think()
      for (let message = context.nextOwn(); message !== null; message = context.nextOwn())
        onReceived(self, message)
      leave.tick()
      membership.announce(facts(), input.kind === 'leaving')
      context.emit({ kind: 'wake', at: nextWake() })
      return context.takeEffects()
    },

    view: (now) => ({
      host: self,
      description: host.description,
      mode,
      draining: host.draining,
      able: trouble() === null,
      troubles: ills.flatMap(([code, suffered]) => (suffered() ? [code] : [])),
      usable: usableOf(host),
      demand: demandOf(host),
      committedIn: migrations.promisedIn(),
      forecastDoubt: doubtOf(lookAhead(), context.policy),
      overloadedSinceMs: load.overloaded === null ? null : now - (load.since ?? now),
      lease: member.view(),
      leading: leader.leading,
      ...migrations.view(now),
      vms: vmsByName(host, now),
      members: membership.view(now),
      decisions,
      warnings: context.warnings(),
    }),
  }
}
