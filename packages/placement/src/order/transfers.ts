/**
 * Virtual time for the planner: transfers in flight share the links of their two hosts equally; links are full duplex (a
 * host sends and receives at full rate at the same time). Integer arithmetic: the rest of a transfer is counted in
 * `grain`-ths of a millisecond of an unshared link.
 */

/** Divisible by 1…12, so that fair shares are exact for up to 12 transfers on a link. */
const grain = 27720

export interface Transfer {
  /** Index of the step it carries out. */
  readonly step: number
  /** Host indexes whose links it uses; −1 = none (storage, boot). */
  readonly from: number
  readonly to: number
  remaining: number
}

export interface Timeline {
  readonly nowMs: () => number
  readonly inFlight: () => number
  readonly out: (host: number) => number
  readonly into: (host: number) => number
  readonly start: (step: number, from: number, to: number, soloMs: number) => void
  /** Advances to the next end and returns the steps that ended, in step order; empty when nothing runs. */
  readonly next: () => readonly number[]
}

export const createTimeline = (hostCount: number): Timeline => {
  const out = new Int32Array(hostCount)
  const into = new Int32Array(hostCount)
  let running: Transfer[] = []
  let nowMs = 0

  const rate = (transfer: Transfer): number => {
    const sharedBy = Math.max(
      1,
      transfer.from < 0 ? 0 : out[transfer.from]!,
      transfer.to < 0 ? 0 : into[transfer.to]!,
    )
    return Math.max(1, Math.floor(grain / sharedBy))
  }

  return {
    nowMs: () => nowMs,
    inFlight: () => running.length,
    out: (host) => out[host]!,
    into: (host) => into[host]!,
    start: (step, from, to, soloMs) => {
      running.push({ step, from, to, remaining: soloMs * grain })
      if (from >= 0) out[from]!++
      if (to >= 0) into[to]!++
    },
    next: () => {
      if (running.length === 0) return []
      let waitMs = Number.POSITIVE_INFINITY
      for (const transfer of running)
        waitMs = Math.min(waitMs, Math.ceil(transfer.remaining / rate(transfer)))
      const ended: Transfer[] = []
      const left: Transfer[] = []
      const rates = running.map(rate)
      running.forEach((transfer, i) => {
        transfer.remaining -= waitMs * rates[i]!
        if (transfer.remaining <= 0) ended.push(transfer)
        else left.push(transfer)
      })
      running = left
      nowMs += waitMs
      for (const transfer of ended) {
        if (transfer.from >= 0) out[transfer.from]!--
        if (transfer.to >= 0) into[transfer.to]!--
      }
      return ended.map((transfer) => transfer.step).sort((a, b) => a - b)
    },
  }
}
