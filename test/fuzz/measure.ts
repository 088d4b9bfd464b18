/** What each input costs: CPU of this thread, and how much heap and buffers grew. */
import { getHeapStatistics } from 'node:v8'

export interface Cost {
  readonly ms: number
  /** Null: garbage was collected meanwhile. */
  readonly mib: number | null
}

/** The kernel counts the CPU of a thread in ticks; this is the longest, ms. */
const tickMs = 4

const cpuMs = (): number => {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1_000
}
const heldBytes = (): number => {
  const { used_heap_size: heap, external_memory: buffers } = getHeapStatistics()
  return heap + buffers
}

export const measured = async (what: () => unknown): Promise<Cost> => {
  const bytes = heldBytes()
  const ms = cpuMs()
  const at = performance.now()
  const result = what()
  if (result instanceof Promise) await result
  const passed = performance.now() - at
  // No thread computes for longer than time passes: an upper bound, also beside other work on the machine.
  const spent = Math.min(passed, cpuMs() - ms + tickMs)
  const grown = heldBytes() - bytes
  return { ms: spent, mib: grown < 0 ? null : grown / 2 ** 20 }
}

/** A distribution in buckets 4 % wide, so that ten million values take no memory. */
export class Spread {
  readonly #buckets = new Map<number, number>()
  #count = 0
  worst = 0

  add(value: number): void {
    const bucket = Math.round(Math.log(Math.max(value, 1e-6)) * 25)
    this.#buckets.set(bucket, (this.#buckets.get(bucket) ?? 0) + 1)
    this.#count++
    this.worst = Math.max(this.worst, value)
  }

  quantile(share: number): number {
    let left = share * this.#count
    for (const [bucket, count] of [...this.#buckets].sort(([a], [b]) => a - b)) {
      left -= count
      if (left <= 0) return Math.exp(bucket / 25)
    }
    return 0
  }
}
