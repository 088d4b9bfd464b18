/**
 * Virtual time: a queue of events keyed (time, sequence), one after another, with nothing of the real world in it. Two
 * events of one instant happen in the order in which they were asked for, so the same inputs give the same run.
 */
import type { Clock } from './clock.ts'
import { pop, push, sweep, type Timer } from './timer-heap.ts'

/** Events that come in order of time by themselves: too many of them to keep in the queue. */
export interface Feed {
  /** When its next thing happens, ms; infinity = nothing more. Never goes back. */
  readonly nextMs: number
  /** Lets it happen: called when its time has come, and before any timer of the same instant. */
  happen(): void
}

export interface Kernel extends Clock {
  /** Calls `fn` at that time, ms, or now when it has passed: to the last bit, which the sum of a difference need not be. */
  at(atMs: number, fn: () => void): () => void
  /** Takes its events too, from now on. RangeError when there is a feed already. */
  feed(feed: Feed): void
  /** Runs, in order, everything due until then (ms, included), and lets the time be `untilMs`. */
  run(untilMs: number): void
  /** Runs the earliest event not after `untilMs`; false when there is none, and time stays what it is. */
  step(untilMs: number): boolean
  /** Sets the time to `ms` unless it is later already. Nothing runs. */
  pass(ms: number): void
  /** When the next event happens, ms; infinity = never. */
  readonly nextMs: number
  /** Events that wait; cancelled ones no longer count. */
  readonly pending: number
  /** Events that have happened. */
  readonly events: number
}

/** Cancelled timers are removed when there are at least so many, and they are half of the queue. */
const cancelledMax = 1024

export const createKernel = (): Kernel => {
  const heap: Timer[] = []
  let now = 0
  let sequence = 0
  let events = 0
  /** Timers in the heap that were cancelled. */
  let cancelled = 0
  let fed: Feed | null = null

  /** The earliest timer that is not cancelled; those before it are removed. */
  const first = (): Timer | undefined => {
    while (heap.length > 0 && heap[0]!.fn === null) {
      pop(heap)
      cancelled--
    }
    return heap[0]
  }

  const step = (untilMs: number): boolean => {
    const timer = first()
    const timerMs = timer?.at ?? Number.POSITIVE_INFINITY
    if (fed !== null && fed.nextMs <= untilMs && fed.nextMs <= timerMs) {
      now = Math.max(now, fed.nextMs)
      events++
      fed.happen()
      return true
    }
    if (timer === undefined || timerMs > untilMs) return false
    pop(heap)
    const fn = timer.fn!
    timer.fn = null
    now = Math.max(now, timerMs)
    events++
    fn()
    return true
  }

  const pass = (ms: number): void => {
    now = Math.max(now, ms)
  }

  const at = (atMs: number, fn: () => void): (() => void) => {
    const timer: Timer = { at: Math.max(now, atMs), sequence: sequence++, fn }
    push(heap, timer)
    return () => {
      if (timer.fn === null) return
      timer.fn = null
      cancelled++
      // Timers are cancelled far more often than they fire.
      if (cancelled < cancelledMax || cancelled * 2 < heap.length) return
      sweep(heap)
      cancelled = 0
    }
  }

  return {
    feed(feed) {
      if (fed !== null) throw new RangeError('one feed is enough')
      fed = feed
    },
    now: () => now,
    after: (ms, fn) => at(now + Math.max(0, ms), fn),
    at,
    step,
    pass,
    run(untilMs) {
      while (step(untilMs)) {}
      pass(untilMs)
    },
    get nextMs() {
      return Math.min(fed?.nextMs ?? Number.POSITIVE_INFINITY, first()?.at ?? Number.POSITIVE_INFINITY)
    },
    get pending() {
      return heap.length - cancelled
    },
    get events() {
      return events
    },
  }
}
