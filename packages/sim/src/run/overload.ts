/** When each host was overloaded, exactly: it is told of every change, and looks at nothing in between. */

/** One overload that is over; ms. */
export interface OverloadSpan {
  readonly host: number
  readonly fromMs: number
  readonly toMs: number
}

export interface OverloadMeter {
  /** What host `host` (its place) is from now on. */
  set(host: number, overloaded: boolean, nowMs: number): void
  /** Every overload until `nowMs` in the order in which they ended, then those still open, by host. */
  spans(nowMs: number): readonly OverloadSpan[]
}

export const createOverloadMeter = (hosts: number): OverloadMeter => {
  /** Since when; −1 = is not overloaded. */
  const since = new Float64Array(hosts).fill(-1)
  const ended: OverloadSpan[] = []
  return {
    set(host, overloaded, nowMs) {
      const fromMs = since[host]!
      if (overloaded === fromMs >= 0) return
      since[host] = overloaded ? nowMs : -1
      // What came and went within one instant was nothing.
      if (!overloaded && nowMs > fromMs) ended.push({ host, fromMs, toMs: nowMs })
    },
    spans(nowMs) {
      const open: OverloadSpan[] = []
      for (const [host, fromMs] of since.entries())
        if (fromMs >= 0 && nowMs > fromMs) open.push({ host, fromMs, toMs: nowMs })
      return [...ended, ...open]
    },
  }
}
