/**
 * Virtual time: a queue of events keyed (time, sequence), one after another, with nothing of the real world in it. Two
 * events of one instant happen in the order in which they were asked for, so the same inputs give the same run.
 */
import type { Clock } from './clock.ts'

/** What happens by itself, one thing after another, too much of it to wait in the queue. */
export interface Feed {
  /** When its next thing happens, ms; infinity = nothing more. Never goes back. */
  readonly nextMs: number
  /** Lets it happen: called when its time has come, and before any timer of the same instant. */
  happen(): void
}

export interface Kernel extends Clock {
  /** Calls `fn` at that time, ms, or now when it has passed: to the last bit, which the sum of a difference need not be. */
  at(atMs: number, fn: () => void): () => void
  /** From now on this happens too. One feed; RangeError when there is one already. */
  feed(feed: Feed): void
  /** Runs, in order, everything due until then (ms, included), and lets the time be `untilMs`. */
  run(untilMs: number): void
  /** Runs the earliest event not after `untilMs`; false when there is none, and time stays what it is. */
  step(untilMs: number): boolean
  /** No time passes any more without something happening: lets the time be `ms` when it is later. */
  pass(ms: number): void
  /** Events that wait; cancelled ones no longer count. */
  readonly pending: number
  /** Events that have happened. */
  readonly events: number
}

interface Entry {
  readonly at: number
  readonly sequence: number
  fn: (() => void) | null
}

const before = (a: Entry, b: Entry): boolean => a.at < b.at || (a.at === b.at && a.sequence < b.sequence)

export const createKernel = (): Kernel => {
  /** A binary heap, the next one first. */
  const heap: Entry[] = []
  let now = 0
  let sequence = 0
  let events = 0
  let cancelled = 0
  let fed: Feed | null = null

  const push = (entry: Entry): void => {
    let i = heap.length
    heap.push(entry)
    while (i > 0) {
      const parent = (i - 1) >> 1
      if (!before(entry, heap[parent]!)) break
      heap[i] = heap[parent]!
      i = parent
    }
    heap[i] = entry
  }

  const sink = (from: number, entry: Entry): void => {
    let i = from
    for (let child = 2 * i + 1; child < heap.length; child = 2 * i + 1) {
      if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child++
      if (!before(heap[child]!, entry)) break
      heap[i] = heap[child]!
      i = child
    }
    heap[i] = entry
  }

  const pop = (): void => {
    const last = heap.pop()!
    if (heap.length > 0) sink(0, last)
  }

  /** Timers are cancelled far more often than they fire: now and then the heap is made anew without the dead. */
  const sweep = (): void => {
    if (cancelled < 1024 || cancelled * 2 < heap.length) return
    const living = heap.filter((entry) => entry.fn !== null)
    heap.length = 0
    for (const entry of living) heap.push(entry)
    for (let i = (heap.length >> 1) - 1; i >= 0; i--) sink(i, heap[i]!)
    cancelled = 0
  }

  /** The earliest timer that lives; the dead before it are gone. */
  const first = (): Entry | undefined => {
    while (heap.length > 0 && heap[0]!.fn === null) {
      pop()
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
    pop()
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
    const entry: Entry = { at: Math.max(now, atMs), sequence: sequence++, fn }
    push(entry)
    return () => {
      if (entry.fn === null) return
      entry.fn = null
      cancelled++
      sweep()
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
    get pending() {
      return heap.length - cancelled
    },
    get events() {
      return events
    },
  }
}
