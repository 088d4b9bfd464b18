/** The value below which `permille` of the sorted values lie (nearest rank); null of none. */
export const quantile = (values: readonly number[], permille: number): number | null => {
  const sorted = [...values].sort((a, b) => a - b)
  const rank = Math.max(1, Math.ceil((sorted.length * permille) / 1_000))
  return sorted[rank - 1] ?? null
}
