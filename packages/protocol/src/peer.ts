/**
 * The one door of the core: `step(now, input) → effects`. This file is the control in the middle: it owns what one host
 * knows, leads every input to the stage that it concerns, and asks after each whether there is something to do. The
 * stages, in the order of one overload: detect → ring → partition → snapshot → solve → plan → execute → outcome.
 */
import { unreachable } from './assert.ts'
import { limits } from './config.ts'
import { type Desk, type Draft, pauseMs, seeded } from './desk.ts'
import { findNeed, noNeed } from './detect/find.ts'
import { calm, detectLoad, type LoadState, nextLoadCheck } from './detect/load.ts'
import type { MigrateNeed, Need } from './detect/need.ts'
import { mayArrive, mayLeave } from './execute/admission.ts'
import { createArrivals } from './execute/arrival.ts'
import { createClosedActions } from './execute/closed.ts'
import { createDepartures } from './execute/departure.ts'
import { createWhereabouts } from './execute/whereabouts.ts'
import { byText, type HostId, type Instant, leaderOf, partitionIdOf, type VmId } from './ids.ts'
import type { Command, Effect, Input, PeerInit } from './io.ts'
import type { Admit, Begin, Message, PartitionMessage } from './message.ts'
import type { Decision } from './outcome/decision.ts'
import { createLeader } from './partition/leader.ts'
import { createMemberSide } from './partition/member.ts'
import type { Candidate } from './partition/select.ts'
import { sum } from './resources.ts'
import { createAnnouncer, type Facts } from './ring/announce.ts'
import { createProber, type Step } from './ring/probe.ts'
import { createRingView } from './ring/view.ts'
import {
  arrive,
  blame,
  createHost,
  demandOf,
  depart,
  fixedCode,
  observe,
  rest,
  snapshotVm,
  usableOf,
} from './snapshot/host.ts'
import { promisedIn } from './snapshot/ledger.ts'
import { takeSnapshot } from './snapshot/take.ts'
import type { PeerView } from './view.ts'

export interface Peer {
  step(now: Instant, input: Input): readonly Effect[]
  view(now: Instant): PeerView
}

/** Direct ring neighbours on either side that are probed in turn. */
const neighboursPerSide = 2
const warningsMax = 64
const warningAgainMs = 60_000
/** An operator's wish that finds the host leased waits so long, ms; then it is refused rather than forgotten. */
const wishPatienceMs = 10_000
/** Codes that speak against the VM's migration itself, not against the moment. */
const blameworthy = new Set([
  'migration.failed',
  'migration.refused',
  'hypervisor.refused',
  'mem.would_not_converge',
])

interface Question {
  readonly request: string
  readonly until: Instant
}

export const createPeer = (init: PeerInit): Peer => {
  const self = init.host
  let time: Instant = 0
  let started: Instant | null = null
  let effects: Effect[] = []
  const loopback: Message[] = []
  const random = seeded(init.seed)
  let partitions = 0

  const host = createHost(init.rules, init.restored.draining)
  let mode = init.restored.mode ?? init.mode
  let load: LoadState = calm
  let journalHealthy = true
  let leaving = false
  let jobsKnown = false
  let jobs: ReadonlySet<VmId> = new Set()
  const ring = createRingView(self)
  const prober = createProber({ self, incarnation: init.incarnation })
  const announcer = createAnnouncer()
  let mustAnnounce = false
  let forgetAt: Instant = 0
  const incarnations = new Map<HostId, number>()
  const backOff = { until: 0, failures: 0, idle: 0 }
  let wishes: readonly (MigrateNeed & { readonly until: Instant })[] = []
  let questions: readonly Question[] = []
  let asking: Question | null = null
  let decisions: readonly Decision[] = []
  let warnings: PeerView['warnings'] = []
  const warnedAt = new Map<string, Instant>()

  const desk: Desk = {
    self,
    incarnation: init.incarnation,
    policy: init.policy,
    now: () => time,
    emit: (effect) => void effects.push(effect),
    send(to, draft: Draft) {
      const message = { ...draft, incarnation: init.incarnation } as Message
      if (to === self) loopback.push(message)
      else effects.push({ kind: 'send', to, message })
    },
    warn(code, text, vm) {
      const key = `${code} ${vm ?? ''}`
      if (time - (warnedAt.get(key) ?? -warningAgainMs) < warningAgainMs) return
      if (warnedAt.size > 1_000) warnedAt.clear()
      warnedAt.set(key, time)
      warnings = [{ code, text, vm: vm ?? null, at: time }, ...warnings].slice(0, warningsMax)
      effects.push({ kind: 'warn', code, text, vm: vm ?? null })
    },
    random,
    nextPartition: () => partitionIdOf(self, init.incarnation, ++partitions),
  }

  // ---- detect: what this host knows of itself

  const promises = () => [...arrivals.all.values()]
  /** Jobs that are not ours: an operator's, a backup's. They hold the host as ours do. */
  const foreignJob = () =>
    [...jobs].some((vm) => ![...departures.all.values(), ...promises()].some((one) => one.vm === vm))
  const busy = () => departures.all.size > 0 || arrivals.all.size > 0 || foreignJob()

  const sampledLately = () => host.sampledAt !== null && time - host.sampledAt <= limits.sampleAgeMsMax

  /** Why this host can neither grant nor lead, as codes. */
  const troubles = (): readonly string[] => [
    ...(host.connected && host.description !== null && jobsKnown && sampledLately()
      ? []
      : ['hypervisor.unreachable']),
    ...(journalHealthy ? [] : ['journal.full']),
    // With the journal the epochs are gone: wait until every lease of before has run out (S6).
    ...(init.restored.journalIntact || time - (started ?? time) >= limits.leaseMs ? [] : ['journal.lost']),
    ...(leaving ? ['node.leaving'] : []),
  ]
  const able = () => troubles().length === 0

  const sample = () => effects.push({ kind: 'sample' })

  // ---- execute: motions out and in

  const closed = createClosedActions(init.restored.closed)

  const departures = createDepartures(desk, closed, {
    started: (action) => leader.started(action),
    gone: (vm) => depart(host, vm),
    ended(departure, result) {
      if (result.kind === 'refused' && blameworthy.has(result.code))
        blame(host, departure.vm, time, desk.policy.quarantineMs)
      const { partition, epoch, action } = departure
      desk.send(departure.leader ?? leaderOf(partition), { kind: 'ended', partition, epoch, action, result })
      sample()
    },
  })

  const arrivals = createArrivals(desk, closed, {
    arrived(arrival) {
      arrive(host, arrival.snapshot, time + arrival.cooldownMs, arrival.from)
      const { vm, from, cooldownMs } = arrival
      desk.emit({ kind: 'persist', record: { kind: 'cooldown', vm, from, remainingMs: cooldownMs } })
    },
    ended: () => void sample(),
  })

  const whereabouts = createWhereabouts(desk, departures, closed)

  // ---- outcome

  const report = (decision: Decision): void => {
    decisions = [decision, ...decisions.filter((one) => one.id !== decision.id)].slice(0, limits.decisionsMax)
    effects.push({ kind: 'report', decision })
  }

  const concluded = (need: Need, decision: Decision): void => {
    if (asking !== null) {
      const { request } = asking
      asking = null
      effects.push({
        kind: 'reply',
        request,
        reply: { kind: 'ok', text: decision.text, decision: decision.id },
      })
      return
    }
    if (need.kind === 'migrate') wishes = wishes.filter((wish) => wish.request !== need.request)
    const { backOffMsMin, backOffMsMax, idleBackOffMsMin, idleBackOffMsMax } = limits
    switch (decision.result) {
      case 'cured':
      case 'satisfied':
      case 'running':
        Object.assign(backOff, { until: time, failures: 0, idle: 0 })
        return
      case 'failed':
        backOff.until = time + pauseMs(desk, backOff.failures++, backOffMsMin, backOffMsMax)
        return
      case 'relieved':
      case 'nothing':
      case 'would':
        if (need.kind !== 'migrate')
          backOff.until = time + pauseMs(desk, backOff.idle++, idleBackOffMsMin, idleBackOffMsMax)
        return
      default:
        return unreachable(decision.result)
    }
  }

  // ---- partition: member and leader

  // An incarnation is at least the wall clock in seconds, and no host grants a thousand leases a second: so epochs grow even
  // when the journal that counted them is lost (S6).
  const member = createMemberSide(desk, Math.max(init.restored.epoch, init.incarnation * 1_000), {
    unable(intent, from) {
      const trouble = troubles()[0]
      if (trouble !== undefined) return trouble
      if (from === self) return null
      if (intent === 'lease' && mode !== 'auto') return 'mode.observe'
      return host.draining ? 'node.draining' : null
    },
    busy,
    snapshot: () => takeSnapshot(host, self, time, promisedIn(promises()), load.overloaded !== null),
    report,
  })

  const candidates = (): readonly Candidate[] =>
    ring.around(self).map((id) => {
      const { summary, state, stale } = ring.get(id)!
      return { summary, state, stale }
    })

  const leader = createLeader(desk, {
    candidates,
    cpuBaseline: () => host.description?.cpuBaseline ?? '',
    name: () => host.description?.name ?? self,
    mode: () => mode,
    report,
    concluded,
  })

  // ---- what comes in

  const onBegin = (from: HostId, message: Begin): void => {
    if (departures.all.has(message.action)) return
    // Said again: our answer was lost.
    const result = closed.resultOf('departure', message.action)
    if (result !== null) return desk.send(from, { ...message, kind: 'ended', result })
    const may = mayLeave(host, member.lease, message, self, time)
    const refuse = (code: string, detail: string) =>
      desk.send(from, {
        kind: 'ended',
        partition: message.partition,
        epoch: message.epoch,
        action: message.action,
        result: { kind: 'refused', code, detail },
      })
    if ('code' in may) return refuse(may.code, may.text)
    if (leaving || !journalHealthy)
      return refuse(leaving ? 'node.leaving' : 'journal.full', 'this host starts nothing now')
    if ([...departures.all.values()].some((one) => one.vm === may.vm.vm))
      return refuse('vm.job_active', 'the VM is in motion already')
    if (departures.all.size >= desk.policy.migrationsOutMax)
      return refuse('limit.out', 'as many migrations leave as may')
    departures.begin(
      from,
      message,
      may.migrate,
      may.toEpoch,
      may.vm,
      may.paused,
      host.description?.migrationUri ?? '',
    )
  }

  const onAdmit = (from: HostId, message: Admit): void => {
    const { partition, epoch, action, vm } = message
    const before = arrivals.all.get(action)
    const uri = host.description?.migrationUri ?? ''
    // Asked again: the answer was lost. The promise stands.
    if (before?.from === from)
      return desk.send(from, {
        kind: 'admitted',
        partition,
        epoch,
        action,
        uri,
        validMs: limits.admitValidMs,
      })
    const no = able()
      ? mayArrive(host, member.lease, promises(), vm, message, self, desk.policy.migrationsInMax)
      : { code: troubles()[0]!, text: '' }
    if (no !== null) return desk.send(from, { kind: 'not-admitted', partition, epoch, action, code: no.code })
    member.executing()
    arrivals.admit(from, message, uri)
  }

  const onPartitionMessage = (from: HostId, message: PartitionMessage): void => {
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
      case 'begin':
        return onBegin(from, message)
      case 'admit':
        return onAdmit(from, message)
      case 'admitted':
        return departures.admitted(from, message)
      case 'not-admitted':
        return departures.notAdmitted(message.action, from, message.code)
      case 'hand-over':
        return arrivals.handOver(message.action, from, message.vm, message.epoch, message.partition)
      case 'took-over':
        return departures.tookOver(message.action, from)
      case 'cancelled':
        return arrivals.cancelled(message.action, from)
      case 'where-is':
        return whereabouts.asked(from, message)
      case 'whereabouts': {
        const presence = message.presence === 'silent' ? null : message.presence
        departures.whereabouts(message.action, from, presence)
        return arrivals.whereabouts(message.action, from, presence)
      }
      default:
        return unreachable(message)
    }
  }

  const probed = (step: Step): void => {
    for (const { to, message } of step.send) effects.push({ kind: 'send', to, message })
    for (const { host: about, state } of step.changed) {
      ring.mark(about, state)
      if (state === 'dead') {
        leader.dead(about)
        arrivals.nudge(about)
      }
    }
    if (step.publish) mustAnnounce = true
  }

  const onReceived = (from: HostId, message: Message): void => {
    const known = incarnations.get(from) ?? 0
    // From before its restart: whatever it says, its sender is gone.
    if (message.incarnation < known) return
    if (message.incarnation > known) {
      if (incarnations.size >= limits.viewHostsMax) incarnations.clear()
      incarnations.set(from, message.incarnation)
      if (known > 0) {
        member.leaderRestarted(from, message.incarnation)
        leader.dead(from)
      }
    }
    switch (message.kind) {
      case 'ping':
      case 'ack':
      case 'ping-req':
      case 'suspect':
        return probed(prober.onMessage(time, from, message))
      default:
        probed(prober.onHeard(time, from, message.incarnation))
        return onPartitionMessage(from, message)
    }
  }

  const onCommand = (request: string, command: Command): void => {
    const reply = (text: string) =>
      effects.push({ kind: 'reply', request, reply: { kind: 'ok', text, decision: null } })
    const refuse = (code: string, text: string) =>
      effects.push({ kind: 'reply', request, reply: { kind: 'refused', code, text } })
    switch (command.kind) {
      case 'drain': {
        if (mode !== 'auto')
          return void refuse('mode.observe', 'mode is observe: nothing moves. Try: drover mode auto')
        host.draining = true
        backOff.until = 0
        desk.emit({ kind: 'persist', record: { kind: 'draining', draining: true } })
        const vms = [...host.vms.values()].sort((a, b) => byText(a.vm, b.vm))
        const fixed = vms.flatMap((vm) => {
          const code = fixedCode(host, time, vm)
          return code === null ? [] : [{ vm: vm.vm, name: vm.name, code }]
        })
        const leaves = vms.filter((vm) => fixedCode(host, time, vm) === null).map((vm) => vm.vm)
        return void effects.push({
          kind: 'reply',
          request,
          reply: { kind: 'draining', leaving: leaves, blockers: fixed },
        })
      }
      case 'undrain':
        host.draining = false
        desk.emit({ kind: 'persist', record: { kind: 'draining', draining: false } })
        return void reply('this host takes VMs again')
      case 'mode':
        mode = command.mode
        backOff.until = 0
        desk.emit({ kind: 'persist', record: { kind: 'mode', mode } })
        if (mode === 'observe') leader.abandon('mode.observe', 'the mode was set to observe')
        return void reply(`mode is ${mode}`)
      case 'migrate': {
        const vm = host.vms.get(command.vm)
        if (vm === undefined) return void refuse('vm.absent', 'this VM is not on this host')
        if (mode !== 'auto')
          return void refuse('mode.observe', 'mode is observe: nothing moves. Try: drover mode auto')
        const code = fixedCode(host, time, vm)
        if (code !== null) return void refuse(code, `the VM must stay: ${code}`)
        if (command.to === self) return void refuse('vm.present', 'the VM is on this host already')
        wishes = [
          ...wishes,
          {
            kind: 'migrate',
            reason: 'operator',
            since: time,
            severity: 0,
            wanted: vm.demand,
            text: `an operator moves ${vm.name}`,
            vm: command.vm,
            to: command.to,
            request,
            until: time + wishPatienceMs,
          },
        ]
        return
      }
      case 'plan':
        questions = [...questions, { request, until: time + wishPatienceMs }]
        return
      default:
        return unreachable(command)
    }
  }

  const handle = (input: Input): void => {
    switch (input.kind) {
      case 'tick':
        return
      case 'received':
        return onReceived(input.from, input.message)
      case 'heard': {
        const heard = ring.hear(input.summary, time)
        if (heard === null || input.summary.host === self) return
        probed(prober.onHeard(time, input.summary.host, input.summary.incarnation))
        // News of others may be what we wait for: try again soon, not at once, so that all news is in.
        if (heard === 'changed' && backOff.idle > 0)
          backOff.until = Math.min(backOff.until, time + limits.idleBackOffMsMin)
        return
      }
      case 'disconnected':
        arrivals.nudge(input.host)
        return probed(prober.onDisconnected(time, input.host))
      case 'observed':
        return observe(host, time, input.vms, new Set(promises().map((arrival) => arrival.vm)))
      case 'jobs':
        jobsKnown = true
        jobs = new Set([...input.outgoing, ...input.incoming])
        return
      case 'described':
        host.description = input.description
        return
      case 'hypervisor':
        host.connected = input.connected
        // What ran meanwhile is not known: look at the jobs again before any grant.
        if (!input.connected) jobsKnown = false
        return
      case 'journal':
        if (!input.healthy)
          desk.warn('journal.full', 'the journal cannot be written: no new leases, running actions finish')
        journalHealthy = input.healthy
        return
      case 'solved':
        return leader.solved(input.partition, input.round, input.answer)
      case 'finished':
        return departures.finished(input.action, input.result)
      case 'inspected': {
        departures.inspected(input.action, input.at, input.presence)
        arrivals.inspected(input.action, input.at, input.presence)
        if (input.at === 'there') return
        whereabouts.inspected(input.action, input.presence)
        return
      }
      case 'resumed':
        departures.resumed(input.action, input.at, input.ok)
        return arrivals.resumed(input.action, input.at, input.ok, input.detail)
      case 'commanded':
        return onCommand(input.request, input.command)
      case 'leaving':
        leaving = true
        mustAnnounce = true
        return leader.abandon('node.leaving', 'this agent is being stopped')
      default:
        return unreachable(input)
    }
  }

  // ---- what follows from it

  /** May a partition of ours claim this host now? Its lease of another's partition is respected, unless ours is graver. */
  const free = (need: Need): boolean => {
    const { lease } = member
    if (leader.leading !== null || busy()) return false
    return lease === null || (!lease.executing && need.severity > lease.rank.severity)
  }

  const think = (): void => {
    load = detectLoad(load, time, demandOf(host), usableOf(host), desk.policy)
    for (const wish of wishes)
      if (wish.until <= time && leader.leading === null) {
        wishes = wishes.filter((one) => one !== wish)
        effects.push({
          kind: 'reply',
          request: wish.request,
          reply: {
            kind: 'refused',
            code: 'partition.busy',
            text: 'this host is a member of another partition',
          },
        })
      }
    for (const question of questions)
      if (question.until <= time) {
        questions = questions.filter((one) => one !== question)
        effects.push({
          kind: 'reply',
          request: question.request,
          reply: {
            kind: 'refused',
            code: troubles()[0] ?? 'partition.busy',
            text: 'this host cannot answer now',
          },
        })
      }
    if (!able()) return
    const need = findNeed(host, self, load, wishes, time, desk.policy.clearPermille)
    const question = questions[0]
    if (question !== undefined && leader.leading === null) {
      questions = questions.slice(1)
      asking = question
      leader.form(need ?? noNeed(time), 'observe')
      return
    }
    if (need === null || !free(need)) return
    if (need.kind === 'migrate') {
      const partition = leader.form(need, 'lease')
      effects.push({
        kind: 'reply',
        request: need.request,
        reply: { kind: 'ok', text: need.text, decision: partition },
      })
    } else if (backOff.until <= time) leader.form(need, mode === 'auto' ? 'lease' : 'observe')
  }

  const facts = (): Facts | null => {
    const { description } = host
    if (description === null) return null
    return {
      host: self,
      name: description.name,
      location: description.location,
      incarnation: init.incarnation,
      capacity: description.capacity,
      reserve: description.reserve,
      demand: demandOf(host),
      committedIn: promisedIn(promises()),
      committedOut: sum([...departures.all.values()].map((departure) => departure.demand)),
      vms: host.vms.size,
      overloaded: load.overloaded !== null,
      state: leaving ? 'leaving' : host.draining ? 'draining' : 'up',
      able: able(),
      partition: member.lease?.partition ?? null,
      failureDomain: description.failureDomain,
      cpuBaseline: description.cpuBaseline,
      mode,
      version: description.version,
      policyHash: init.policyHash,
    }
  }

  const announce = (): void => {
    const now = facts()
    if (now === null) return
    const summary = announcer.due(time, now, desk.policy.gossipMs, mustAnnounce)
    if (summary === null) return
    mustAnnounce = false
    ring.hear(summary, time)
    effects.push({ kind: 'publish', summary })
  }

  const timers = (): void => {
    departures.tick()
    arrivals.tick()
    member.tick()
    leader.tick()
    const probeAt = prober.nextAt()
    if (probeAt === null || probeAt <= time)
      probed(prober.tick(time, ring.neighbours(self, neighboursPerSide), ring.around(self)))
    if (forgetAt <= time) {
      for (const gone of ring.forget(time, desk.policy.gossipMs)) prober.forget(gone)
      forgetAt = time + desk.policy.gossipMs
    }
  }

  const nextWake = (): Instant => {
    const ends = [...wishes, ...questions].map((one) => one.until)
    const quarantine = init.restored.journalIntact ? null : (started ?? time) + limits.leaseMs
    const all = [
      departures.nextAt(),
      arrivals.nextAt(),
      member.nextAt(),
      leader.nextAt(),
      prober.nextAt(),
      announcer.nextAt(),
      nextLoadCheck(load, desk.policy),
      forgetAt,
      backOff.until > time ? backOff.until : null,
      quarantine !== null && quarantine > time ? quarantine : null,
      ...ends,
    ].filter((at) => at !== null)
    return Math.max(time + 1, Math.min(...all))
  }

  for (const open of init.restored.open) (open.kind === 'departure' ? departures : arrivals).restore(open)

  return {
    step(now, input) {
      // The clock of the caller is monotonic; should it not be, time stands still here rather than runs back.
      time = Math.max(time, now)
      if (started === null) {
        started = time
        for (const { vm, from, remainingMs } of init.restored.cooldowns)
          rest(host, vm, time + remainingMs, from)
      }
      effects = []
      handle(input)
      timers()
      think()
      for (let message = loopback.shift(); message !== undefined; message = loopback.shift()) {
        onReceived(self, message)
        if (loopback.length === 0) think()
      }
      announce()
      effects.push({ kind: 'wake', at: nextWake() })
      const out = effects
      effects = []
      return out
    },

    view: (now) => ({
      host: self,
      description: host.description,
      mode,
      draining: host.draining,
      able: able(),
      troubles: troubles(),
      usable: usableOf(host),
      demand: demandOf(host),
      committedIn: promisedIn(promises()),
      overloadedSinceMs: load.overloaded === null ? null : now - (load.since ?? now),
      lease:
        member.lease === null
          ? null
          : {
              partition: member.lease.partition,
              epoch: member.lease.epoch,
              leader: member.lease.leader,
              executing: member.lease.executing,
            },
      leading: leader.leading,
      motions: [
        ...[...departures.all.values()].map((one) => ({
          action: one.action,
          vm: one.vm,
          direction: 'out' as const,
          peer: one.to,
          phase: one.phase,
          sinceMs: now - one.since,
        })),
        ...promises().map((one) => ({
          action: one.action,
          vm: one.vm,
          direction: 'in' as const,
          peer: one.from,
          phase: one.taking ? 'resuming' : 'promised',
          sinceMs: now - one.since,
        })),
      ],
      vms: [...host.vms.values()]
        .sort((a, b) => byText(a.name, b.name) || byText(a.vm, b.vm))
        .map((vm) => snapshotVm(host, now, vm)),
      members: members(now),
      decisions,
      warnings,
    }),
  }

  function members(now: Instant): PeerView['members'] {
    const near = new Set(ring.neighbours(self, neighboursPerSide))
    return ring.members().map((one, position) => ({
      summary: one.summary,
      state: one.summary.host === self ? 'self' : one.state,
      ageMs: Math.max(0, now - one.heardAt),
      position,
      neighbour: near.has(one.summary.host),
    }))
  }
}
