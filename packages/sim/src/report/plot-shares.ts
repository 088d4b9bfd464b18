/** A distribution by algorithm: which share is at most so long (the empirical distribution function), on a log axis. */
import { type Html, html } from './html.ts'
import { type Area, bottomAxis, card, curve, leftAxis, marker, points } from './marks.ts'
import { about, fixed, quantile, sortedNumbers } from './numbers.ts'
import { linearScale, logScale } from './scale.ts'
import type { Variant } from './variants.ts'

export interface Distribution {
  readonly title: string
  readonly note: string
  /** Of the horizontal axis, with its unit. */
  readonly label: string
  readonly unit: string
  /** What is counted: "overloads". */
  readonly things: string
  /** Of all runs of the variant, in any order. */
  readonly of: (variant: Variant) => readonly number[]
}

const width = 560
const area: Area = { left: 52, right: width - 16, top: 8, bottom: 268 }
const percents = [10, 25, 50, 75, 90, 95, 99]
/** Corners of a curve: more than this is finer than the paper. */
const cornersMax = 160

/** Steps up at each value; of many values, every so-manieth. */
const steps = (
  sorted: readonly number[],
  x: (value: number) => number,
  y: (share: number) => number,
): string => {
  const every = Math.max(1, Math.ceil(sorted.length / cornersMax))
  const places: [number, number][] = []
  let share = 0
  for (let i = 0; i < sorted.length; i++) {
    const last = i === sorted.length - 1
    if (!last && (i % every !== 0 || sorted[i + 1] === sorted[i])) continue
    const at = x(sorted[i]!)
    places.push([at, y(share)])
    share = (i + 1) / sorted.length
    places.push([at, y(share)])
  }
  return points(places)
}

export const sharePlot = (variants: readonly Variant[], what: Distribution): Html | null => {
  const all = variants.map((variant) => ({ variant, sorted: sortedNumbers(what.of(variant)) }))
  const some = all.filter(({ sorted }) => sorted.length > 0)
  if (some.length === 0) return null
  const least = Math.min(...some.map(({ sorted }) => sorted.find((value) => value > 0) ?? 1))
  const most = Math.max(...some.map(({ sorted }) => sorted.at(-1)!), least)
  const x = logScale(least, most, area.left, area.right)
  const y = linearScale(100, area.bottom, area.top)
  const up = (share: number): number => y.at(share * 100)
  const write = (value: number): string => `${about(value)} ${what.unit}`.trim()

  const drawn = some.map(({ variant, sorted }) => {
    const name = `${variant.label} (${fixed(sorted.length, 0)} ${what.things})`
    const marks = percents.map((percent) => {
      const value = quantile(sorted, percent / 100)
      return marker(
        variant,
        x.at(value),
        y.at(percent),
        3,
        `${name}: ${percent} % are at most ${write(value)}`,
      )
    })
    return html`${curve(variant, steps(sorted, x.at, up), name)}${marks}`
  })

  return card(
    {
      title: what.title,
      note: what.note,
      width,
      height: area.bottom + 40,
      drawing: [
        bottomAxis(x, area, what.label),
        leftAxis(y, area, `share of the ${what.things}, %`, (tick) => String(tick)),
        ...drawn,
      ],
      table: {
        head: ['', 'Count', 'Median', '75 %', '90 %', '95 %', '99 %', 'Most'],
        rows: all.map(({ variant, sorted }) => [
          variant.label,
          fixed(sorted.length, 0),
          ...[0.5, 0.75, 0.9, 0.95, 0.99, 1].map((share) =>
            sorted.length === 0 ? '–' : write(quantile(sorted, share)),
          ),
        ]),
      },
    },
    some.map(({ variant }) => variant),
  )
}
