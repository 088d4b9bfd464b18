/**
 * Whose time the world runs in. The simulated hypervisors never read a clock of their own, so that the same world
 * runs in real time under real agents, and in virtual time under tests and the discrete-event simulator.
 */
import { createKernel } from './kernel.ts'

export interface Clock {
  /** Milliseconds since the clock began; never goes back. */
  now(): number
  /** Calls `fn` once, `ms` (≥ 0) from now; returns what cancels it. */
  after(ms: number, fn: () => void): () => void
}

export interface RealClock extends Clock {
  /** Cancels all that is pending; nothing is called any more. */
  stop(): void
}

/** Real time; with `speed` 10 a simulated second takes 100 ms. */
export const realClock = ({ speed = 1 }: { readonly speed?: number } = {}): RealClock => {
  const origin = performance.now()
  const pending = new Set<NodeJS.Timeout>()
  let stopped = false
  return {
    now: () => (performance.now() - origin) * speed,
    after(ms, fn) {
      if (stopped) return () => {}
      const timer = setTimeout(() => {
        pending.delete(timer)
        fn()
      }, Math.max(0, ms) / speed)
      pending.add(timer)
      return () => {
        pending.delete(timer)
        clearTimeout(timer)
      }
    },
    stop() {
      stopped = true
      for (const timer of pending) clearTimeout(timer)
      pending.clear()
    },
  }
}

export interface ManualClock extends Clock {
  /**
   * Lets `ms` pass: runs what falls due, in order of time and then of asking, and between any two lets the promises
   * settle that the earlier one fulfilled.
   */
  advance(ms: number): Promise<void>
  /** When the next call falls due, ms; infinity = never. */
  readonly nextMs: number
  /** How many calls are pending: a test may assert that nothing leaks. */
  readonly pending: number
}

/** After so many events Node's own loop takes a turn: a turn costs more than most events. */
const eventsPerTurn = 256

/** Time that stands still until a test lets it pass. */
export const manualClock = (): ManualClock => {
  const kernel = createKernel()
  return {
    now: kernel.now,
    after: kernel.after,
    advance(ms) {
      const until = kernel.now() + ms
      return new Promise((resolve, reject) => {
        // All promises that can settle without time passing have settled before a tick that a promise's job asked for. No promise
        // of our own per event, because Node's test runner keeps account of each.
        const afterPromises = (): void => process.nextTick(next)
        let sinceTurn = 0
        const next = (): void => {
          try {
            if (!kernel.step(until)) {
              kernel.pass(until)
              return void setImmediate(resolve)
            }
          } catch (error) {
            return reject(error)
          }
          sinceTurn += 1
          if (sinceTurn < eventsPerTurn) return queueMicrotask(afterPromises)
          // The real world has its turn, too: signals, and unhandled rejections.
          sinceTurn = 0
          setImmediate(next)
        }
        setImmediate(next)
      })
    },
    get nextMs() {
      return kernel.nextMs
    },
    get pending() {
      return kernel.pending
    },
  }
}
