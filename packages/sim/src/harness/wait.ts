/** Waiting for something to become true, with an end. */

export class WaitError extends Error {
  constructor(what: string, timeoutMs: number, state: string) {
    super(`waited ${timeoutMs} ms for ${what}${state === '' ? '' : `\n${state}`}`)
    this.name = 'WaitError'
  }
}

const pollMsDefault = 20

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, ms))

/** Resolves as soon as `condition` holds (real time); throws WaitError with `state()` when it does not in time. */
export const waitUntil = async (
  condition: () => boolean,
  timeoutMs: number,
  what = String(condition),
  state: () => string = () => '',
  pollMs = pollMsDefault,
): Promise<void> => {
  const end = performance.now() + timeoutMs
  while (!condition()) {
    if (performance.now() >= end) throw new WaitError(what, timeoutMs, state())
    await sleep(pollMs)
  }
}

/** Resolves when this process's event loop was busy less than `busyPermille` for 100 ms, or after `timeoutMs`. */
export const calm = async (busyPermille: number, timeoutMs: number): Promise<void> => {
  const end = performance.now() + timeoutMs
  for (;;) {
    const before = performance.eventLoopUtilization()
    await sleep(100)
    const { utilization } = performance.eventLoopUtilization(before)
    if (utilization * 1_000 < busyPermille || performance.now() >= end) return
  }
}
