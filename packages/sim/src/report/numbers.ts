/** Numbers as people read them, and the few statistics of the report. */

/** `decimals` places, thousands apart: 3885.7 → "3,885.7". */
export const fixed = (value: number, decimals: number): string =>
  value.toLocaleString('en-US', { minimumFractionDigits: decimals, maximumFractionDigits: decimals })

/** About three digits: 0.0123, 4.57, 31.2, 3,886. */
export const about = (value: number): string => {
  const size = Math.abs(value)
  if (size === 0) return '0'
  if (size >= 100) return fixed(value, 0)
  if (size >= 10) return fixed(value, 1).replace(/\.0$/, '')
  return String(Number(value.toPrecision(size >= 1 ? 3 : 2)))
}

export const mean = (values: readonly number[]): number =>
  values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length

/** Nearest rank, of values sorted from small to large. */
export const quantile = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1))] ?? 0

export const sortedNumbers = (values: readonly number[]): readonly number[] => [
  ...Float64Array.from(values).sort(),
]

/** "1 run", "3 runs". */
export const counted = (count: number, word: string): string =>
  `${fixed(count, 0)} ${word}${count === 1 ? '' : 's'}`
