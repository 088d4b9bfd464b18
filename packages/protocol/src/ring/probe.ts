/**
 * Which of my ring neighbours are alive? SWIM's failure detector (Das, Gupta, Motivala, DSN 2002, §3–4) with
 * Lifeguard's corrections (Dadgar, Phillips, Currey, DSN-W 2018, §IV):
 *
 *     each period:  ping ──time-out──▶ ping again, and ping-req through 3 others ──end of period──▶ suspect
 *     suspect:      told so, and probed again each period; any sign of life ──▶ alive; time over ──▶ dead
 *     dead:         probed now and then with the distant hosts; any sign of life ──▶ alive
 *
 * - *Self-doubt.* A score counts what may be our own fault: probes that failed, late wakes, being suspected. It
 *   stretches all time-outs, so that a slow host doubts itself before it doubts the others.
 * - *Sleep does not count.* After a late wake every deadline moves by as much, plus one time-out to read the mail.
 *
 * A sign of life is any message from the host itself (`onMessage`), a newer summary (`onHeard`), or a helper's `ack` for a probe
 * of ours. A verdict costs or saves time only: nothing is ever done to a VM because a host is called dead.
 *
 * Deterministic: targets are taken round-robin in the order of their ids. Bounded: see the constants.
 */
import type { HostId, Instant } from '../data/ids.ts'
import type { ProbeMessage } from '../data/message.ts'
import { beginPeriod, condemn, lookAtProbes, probe } from './probe-rounds.ts'
import { alive, onProbeMessage } from './probe-signs.ts'
import {
  createProbeState,
  flush,
  isListed,
  nextProbeAt,
  type ProbeState,
  type Speaker,
  type Step,
  wakeUp,
} from './probe-state.ts'
import type { Liveness } from './ring-view.ts'

export interface Prober {
  /**
   * Call at (or soon after) `nextAt`, or whenever the lists changed. `neighbours`: probed in turn, one each period.
   * `others`: all other hosts worth knowing of, dead hosts included; one every `limits.probeOthersEvery` periods.
   */
  tick(now: Instant, neighbours: readonly HostId[], others: readonly HostId[]): Step
  onMessage(now: Instant, from: HostId, message: ProbeMessage): Step
  /** The transport lost its connection: a reason to probe, not a verdict. */
  onDisconnected(now: Instant, host: HostId): Step
  /** A *newer* summary (or any other message) of this host arrived. A repeated one is no sign of life. */
  onHeard(now: Instant, host: HostId, incarnation?: number): Step
  /** The view dropped this host: so does the prober. */
  forget(host: HostId): void
  /** 'alive' for a host of which nothing bad is known. */
  stateOf(host: HostId): Liveness
  /** When `tick` is wanted next; null before the first one. */
  nextAt(): Instant | null
  /** 0 = healthy … `limits.slownessMax` = every time-out ninefold. For metrics. */
  score(): number
}

/** `speaker`: this host, with the start count that it speaks with now. */
export const createProber = (speaker: Speaker): Prober => {
  const state = createProbeState(speaker)
  const { verdicts, probes } = state
  return {
    tick(now, neighbours, others) {
      tick(state, now, neighbours, others)
      return flush(state, now)
    },
    onMessage(now, from, message) {
      wakeUp(state, now)
      if (from !== state.self && message.incarnation >= verdicts.incarnationOf(from))
        onProbeMessage(state, now, from, message)
      return flush(state, now)
    },
    onDisconnected(now, host) {
      wakeUp(state, now)
      if (isListed(state, host) && verdicts.stateOf(host) !== 'dead') probe(state, now, host)
      return flush(state, now)
    },
    onHeard(now, host, incarnation = 0) {
      wakeUp(state, now)
      if (incarnation === 0 || incarnation >= verdicts.incarnationOf(host)) alive(state, host, incarnation)
      return flush(state, now)
    },
    forget(host) {
      verdicts.forget(host)
      probes.delete(host)
    },
    stateOf: verdicts.stateOf,
    nextAt: () => nextProbeAt(state),
    score: () => state.score,
  }
}

const tick = (
  state: ProbeState,
  now: Instant,
  neighbours: readonly HostId[],
  others: readonly HostId[],
): void => {
  const { self } = state
  state.neighbours = neighbours.filter((host) => host !== self)
  state.others = others.filter((host) => host !== self && !neighbours.includes(host))
  state.listed = new Set([...state.neighbours, ...state.others])
  state.periodAt ??= now
  wakeUp(state, now)
  lookAtProbes(state, now)
  condemn(state, now)
  if (now < state.periodAt) return
  state.verdicts.prune((host) => isListed(state, host))
  beginPeriod(state, now)
}
