/** What something may cost. CPU time of the process, not the clock: a machine that is busy with other work makes no test fail. */
import assert from 'node:assert/strict'

export const cheap = async <T>(cpuMsMax: number, work: () => T | Promise<T>): Promise<T> => {
  const before = process.cpuUsage()
  try {
    return await work()
  } finally {
    const { user, system } = process.cpuUsage(before)
    const cpuMs = (user + system) / 1_000
    assert.ok(cpuMs < cpuMsMax, `it took ${cpuMs.toFixed()} ms of CPU, more than ${cpuMsMax}`)
  }
}
