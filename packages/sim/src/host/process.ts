/**
 * The process that an agent is, in virtual time. It has one thread. While that stands still (stopped, waiting for its disk,
 * collecting garbage) nothing reaches the agent: timers, messages, answers and commands wait, and come in order when it
 * goes on. What it was about to do in the middle of a step is done only then. After its end nothing passes in either
 * direction: a dead agent does nothing, whatever code of it is still held by a promise or a timer.
 */
import type { Clock } from '@drover/agent/runtime'
import type { HostClock } from '../time/host-clock.ts'

export interface ProcessInit {
  /** The world's. */
  readonly world: Clock
  /** What its own monotonic clock shows. */
  readonly shows: HostClock
  /** Drawn each time it goes on: do the timers that fell due come before what has arrived? Node does it either way. */
  readonly timersFirst: () => boolean
  /** It stands still from now on, or goes on. */
  readonly onStill: (still: boolean) => void
}

export interface Process {
  /** Its own: now, and timers that fire only while it runs. */
  readonly clock: Clock
  /** True = all passes at once, in both directions. */
  readonly free: boolean
  /** It waits in the middle of a step: no other sees yet what its core says of itself. */
  readonly inStep: boolean
  /** How long its thread still waits where it is, ms: what it does next happens then. */
  readonly lagMs: number
  /** World's ms in which it was not stopped. Its own work is counted by it. */
  readonly ranMs: number
  /** Something reaches it: now, or when it goes on. */
  enter(fn: () => void): void
  /** It does something to the world: now, or when it gets there. */
  leave(fn: () => void): void
  /** Its thread waits so long where it is, ms. Returns when that begins, as `ranMs`. */
  stall(ms: number): number
  /** As SIGSTOP, or as a host that gives it no time; for `ms`, or until `goOn`. `asleep`: its clock stands still, too. */
  stop(options?: { readonly ms?: number; readonly asleep?: boolean }): void
  /** As SIGCONT. */
  goOn(): void
  /** What its thread waits for, in the middle of a step, has come. */
  hurry(): void
  /** As SIGKILL. */
  end(): void
}

/** Null = cancelled, or it has happened. */
interface Held {
  fn: (() => void) | null
}

interface ProcessState {
  readonly init: ProcessInit
  phase: 'runs' | 'stopped' | 'ended'
  free: boolean
  /** While stopped: since when, until when, and whether its clock stands still. World's ms. */
  stoppedAt: number
  stoppedUntil: number
  asleep: boolean
  /** World's ms in which it was stopped, the present stop aside. */
  stoppedMs: number
  /** Its thread waits until then, as `ranMs`. */
  busyUntil: number
  timersFirst: boolean
  /** What it does when its thread gets there; `at` as `ranMs`. */
  readonly leaving: { readonly at: number; readonly fn: () => void }[]
  readonly timers: Held[]
  /** Each sets a timer that has not fired anew, by what the clock shows now. */
  readonly armed: Set<() => void>
  readonly arrived: Held[]
  /** Of the next turn, when one is due. */
  cancelTurn: (() => void) | null
}

/** What is due within this time is due now, ms: sums and differences of times are rounded. */
const roundingMs = 0.001

const ranMs = ({ init, phase, stoppedAt, stoppedMs }: ProcessState): number =>
  (phase === 'stopped' ? stoppedAt : init.world.now()) - stoppedMs

/** How long its thread still waits where it is, ms. */
const lagMs = (state: ProcessState): number => {
  if (state.free) return 0
  const ms = state.busyUntil - ranMs(state)
  return ms > roundingMs ? ms : 0
}

const standStill = (state: ProcessState): void => {
  if (!state.free) return
  state.free = false
  state.init.onStill(true)
}

const turnAfter = (state: ProcessState, ms: number): void => {
  state.cancelTurn?.()
  state.cancelTurn = state.init.world.after(ms, () => {
    state.cancelTurn = null
    turn(state)
  })
}

/** The next that waits outside and was not cancelled meanwhile. */
const nextHeld = ({ timers, arrived, timersFirst }: ProcessState): Held | undefined => {
  const [first, second] = timersFirst ? [timers, arrived] : [arrived, timers]
  for (;;) {
    const held = first.shift() ?? second.shift()
    if (held === undefined || held.fn !== null) return held
  }
}

const happen = (held: Held): void => {
  const { fn } = held
  held.fn = null
  fn?.()
}

/** One thing that was held back happens; the next in a turn of its own, so that promises settle in between. */
const turn = (state: ProcessState): void => {
  const { leaving } = state
  for (let first = leaving[0]; first !== undefined; first = leaving[0]) {
    if (state.phase !== 'runs') return
    const ms = first.at - ranMs(state)
    if (ms > roundingMs) return turnAfter(state, ms)
    leaving.shift()
    first.fn()
  }
  if (state.phase !== 'runs') return
  const lag = lagMs(state)
  if (lag > 0) return turnAfter(state, lag)
  const held = nextHeld(state)
  if (held === undefined) {
    state.free = true
    return state.init.onStill(false)
  }
  happen(held)
  if (state.phase === 'runs') turnAfter(state, 0)
}

const pass = (state: ProcessState, queue: Held[], held: Held): void => {
  if (state.phase === 'ended') return
  if (state.free) happen(held)
  else queue.push(held)
}

const leave = (state: ProcessState, fn: () => void): void => {
  const { phase, free, leaving } = state
  if (phase === 'ended') return
  const lag = lagMs(state)
  if (free || (phase === 'runs' && lag === 0 && leaving.length === 0)) return fn()
  leaving.push({ at: ranMs(state) + lag, fn })
}

const stall = (state: ProcessState, ms: number): number => {
  const begun = Math.max(state.busyUntil, ranMs(state))
  if (ms <= 0 || state.phase === 'ended') return begun
  standStill(state)
  state.busyUntil = begun + ms
  if (state.phase === 'runs' && state.cancelTurn === null) turnAfter(state, lagMs(state))
  return begun
}

const stop = (state: ProcessState, ms: number, asleep: boolean): void => {
  if (state.phase === 'ended') return
  const { world } = state.init
  const until = world.now() + ms
  if (state.phase === 'runs') {
    standStill(state)
    state.stoppedAt = world.now()
    state.stoppedUntil = until
    state.asleep = asleep
    state.phase = 'stopped'
    state.cancelTurn?.()
    state.cancelTurn = null
  }
  state.stoppedUntil = Math.max(state.stoppedUntil, until)
  if (ms < Number.POSITIVE_INFINITY)
    world.after(ms, () => {
      if (state.stoppedUntil === until) goOn(state)
    })
}

const goOn = (state: ProcessState): void => {
  if (state.phase !== 'stopped') return
  const { world, shows, timersFirst } = state.init
  const ms = world.now() - state.stoppedAt
  state.stoppedMs += ms
  state.phase = 'runs'
  if (state.asleep) shows.stoodStill(ms)
  state.timersFirst = timersFirst()
  turnAfter(state, 0)
}

const hurry = (state: ProcessState): void => {
  const lag = lagMs(state)
  if (state.phase === 'ended' || lag === 0) return
  // As if it had run all the time: all that waits is due. What it has read of its clock holds: that goes on from there.
  state.stoppedMs -= lag
  state.init.shows.skip(lag)
  for (const arm of state.armed) arm()
  if (state.phase === 'runs') turnAfter(state, 0)
}

const end = (state: ProcessState): void => {
  if (state.phase === 'ended') return
  state.phase = 'ended'
  state.cancelTurn?.()
  for (const queue of [state.leaving, state.timers, state.arrived]) queue.length = 0
  state.armed.clear()
  // It may never have come to its network: no other tells that of its end.
  if (!state.free) state.init.onStill(false)
}

const clockOf = (state: ProcessState): Clock => {
  const { world, shows } = state.init
  /** What its clock shows in this moment, wherever its thread is. */
  const shown = (): number =>
    shows.at(state.phase === 'stopped' && state.asleep ? state.stoppedAt : world.now())
  const now = (): number => (state.free ? shows.at(world.now()) : shown() + lagMs(state))
  return {
    now,
    after(ms, fn) {
      if (state.phase === 'ended') return () => {}
      const held: Held = { fn }
      const dueAt = now() + Math.max(0, ms)
      const fire = (): void => {
        // Its clock may have been slowed, or have stood still, since the timer was set.
        const early = dueAt - shown()
        if (early > 0) cancel = world.after(Math.max(shows.wait(early), roundingMs), fire)
        else {
          state.armed.delete(arm)
          pass(state, state.timers, held)
        }
      }
      let cancel = world.after(lagMs(state) + shows.wait(Math.max(0, ms)), fire)
      const arm = (): void => {
        cancel()
        cancel = world.after(Math.max(0, shows.wait(dueAt - shown())), fire)
      }
      state.armed.add(arm)
      return () => {
        held.fn = null
        state.armed.delete(arm)
        cancel()
      }
    },
  }
}

export const createProcess = (init: ProcessInit): Process => {
  const state: ProcessState = {
    init,
    phase: 'runs',
    free: true,
    stoppedAt: 0,
    stoppedUntil: 0,
    asleep: false,
    stoppedMs: 0,
    busyUntil: 0,
    timersFirst: true,
    leaving: [],
    timers: [],
    armed: new Set(),
    arrived: [],
    cancelTurn: null,
  }
  return {
    clock: clockOf(state),
    get free() {
      return state.free && state.phase === 'runs'
    },
    get inStep() {
      return lagMs(state) > 0
    },
    get lagMs() {
      return lagMs(state)
    },
    get ranMs() {
      return ranMs(state)
    },
    enter: (fn) => pass(state, state.arrived, { fn }),
    leave: (fn) => leave(state, fn),
    stall: (ms) => stall(state, ms),
    stop: ({ ms = Number.POSITIVE_INFINITY, asleep = false } = {}) => stop(state, ms, asleep),
    goOn: () => goOn(state),
    hurry: () => hurry(state),
    end: () => end(state),
  }
}
