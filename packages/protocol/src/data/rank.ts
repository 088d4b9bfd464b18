/**
 * Partitions compete for hosts by rank: the more severe first, then the older need, then the id. A rank is fixed
 * when the partition is formed, so that all hosts agree on the order of any two at any time; a need that was
 * crowded out returns with a greater age, so none starves.
 */
import type { PartitionId } from './ids.ts'

export interface Rank {
  /** Excess over the usable capacity, permille; drains and rule repairs rank below any overload. */
  readonly severity: number
  /** How long the need had lasted when the partition was formed, ms. */
  readonly ageMs: number
  readonly partition: PartitionId
}

/** Positive when `a` goes before `b`. Total: zero only for the same partition. */
export const compareRank = (a: Rank, b: Rank): number => {
  if (a.severity !== b.severity) return a.severity - b.severity
  if (a.ageMs !== b.ageMs) return a.ageMs - b.ageMs
  return a.partition < b.partition ? 1 : a.partition > b.partition ? -1 : 0
}
