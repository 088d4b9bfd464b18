/** What the failure detector of one host keeps, how time passes in it, and what one call of it gathers. */
import { limits } from '../data/config.ts'
import type { HostId, Instant } from '../data/ids.ts'
import type { ProbeMessage } from '../data/message.ts'
import { createRelays } from './relays.ts'
import { checkProbing, checkVerdict } from './ring-invariants.ts'
import type { Liveness } from './ring-view.ts'
import { createVerdicts } from './verdicts.ts'

export interface Step {
  readonly send: readonly { readonly to: HostId; readonly message: ProbeMessage }[]
  /** Verdicts that changed, in the order in which they did. */
  readonly changed: readonly { readonly host: HostId; readonly state: Liveness }[]
  /** Another host suspects this one: publish a summary with a higher sequence at once. */
  readonly publish: boolean
}

/** What most calls come to. */
export const nothing: Step = Object.freeze({ send: [], changed: [], publish: false })

export interface Probe {
  readonly sequence: number
  /** Null once the helpers were asked. */
  readonly indirectAt: Instant | null
  readonly endsAt: Instant
}

export interface Speaker {
  readonly self: HostId
  readonly incarnation: number
}

export interface ProbeState {
  readonly self: HostId
  readonly speaker: Speaker
  readonly verdicts: ReturnType<typeof createVerdicts>
  readonly relays: ReturnType<typeof createRelays>
  /** The open ones, by target. */
  readonly probes: Map<HostId, Probe>
  /** As the last `tick` gave them. */
  neighbours: readonly HostId[]
  others: readonly HostId[]
  /** Both. */
  listed: ReadonlySet<HostId>
  /** The last number that a ping of ours had. */
  sequence: number
  /** How much may be our own fault: 0 to `limits.slownessMax`. */
  score: number
  periods: number
  /** When the next period begins; null before the first `tick`. */
  periodAt: Instant | null
  lastNow: Instant | null
  /** When `tick` was wanted, as the last call left it. */
  promisedAt: Instant | null
  /** When this host last defended itself. */
  refutedAt: Instant | null
  /** The hosts that were probed last, in turn. */
  lastNeighbour: HostId | null
  lastOther: HostId | null
  /** What the call under way gathers. */
  sends: { to: HostId; message: ProbeMessage }[]
  changes: { host: HostId; state: Liveness }[]
  publish: boolean
}

export const createProbeState = (speaker: Speaker): ProbeState => ({
  self: speaker.self,
  speaker,
  verdicts: createVerdicts(),
  relays: createRelays(),
  probes: new Map(),
  neighbours: [],
  others: [],
  listed: new Set(),
  sequence: 0,
  score: 0,
  periods: 0,
  periodAt: null,
  lastNow: null,
  promisedAt: null,
  refutedAt: null,
  lastNeighbour: null,
  lastOther: null,
  sends: [],
  changes: [],
  publish: false,
})

/** A message before it says which life of this host speaks. */
type Draft = ProbeMessage extends infer M ? (M extends ProbeMessage ? Omit<M, 'incarnation'> : never) : never

export const send = (state: ProbeState, to: HostId, draft: Draft): void => {
  state.sends.push({ to, message: { ...draft, incarnation: state.speaker.incarnation } as ProbeMessage })
}

/** `before`: as it was held until now. */
export const changed = (state: ProbeState, host: HostId, before: Liveness, next: Liveness): void => {
  checkVerdict(state.self, host, before, next)
  state.changes.push({ host, state: next })
}

/** The end of a call. */
export const flush = (state: ProbeState, now: Instant): Step => {
  const next = nextProbeAt(state)
  state.promisedAt = next === null ? null : Math.max(now, next)
  checkProbing(state.self, state, now)
  const { sends, changes, publish } = state
  if (sends.length === 0 && changes.length === 0 && !publish) return nothing
  state.sends = []
  state.changes = []
  state.publish = false
  return { send: sends, changed: changes, publish }
}

export const isListed = ({ listed }: ProbeState, host: HostId): boolean => listed.has(host)

/** A slow host gives the others more time. */
export const stretched = ({ score }: ProbeState, ms: number): number => ms * (1 + score)

export const blameSelf = (state: ProbeState): void => {
  state.score = Math.min(limits.slownessMax, state.score + 1)
}

export const nextProbeAt = ({ periodAt, verdicts, score, probes }: ProbeState): Instant | null => {
  if (periodAt === null) return null
  let at = Math.min(periodAt, verdicts.condemnAt(score) ?? periodAt)
  for (const probe of probes.values()) at = Math.min(at, probe.indirectAt ?? probe.endsAt)
  return at
}

/** Moves all deadlines: time that we slept through is not the others' silence. */
const shift = (state: ProbeState, byMs: number): void => {
  if (state.periodAt !== null) state.periodAt += byMs
  for (const [host, p] of state.probes)
    state.probes.set(host, {
      ...p,
      indirectAt: p.indirectAt === null ? null : p.indirectAt + byMs,
      endsAt: p.endsAt + byMs,
    })
  state.verdicts.shift(byMs)
}

/** Every call begins here: notices a clock set back, and a late wake (a pause of this process or host). */
export const wakeUp = (state: ProbeState, now: Instant): void => {
  const { lastNow } = state
  if (lastNow !== null && now < lastNow) {
    shift(state, now - lastNow)
    state.promisedAt = null
    state.refutedAt = null
  }
  state.lastNow = now
  const { promisedAt } = state
  if (promisedAt === null || now - promisedAt <= limits.probeTimeoutMs) return
  blameSelf(state)
  shift(state, now - promisedAt + stretched(state, limits.probeTimeoutMs))
}
