/** One timer for many moments: it rings at the earliest one that it was set to. */

export interface Alarm {
  /** A moment as `performance.now()` counts. Ignored when the alarm rings sooner anyway, or the moment is infinite. */
  setTo(at: number): void
  /** Forgets what it was set to. */
  clear(): void
}

/** `ring` may set it again. An alarm keeps no process alive. */
export const createAlarm = (ring: () => void): Alarm => {
  let timer: NodeJS.Timeout | null = null
  let timerAt = Number.POSITIVE_INFINITY

  const clear = (): void => {
    if (timer !== null) clearTimeout(timer)
    timer = null
    timerAt = Number.POSITIVE_INFINITY
  }

  return {
    setTo(at) {
      if (timerAt <= at) return
      clear()
      timerAt = at
      const onTimer = (): void => {
        clear()
        ring()
      }
      timer = setTimeout(onTimer, Math.max(1, at - performance.now())).unref()
    },
    clear,
  }
}
