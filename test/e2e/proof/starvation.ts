/**
 * How much of the time the machine let the run have. Linux counts how long a thread was ready and waited for a CPU. Time in which
 * the runner or an agent waited so does not count against a bound: a bound of ten seconds is met after twenty when half of the
 * time went to other work on the machine.
 */
import { readFileSync } from 'node:fs'
import { monitorEventLoopDelay } from 'node:perf_hooks'

/** Of the main thread of a process since its start; null = it is gone, or this Linux does not count. */
const timesOf = (pid: number): { readonly ranMs: number; readonly waitedMs: number } | null => {
  try {
    const [ran, waited] = readFileSync(`/proc/${pid}/task/${pid}/schedstat`, 'utf8').split(' ')
    return { ranMs: Number(ran) / 1e6, waitedMs: Number(waited) / 1e6 }
  } catch {
    return null
  }
}

/** CPU time of the main thread of a process, ms; 0 when it is gone. */
export const ranMs = (pid: number | null): number => (pid === null ? 0 : (timesOf(pid)?.ranMs ?? 0))

export interface Starvation {
  /** Time that counts, ms since the beginning. */
  readonly countedMs: number
  /** Looks again; called a few times a second. */
  look(): void
  /** For people: what the machine withheld since this was last asked. */
  words(): string
  /** Longest delay of the runner's own event loop so far, ms. */
  readonly loopDelayMsMax: number
}

/** `pids`: of the agents that live and are not stopped. */
export const createStarvation = (pids: () => readonly number[]): Starvation => {
  const loop = monitorEventLoopDelay({ resolution: 20 })
  loop.enable()
  let before = new Map<number, number>()
  let lookedAt = performance.now()
  let countedMs = 0
  let asked = { countedMs, at: lookedAt }
  return {
    get countedMs() {
      return countedMs
    },
    look() {
      const now = performance.now()
      const passedMs = now - lookedAt
      if (passedMs <= 0) return
      const current = new Map<number, number>()
      let worstMs = 0
      for (const pid of [process.pid, ...pids()]) {
        const waited = timesOf(pid)?.waitedMs ?? null
        if (waited === null) continue
        current.set(pid, waited)
        worstMs = Math.max(worstMs, waited - (before.get(pid) ?? waited))
      }
      before = current
      lookedAt = now
      countedMs += Math.max(0, passedMs - worstMs)
    },
    words() {
      const now = performance.now()
      const share = 1 - (countedMs - asked.countedMs) / Math.max(1, now - asked.at)
      asked = { countedMs, at: now }
      return `starved ${Math.round(Math.max(0, share) * 100)} %`
    },
    get loopDelayMsMax() {
      return Math.round(loop.max / 1e6)
    },
  }
}
