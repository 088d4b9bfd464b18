/**
 * Summaries that all agents of a world read, decoded once: each is published to all of them. They share the object, so it is
 * frozen, and an agent that changed it would fail.
 */
import { decodeSummary, type LoadSummary } from '@drover/protocol'

const freeze = <T>(value: T): T => {
  if (typeof value !== 'object' || value === null) return value
  for (const part of Object.values(value)) freeze(part)
  return Object.freeze(value)
}

/** What decodes bytes that are not changed any more; null for what is no summary. */
export const createSummaryReader = (): ((bytes: Uint8Array) => LoadSummary | null) => {
  const known = new WeakMap<Uint8Array, LoadSummary | null>()
  return (bytes) => {
    const before = known.get(bytes)
    if (before !== undefined) return before
    const summary = freeze(decodeSummary(bytes))
    known.set(bytes, summary)
    return summary
  }
}
