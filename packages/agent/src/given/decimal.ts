/** Numbers in text that people give: decimal only. `Number()` takes `0x10`, `1e999`, `Infinity` and blanks, too. */

const form = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,4})?$/

/** Null: not a number, or larger than numbers go. */
export const decimalOf = (text: string): number | null => {
  if (!form.test(text)) return null
  const value = Number(text)
  return Number.isFinite(value) ? value : null
}

/** Null: not written as a whole number, or not from `min` to `max`. */
export const wholeOf = (text: string, min: number, max: number): number | null => {
  const value = /^[+-]?\d+$/.test(text) ? Number(text) : Number.NaN
  return value >= min && value <= max ? value : null
}
