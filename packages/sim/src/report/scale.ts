/** From amounts to places on the paper, with round numbers marked on the way. */

export interface Scale {
  at(value: number): number
  readonly ticks: readonly number[]
}

const clamp = (value: number, low: number, high: number): number => Math.min(high, Math.max(low, value))

/** 1, 2 or 5 × a power of ten, not less than `value`. */
const round125 = (value: number): number => {
  const power = 10 ** Math.floor(Math.log10(value))
  const lead = value / power
  return (lead <= 1 ? 1 : lead <= 2 ? 2 : lead <= 5 ? 5 : 10) * power
}

/** From 0 to a round number not less than `max`, drawn from `from` to `to`; about `count` ticks. */
export const linearScale = (max: number, from: number, to: number, count = 5): Scale => {
  const step = round125((max > 0 ? max : 1) / count)
  const steps = Math.max(1, Math.ceil((max > 0 ? max : 1) / step - 1e-9))
  return {
    at: (value) => from + (clamp(value / (steps * step), 0, 1) || 0) * (to - from),
    ticks: Array.from({ length: steps + 1 }, (_, i) => Number((i * step).toPrecision(12))),
  }
}

/** Logarithmic from about `min` to about `max`, both > 0; what is less than `min` (0) sits at the edge. */
export const logScale = (min: number, max: number, from: number, to: number): Scale => {
  const low = Math.min(min, max / 2)
  const first = Math.floor(Math.log10(low))
  const leads = [1, 2, 5]
  const all = Array.from({ length: 40 }, (_, i) => leads[i % 3]! * 10 ** (first + Math.floor(i / 3)))
  const start = all.findLast((tick) => tick <= low * (1 + 1e-9)) ?? low
  const end = all.find((tick) => tick >= max * (1 - 1e-9)) ?? max
  const marked = all.filter((tick) => tick >= start && tick <= end)
  const span = Math.log(end / start)
  const decades = marked.filter((_, i) => Math.abs(Math.log10(marked[i]!) % 1) < 1e-9)
  return {
    at: (value) => from + clamp(Math.log(Math.max(value, start) / start) / span, 0, 1) * (to - from),
    ticks: (marked.length > 13 && decades.length > 2 ? decades : marked).map((tick) =>
      Number(tick.toPrecision(3)),
    ),
  }
}

/** Logarithmic, with the given amounts as the only ticks: cluster sizes. */
export const sizeScale = (sizes: readonly number[], from: number, to: number): Scale => {
  const low = Math.min(...sizes)
  const span = Math.log(Math.max(...sizes) / low) || 1
  return { at: (value) => from + (Math.log(value / low) / span) * (to - from), ticks: sizes }
}
