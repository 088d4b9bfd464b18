/** The parts of a peer, and how they are wired: what each stage may ask of the others, as the hooks that it is given. */
import { assert } from '@drover/placement'
import type { MigrationAbility } from '../data/candidate.ts'
import { limits } from '../data/config.ts'
import type { Decision } from '../data/decision.ts'
import type { ForecastSummary } from '../data/forecast-summary.ts'
import type { PeerInit } from '../data/io.ts'
import type { Need } from '../data/need.ts'
import type { HostSnapshot } from '../data/snapshot.ts'
import { usableOf } from '../data/usable.ts'
import { type Commands, createCommands } from '../detect/commands.ts'
import { severityOf } from '../detect/load.ts'
import { createAnnouncedForecast, createOwnForecast, type OwnForecast } from '../detect/own-forecast.ts'
import { createHostActions, type HostActions } from '../host-actions.ts'
import { type BackOff, createBackOff } from '../partition/back-off.ts'
import { fewOf } from '../partition/its-record.ts'
import { createLeader, type Leader } from '../partition/leader.ts'
import { createMemberSide, type MemberSide } from '../partition/member.ts'
import type { Membership, MembershipHooks } from '../ring/membership.ts'
import { createHost, type HostState } from '../snapshot/host.ts'
import { takeSnapshot } from '../snapshot/take.ts'
import { createStepContext, type StepContext, type StepControl } from '../step-context.ts'
import { bondsOf } from './bonds.ts'
import { createLeave, type Leave } from './leave.ts'
import { createOwnLife, type OwnLife } from './own-life.ts'
import { createPeerState, type PeerState } from './peer-state.ts'
import { hindranceOf, isDemandKnown, troubleOf } from './troubles.ts'

/** How the others are known: by `ring/`, unless a world that models gossip as a whole knows better. */
export type MakeMembership = (context: StepContext, hooks: MembershipHooks) => Membership

export interface PeerParts {
  readonly init: PeerInit
  readonly context: StepControl
  readonly host: HostState
  readonly state: PeerState
  readonly commands: Commands
  readonly membership: Membership
  readonly actions: HostActions
  readonly member: MemberSide
  readonly leader: Leader
  readonly leave: Leave
  readonly life: OwnLife
  readonly backOff: BackOff
  /** The same for needs that are only foreseen: they must not put off a real one. */
  readonly forecastBackOff: BackOff
  /** What this host expects of itself; null = too little was seen yet, or the policy does not act early. */
  readonly ownForecast: () => OwnForecast | null
  /** What it says of that to the others. */
  readonly announcedForecast: () => ForecastSummary | null
}

const report = ({ context, state }: PeerParts, decision: Decision): void => {
  const others = state.decisions.filter((one) => one.id !== decision.id)
  assert(others.length >= state.decisions.length - 1, () => `decision ${decision.id} is on record once`)
  state.decisions = fewOf(decision, [decision, ...others]).slice(0, limits.decisionsMax)
  context.emit({ kind: 'report', decision })
}

/** A partition of this host has ended: its operator is told, or it is settled when the next one may be formed. */
const concluded = (parts: PeerParts, need: Need, decision: Decision): void => {
  const { context, host, state, commands, membership } = parts
  if (state.question !== null) {
    commands.answer(state.question, { kind: 'ok', text: decision.text, decision: decision.id })
    state.question = null
  } else if (need.kind === 'migrate') commands.ended(need)
  else if (need.kind === 'forecast') {
    state.noDestination = null
    parts.forecastBackOff.concluded(decision)
  } else {
    parts.backOff.concluded(decision)
    state.bonds = bondsOf(host, context.now(), need.kind, state.load.overloaded !== null)
  }
  membership.tried()
}

/** What was impossible when this host last tried may be possible now: a host can help, or a VM may leave, that could not. */
export const onNews = ({ backOff, forecastBackOff, state }: PeerParts): void => {
  state.bonds = null
  backOff.news()
  forecastBackOff.news()
}

/** This host for a leader, frozen; null while it is not known well enough. */
const snapshotOf = ({ context, host, state, actions, ownForecast }: PeerParts): HostSnapshot | null =>
  takeSnapshot(host, context.self, context.now(), actions.promisedIn(), {
    overloaded: state.load.overloaded !== null,
    foresees: ownForecast()?.doubt === null,
  })

/** No host grants a thousand leases a second, and a start is a second later than the one before: so epochs grow with every life (S6). */
const epochsBefore = (incarnation: number): number => incarnation * 1_000

export const createPeerParts = (init: PeerInit, makeMembership: MakeMembership): PeerParts => {
  const self = init.host
  const context = createStepContext(self, init.incarnation, init.seed, init.policy)
  const host = createHost(init.rules, init.restored.draining, init.managed)
  const state = createPeerState(init)
  const backOff = createBackOff(context)
  const forecastBackOff = createBackOff(context)
  const ownForecast = createOwnForecast(host, context.policy)
  const announcedForecast = createAnnouncedForecast(() => (isDemandKnown(parts) ? ownForecast() : null))

  const ability = (): MigrationAbility => host.description ?? { cpuBaseline: '', migrationUri: '' }

  const commands = createCommands(context, host, {
    mode: () => state.mode,
    setMode(mode) {
      state.mode = mode
      if (mode === 'observe') leader.callOff('operator.called_off', 'the mode was set to observe')
    },
    undrained: () => leader.callOffDrain('the drain was called off'),
    changed() {
      backOff.reset()
      forecastBackOff.reset()
    },
  })

  const membership = makeMembership(context, {
    dead(other) {
      leader.dead(other)
      actions.silent(other)
    },
    restarted(other, incarnation) {
      member.leaderRestarted(other, incarnation)
      leader.dead(other)
    },
    met: init.restored.met,
    isHeard: () => life.isHeard(),
    requirements: () => ({ intent: state.mode === 'auto' ? 'lease' : 'observe', own: ability() }),
    news: () => onNews(parts),
  })

  const actions = createHostActions(context, host, init.restored, {
    lease: () => member.lease,
    trouble: () => hindranceOf(parts),
    admitted: () => member.executing(),
    started: (action) => leader.started(action),
    announced: membership.announced,
    mayLack: () => life.mayLack(),
    isYoung: () => context.now() - (state.startedAt ?? context.now()) < context.policy.gossipMs,
    others: () =>
      membership.candidates().flatMap(({ summary, state: seen }) => (seen === 'dead' ? [] : [summary.host])),
  })

  const member = createMemberSide(context, Math.max(init.restored.epoch, epochsBefore(init.incarnation)), {
    unable(intent, from) {
      const code = intent === 'lease' ? hindranceOf(parts) : troubleOf(parts)
      if (code !== null || from === self) return code
      return host.draining ? 'host.draining' : null
    },
    busy: actions.busy,
    snapshot: () => snapshotOf(parts),
    severity(of) {
      const seen = membership.summary(of)
      return seen === null ? 0 : severityOf(seen.demand, usableOf(seen))
    },
    report: (decision) => report(parts, decision),
  })

  const leader = createLeader(context, {
    candidates: membership.candidates,
    own: ability,
    name: () => host.description?.name ?? self,
    mode: () => state.mode,
    report: (decision) => report(parts, decision),
    concluded: (need, decision) => concluded(parts, need, decision),
  })

  const leave = createLeave(context, actions, leader, commands)

  const life = createOwnLife(context, init, {
    hasOthers: () => membership.candidates().some(({ state: seen }) => seen !== 'dead'),
    begun(incarnation) {
      member.epochsAbove(epochsBefore(incarnation))
      // The others take this host for one that was restarted, and end what it led.
      if (leader.leading !== null)
        leader.end('journal.behind', 'this host goes on as a later start of itself')
    },
  })

  const stages = { commands, membership, actions, member, leader, leave, life }
  const forecast = { backOff, forecastBackOff, ownForecast, announcedForecast }
  const parts: PeerParts = { init, context, host, state, ...stages, ...forecast }
  return parts
}
