/**
 * Virtual time: a queue of events keyed (time, sequence), one after another, with nothing of the real world in it. Two
 * events of one instant happen in the order in which they were asked for, so the same inputs give the same run.
 */
import type { Clock } from '../clock.ts'

export interface Kernel extends Clock {
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

  const step = (untilMs: number): boolean => {
    for (let next = heap[0]; next !== undefined && next.at <= untilMs; next = heap[0]) {
      pop()
      const { fn } = next
      if (fn === null) {
        cancelled--
        continue
      }
      next.fn = null
      now = next.at
      events++
      fn()
      return true
    }
    return false
  }

  const pass = (ms: number): void => {
    now = Math.max(now, ms)
  }

  return {
    now: () => now,
    after(ms, fn) {
      const entry: Entry = { at: now + Math.max(0, ms), sequence: sequence++, fn }
      push(entry)
      return () => {
        if (entry.fn === null) return
        entry.fn = null
        cancelled++
        sweep()
      }
    },
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
