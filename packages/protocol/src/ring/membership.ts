/**
 * The others, as this host knows them: the view built from summaries, the failure detector, and what it says of itself.
 */

import type { Candidate, MemberRequirements } from '../data/candidate.ts'
import { limits } from '../data/config.ts'
import type { HostId, Instant } from '../data/ids.ts'
import type { StartCount } from '../data/io.ts'
import type { ProbeMessage } from '../data/message.ts'
import type { AnyCode } from '../data/reasons.ts'
import type { LoadSummary } from '../data/summary.ts'
import type { MemberView } from '../data/view.ts'
import { earliest, type StepContext } from '../step-context.ts'
import { createAnnouncer, type Facts } from './announce.ts'
import { createHelpers } from './helpers.ts'
import { createProber } from './probe.ts'
import { nothing, type Step } from './probe-state.ts'
import { createRingView } from './ring-view.ts'
import { createStartCounts } from './start-counts.ts'

export interface MembershipHooks {
  dead(host: HostId): void
  /** A host speaks with a newer incarnation than before: what its past self did is over (S7). */
  restarted(host: HostId, incarnation: number): void
  /** By which start counts others were known when this agent last ended. */
  readonly met: readonly StartCount[]
  /** Another host has said that it hears this one. */
  isHeard(): boolean
  /** What a host must be like for this one to ask it for help. */
  requirements(): Pick<MemberRequirements, 'intent' | 'own'>
  /** A host can help now, and could not when this one last tried. */
  news(): void
}

/** What a summary is to this host. `known`: it says what is known already, or is older; nothing follows from it. */
export type Hearing = 'changed' | 'known'

export interface Membership {
  heard(summary: LoadSummary): Hearing
  /** False: the message is from an earlier life of its sender, and must be dropped; the sender is told so. */
  hello(from: HostId, incarnation: number): boolean
  probed(from: HostId, message: ProbeMessage): void
  /** Any other message is a sign of life too. */
  alive(from: HostId, incarnation: number): void
  disconnected(host: HostId): void
  /** That host was asked to join a partition, and may not, for this reason. */
  declined(host: HostId, code: AnyCode): void
  /** A partition of this host has ended: what could help then is no news later. */
  tried(): void
  /** The migration URI that a host's own summary says; null = no summary of it is known. */
  announced(host: HostId): string | null
  /** Its own, as far as one was heard. */
  summary(host: HostId): LoadSummary | null
  /** All other known hosts, nearest first. */
  candidates(): readonly Candidate[]
  /** Tells the others about us, if it is time or `hasty`. Null = nothing to tell yet. */
  announce(facts: Facts | null, hasty: boolean): void
  tick(): void
  nextAt(): Instant | null
  view(now: Instant): readonly MemberView[]
}

export const createMembership = (context: StepContext, hooks: MembershipHooks): Membership => {
  const { self } = context
  const ring = createRingView(self)
  const prober = createProber(context)
  const announcer = createAnnouncer()
  const starts = createStartCounts(context, hooks.met, hooks.restarted, hooks.isHeard)
  const helpers = createHelpers(ring.get, hooks.requirements, hooks.news)
  let suspected = false
  let forgetAt: Instant = 0

  const follow = (step: Step): void => {
    for (const { to, message } of step.send) context.emit({ kind: 'send', to, message })
    for (const { host, state } of step.changed) {
      ring.mark(host, state)
      if (state === 'dead') hooks.dead(host)
      helpers.look(host)
    }
    if (step.publish) suspected = true
  }

  return {
    heard(summary) {
      if (!starts.accepts(summary.host, summary.incarnation, false)) return 'known'
      const heard = ring.hear(summary, context.now())
      if (heard === null) return 'known'
      if (summary.host === self) return 'changed'
      const step = prober.onHeard(context.now(), summary.host, summary.incarnation)
      follow(step)
      const news = helpers.look(summary.host)
      return heard === 'refreshed' && step === nothing && !news ? 'known' : 'changed'
    },

    hello: (from, incarnation) => starts.accepts(from, incarnation, true),

    probed: (from, message) => follow(prober.onMessage(context.now(), from, message)),
    alive: (from, incarnation) => follow(prober.onHeard(context.now(), from, incarnation)),
    disconnected: (host) => follow(prober.onDisconnected(context.now(), host)),

    declined: helpers.declined,
    tried: helpers.tried,

    summary: (host) => ring.get(host)?.summary ?? null,

    announced: (host) => ring.get(host)?.summary.migrationUri ?? null,

    candidates: () =>
      ring.around(self).map((host) => {
        const { summary, state, stale } = ring.get(host)!
        return { summary, state, stale }
      }),

    announce(facts, hasty) {
      if (facts === null) return
      const summary = announcer.due(
        context.now(),
        facts,
        context.policy.gossipMs,
        hasty ? 'now' : suspected ? 'soon' : 'none',
      )
      if (summary === null) return
      suspected = false
      ring.hear(summary, context.now())
      context.emit({ kind: 'publish', summary })
    },

    tick() {
      const now = context.now()
      const probeAt = prober.nextAt()
      if (probeAt === null || probeAt <= now)
        follow(prober.tick(now, ring.neighbours(self, limits.neighboursPerSide), ring.around(self)))
      if (forgetAt > now) return
      for (const gone of ring.forget(now, context.policy.gossipMs)) prober.forget(gone)
      helpers.lookAgain()
      forgetAt = now + context.policy.gossipMs
    },

    nextAt: () => earliest([prober.nextAt(), announcer.nextAt(), forgetAt]),

    view(now) {
      const near = new Set(ring.neighbours(self, limits.neighboursPerSide))
      return ring.members().map((one, position) => ({
        summary: one.summary,
        state: one.summary.host === self ? 'self' : one.state,
        ageMs: Math.max(0, now - one.heardAt),
        position,
        neighbour: near.has(one.summary.host),
      }))
    },
  }
}
