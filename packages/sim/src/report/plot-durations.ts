/** How long overloads last, by algorithm: which share is at most so long (the empirical distribution function), on a log axis. */
import { type Html, html } from './html.ts'
import { type Area, bottomAxis, card, curve, leftAxis, marker, points } from './marks.ts'
import { about, fixed, quantile, sortedNumbers } from './numbers.ts'
import { linearScale, logScale } from './scale.ts'
import type { Variant } from './variants.ts'

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

/** Null when nothing was ever overloaded. */
export const durationsPlot = (variants: readonly Variant[]): Html | null => {
  const all = variants.map((variant) => ({
    variant,
    sorted: sortedNumbers(variant.runs.flatMap(({ result }) => result.overloadDurationsS)),
  }))
  const some = all.filter(({ sorted }) => sorted.length > 0)
  if (some.length === 0) return null
  // A few that lasted an instant would push all others into a corner: they sit at the edge.
  const positive = sortedNumbers(some.flatMap(({ sorted }) => sorted.filter((value) => value > 0)))
  const least = quantile(positive, 0.01) || 1
  const most = Math.max(...some.map(({ sorted }) => sorted.at(-1)!), least)
  const x = logScale(least, most, area.left, area.right)
  const y = linearScale(100, area.bottom, area.top)
  const up = (share: number): number => y.at(share * 100)
  const write = (value: number): string => `${about(value)} s`

  const drawn = some.map(({ variant, sorted }) => {
    const name = `${variant.label} (${fixed(sorted.length, 0)} overloads)`
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
      title: 'How long overloads last',
      note: 'Share of all overloads that last at most so long, logarithmic; further left is better. Those still open at the end are included. Few overloads are good as well: see the counts.',
      width,
      height: area.bottom + 40,
      drawing: [
        bottomAxis(x, area, 'length of an overload, s'),
        leftAxis(y, area, 'share of the overloads, %', (tick) => String(tick)),
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
