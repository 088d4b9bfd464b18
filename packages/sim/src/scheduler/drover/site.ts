/**
 * One host's agent: the real core, fed with what the ground shows of this host, its effects carried out in their order. What
 * the daemon has around the core (loop, observer, carrier), synchronously and in virtual time.
 */
import {
  type ActionResult,
  createPeer,
  type Decision,
  type Effect,
  type HostId,
  type Input,
  type Instant,
  type LoadSummary,
  type MakeMembership,
  type Message,
  type PartitionId,
  type Policy,
  samplePeriodMs,
} from '@drover/protocol'
import type { Ground, GroundHost } from '../../ground/ground.ts'
import type { MotionEnd } from '../../hypervisor/events.ts'
import { describe, observedOn, presenceOn } from './observe.ts'
import { createSampler } from './sampler.ts'
import { answerTo, solveMs } from './solver.ts'

export interface SiteInit {
  readonly ground: Ground
  readonly host: GroundHost
  readonly id: HostId
  /** What its clock shows at time 0: its agent was started so many ms before. */
  readonly clockMs: number
  readonly sampleMs: number
  readonly policy: Policy
  readonly policyHash: string
  readonly membership: MakeMembership
  /** The host behind an agent's identity, and behind a migration URI. */
  hostOf(id: HostId): GroundHost
  hostAt(uri: string): GroundHost
  send(to: HostId, message: Message): void
  publish(summary: LoadSummary): void
}

export interface Site {
  feed(input: Input): void
  /** Something on its host has changed. */
  changed(): void
  /** Something is under way or put off: it will be woken for it. */
  readonly waits: boolean
  /** At the end of the run. */
  close(): void
}

type Of<K extends Effect['kind']> = Extract<Effect, { readonly kind: K }>

const resultOf = (end: MotionEnd): ActionResult => {
  if (end === 'moved') return { kind: 'done' }
  if (end === 'stayed') return { kind: 'refused', code: 'migration.failed' }
  return { kind: 'unknown', code: 'migration.unsettled', detail: end }
}

/** Starts the agent. Call it at time 0. */
export const createSite = (init: SiteInit): Site => {
  const { ground, host, clockMs } = init
  const { kernel, books } = ground
  const randomly = ground.random('agent', host.index)
  /** The core's time: whole milliseconds of its own clock. */
  const clock = (): Instant => Math.floor(kernel.now()) + clockMs

  let leased: PartitionId | null = null
  let leasedAt = 0
  const hold = (partition: PartitionId | null): void => {
    if (partition === leased) return
    if (leased !== null) books.held(host, leasedAt, kernel.now())
    leased = partition
    leasedAt = kernel.now()
  }

  const watched: MakeMembership = (desk, hooks) => {
    const membership = init.membership(desk, hooks)
    return {
      ...membership,
      announce(facts, hasty) {
        if (facts !== null) hold(facts.partition)
        membership.announce(facts, hasty)
      },
    }
  }

  const peer = createPeer(
    {
      host: init.id,
      incarnation: 1,
      seed: randomly.bits(),
      policy: init.policy,
      mode: 'auto',
      rules: [],
      policyHash: init.policyHash,
      restored: {
        epoch: 0,
        journalIntact: true,
        open: [],
        closed: [],
        duties: [],
        draining: false,
        mode: null,
        cooldowns: [],
      },
    },
    watched,
  )

  // ---- time

  let wakeAt: Instant = Number.MAX_SAFE_INTEGER
  /** When its one timer fires, which may be sooner than it has to. */
  let timerAt: Instant = Number.MAX_SAFE_INTEGER
  const lastAt = Math.floor(ground.workload.durationMs) + clockMs
  const setTimer = (): void => {
    if (wakeAt >= timerAt || wakeAt > lastAt) return
    const at = wakeAt
    timerAt = at
    kernel.after(at - clockMs - kernel.now(), () => {
      if (timerAt !== at) return
      timerAt = Number.MAX_SAFE_INTEGER
      if (wakeAt <= clock()) feed({ kind: 'tick' })
      else setTimer()
    })
  }

  // ---- inputs

  const queue: Input[] = []
  let draining = false
  const put = (at: Instant, input: Input): void => {
    queue.push(input)
    if (draining) return
    draining = true
    for (let next = queue.shift(); next !== undefined; next = queue.shift())
      for (const effect of peer.step(at, next)) carryOut(effect)
    draining = false
    setTimer()
  }
  const feed = (input: Input): void => put(clock(), input)

  // ---- effects

  const solve = ({ partition, round, problem }: Of<'solve'>): void =>
    void kernel.after(solveMs(problem), () => {
      books.solved(problem.hosts.map((one) => init.hostOf(one.id)))
      feed({ kind: 'solved', partition, round, answer: answerTo(problem) })
    })

  const perform = ({ action, vm, uri }: Of<'perform'>): void => {
    const finish = (result: ActionResult): void => feed({ kind: 'finished', action, result })
    const begun = ground.migrate(vm, init.hostAt(uri), (end) => finish(resultOf(end)))
    if (!begun) finish({ kind: 'refused', code: 'migration.failed' })
  }

  /** What follows is seen by whoever began it. */
  const abort = ({ vm }: Of<'abort'>): void => {
    if (ground.moving(vm)) ground.world.inside.motions.abort(vm)
  }

  const inspect = ({ action, round, vm, at }: Of<'inspect'>): void => {
    const where = at === null ? host : init.hostAt(at)
    const presence = presenceOn(ground, where, vm)
    feed({ kind: 'inspected', action, round, at: at === null ? 'here' : 'there', presence })
  }

  const resume = ({ action, vm, at }: Of<'resume'>): void => {
    const where = at === null ? host : init.hostAt(at)
    const presence = presenceOn(ground, where, vm)
    if (presence === 'paused') ground.world.byHand.resume(vm, where.record.spec.name)
    const ok = presence === 'paused' || presence === 'running'
    feed({ kind: 'resumed', action, at: at === null ? 'here' : 'there', ok, detail: ok ? '' : presence })
  }

  const report = (decision: Decision): void => {
    const { asMember, result, reason, code, actions, members } = decision
    if (asMember || result === 'running') return
    const moves = actions.map(({ action }) =>
      action.kind === 'migrate' ? `${action.vm}>${init.hostOf(action.to).record.spec.name}` : action.kind,
    )
    books.trace(
      `decision ${host.record.spec.name} ${reason} ${result} ${code ?? '-'} ${members.length} ${moves.join(',')}`,
    )
    if (result === 'cured' && reason.startsWith('overload') && actions.length > 0) books.cured()
  }

  const carryOut = (effect: Effect): void => {
    switch (effect.kind) {
      case 'send':
        return init.send(effect.to, effect.message)
      case 'publish':
        return init.publish(effect.summary)
      case 'solve':
        return solve(effect)
      case 'perform':
        return perform(effect)
      case 'abort':
        return abort(effect)
      case 'inspect':
        return inspect(effect)
      case 'resume':
        return resume(effect)
      case 'sample':
        return sampler.now()
      case 'wake':
        wakeAt = effect.at
        return
      case 'report':
        return report(effect.decision)
      case 'warn':
        return books.trace(`warning ${host.record.spec.name} ${effect.code}`)
      // Written at once; nobody reads it: no agent of this world is restarted.
      case 'persist':
      // No operator asks.
      case 'reply':
        return
      default:
        return effect satisfies never
    }
  }

  // As the daemon begins; on the clock of its host that was some seconds ago.
  put(0, { kind: 'hypervisor', connected: true })
  put(0, { kind: 'described', description: describe(host) })
  put(0, { kind: 'observed', vms: observedOn(host) })
  put(0, { kind: 'jobs', outgoing: [], incoming: [] })
  const usable = { cpuMilli: host.capacityMilli, memoryMiB: host.capacityMiB }
  const sampler = createSampler({
    kernel,
    sampleMs: init.sampleMs,
    phase: randomly.fraction(),
    period: (seen) => samplePeriodMs(init.sampleMs, seen, usable),
    look: () => observedOn(host),
    tell: (vms) => feed({ kind: 'observed', vms }),
  })

  return {
    feed,
    changed: sampler.changed,
    get waits() {
      return wakeAt <= lastAt
    },
    close: () => hold(null),
  }
}
