/** Overload seconds against migrations: what a scheduler gets for what it pays. Down and to the left is better. */
import { figures, meanOf } from '../experiment/figures.ts'
import { type Html, html } from './html.ts'
import { type Area, bottomAxis, card, curve, leftAxis, marker, points } from './marks.ts'
import { about, fixed } from './numbers.ts'
import { linearScale, logScale } from './scale.ts'
import type { Variant } from './variants.ts'

const width = 1140
const area: Area = { left: 62, right: width - 20, top: 14, bottom: 400 }
const letterWidth = 6.6

interface Point {
  readonly variant: Variant
  readonly x: number
  readonly y: number
}
interface Box {
  readonly left: number
  readonly right: number
  readonly top: number
  readonly bottom: number
}

const meet = (a: Box, b: Box): boolean =>
  a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom

/** Names beside their markers, each on the first side where it covers nothing. */
const names = (found: readonly Point[]): readonly Html[] => {
  const taken: Box[] = found.map(({ x, y }) => ({ left: x - 7, right: x + 7, top: y - 7, bottom: y + 7 }))
  return found.map(({ variant, x, y }) => {
    const long = variant.label.length * letterWidth
    const sides = [0, -16, 16, -30, 30].flatMap((down) => [
      { x: x + 11, y: y + down, anchor: 'start', left: x + 11 },
      { x: x - 11, y: y + down, anchor: 'end', left: x - 11 - long },
    ])
    const boxOf = (side: (typeof sides)[number]): Box => ({
      left: side.left,
      right: side.left + long,
      top: side.y - 7,
      bottom: side.y + 7,
    })
    const inside = (box: Box): boolean =>
      box.left > area.left && box.right < width && box.top > 0 && box.bottom < area.bottom
    const free = (side: (typeof sides)[number]): boolean =>
      inside(boxOf(side)) && !taken.some((other) => meet(boxOf(side), other))
    const side = sides.find(free) ?? sides[0]!
    taken.push(boxOf(side))
    return html`<text class="name" data-algorithm="${variant.algorithm}" x="${side.x}" y="${side.y}" dy="0.35em" text-anchor="${side.anchor}">${variant.label}</text>`
  })
}

/** An algorithm with several presets is a curve through their means, from few migrations to many. */
const curves = (found: readonly Point[]): readonly Html[] =>
  [...new Set(found.map(({ variant }) => variant.algorithm))].flatMap((algorithm) => {
    const own = found.filter(({ variant }) => variant.algorithm === algorithm).sort((a, b) => a.x - b.x)
    const first = own[0]
    if (first === undefined || own.length < 2) return []
    const d = points(own.map(({ x, y }) => [x, y]))
    return [curve({ ...first.variant, dash: 0 }, d, `${algorithm}: from preset to preset`)]
  })

export const frontierPlot = (variants: readonly Variant[]): Html => {
  const of = variants.map((variant) => ({
    variant,
    x: meanOf(variant, figures.migrations) ?? 0,
    y: meanOf(variant, figures.overloadSeconds) ?? 0,
  }))
  const results = variants.flatMap(({ runs }) => runs.map(({ result }) => result))
  const heights = results.map((result) => result.overloadSeconds)
  const least = Math.min(...heights)
  const most = Math.max(...heights)
  /** From 80 to 8,000 s everything good would lie on the floor; with a zero among them there is no logarithm. */
  const wide = least > 0 && most / least > 8
  const x = linearScale(Math.max(...results.map(({ migrations }) => migrations)), area.left, area.right, 8)
  const y = wide ? logScale(least, most, area.bottom, area.top) : linearScale(most, area.bottom, area.top)
  const found: readonly Point[] = of.map((point) => ({ ...point, x: x.at(point.x), y: y.at(point.y) }))

  const seeds = variants.flatMap((variant) =>
    variant.runs.length < 2
      ? []
      : variant.runs.map(({ result: r }) =>
          marker(
            variant,
            x.at(r.migrations),
            y.at(r.overloadSeconds),
            2.5,
            `${variant.label}, seed ${r.seed}: ${about(r.overloadSeconds)} s, ${fixed(r.migrations, 0)} migrations`,
            'faint',
          ),
        ),
  )
  const means = of.map(({ variant, x: migrations, y: seconds }, i) =>
    marker(
      variant,
      found[i]!.x,
      found[i]!.y,
      6,
      `${variant.label}: ${about(seconds)} s with ${about(migrations)} migrations`,
    ),
  )

  return card({
    title: 'The frontier: overload seconds against migrations',
    note: `Down and to the left is better. Large markers are means over the seeds, small ones single runs; presets of one algorithm are joined. greedy-central knows everything at once: it is the idealised central policy.${wide ? ' The vertical axis is logarithmic.' : ''}`,
    width,
    height: area.bottom + 40,
    drawing: [
      bottomAxis(x, area, 'migrations per run'),
      leftAxis(y, area, 'overload seconds per run, s'),
      ...curves(found),
      ...seeds,
      ...means,
      ...names(found),
    ],
    wide: true,
    table: {
      head: ['', 'Migrations', 'Overload seconds', 'Seconds saved per migration against none'],
      rows: of.map(({ variant, x: migrations, y: seconds }) => {
        const idle = of.find((other) => other.variant.algorithm === 'none')
        const saved = idle === undefined || migrations === 0 ? null : (idle.y - seconds) / migrations
        return [
          variant.label,
          fixed(migrations, 1),
          fixed(seconds, 1),
          saved === null ? '–' : fixed(saved, 1),
        ]
      }),
    },
  })
}
