/** One figure by algorithm: a bar as long as the mean, a dot for every seed. */
import { type Figure, titleOf, valuesOf } from '../experiment/figures.ts'
import { type Html, html } from './html.ts'
import { type Area, bottomAxis, card, marker } from './marks.ts'
import { about, counted, fixed, mean } from './numbers.ts'
import { linearScale } from './scale.ts'
import type { Variant } from './variants.ts'

const rowHeight = 23
const width = 560

export const barPlot = (variants: readonly Variant[], figure: Figure, note: string): Html => {
  const rows = variants.map((variant) => ({ variant, values: valuesOf(variant, figure) }))
  const longest = Math.max(...rows.map(({ variant }) => variant.label.length))
  const left = Math.min(220, Math.max(80, 14 + longest * 6.4))
  const area: Area = { left, right: width - 62, top: 4, bottom: 4 + rows.length * rowHeight }
  const scale = linearScale(Math.max(0, ...rows.flatMap(({ values }) => values)), area.left, area.right)
  const write = (value: number): string => fixed(value, figure.decimals)

  const row = ({ variant, values }: (typeof rows)[number], i: number): Html => {
    const middle = area.top + (i + 0.5) * rowHeight
    const name = html`<text class="name" x="${area.left - 8}" y="${middle}" dy="0.35em" text-anchor="end">${variant.label}</text>`
    if (values.length === 0)
      return html`${name}<text class="none" x="${area.left + 6}" y="${middle}" dy="0.35em">has none</text>`
    const average = mean(values)
    const end = scale.at(average)
    const tip = `${variant.label}: mean ${write(average)} ${figure.unit} of ${counted(values.length, 'seed')}`
    const dots = variant.runs.map(({ result }, seed) => {
      const value = figure.of(result)
      const y = middle + (values.length < 2 ? 0 : ((seed % 3) - 1) * 4)
      return value === null
        ? null
        : marker(
            variant,
            scale.at(value),
            y,
            3,
            `${variant.label}, seed ${result.seed}: ${write(value)} ${figure.unit}`,
          )
    })
    return html`${name}<rect class="bar look-${variant.look}" data-algorithm="${variant.algorithm}" data-tip="${tip}" x="${area.left}" y="${middle - 8}" width="${Math.round((end - area.left) * 10) / 10}" height="16"/>${dots}<text class="value" x="${width - 4}" y="${middle}" dy="0.35em" text-anchor="end">${about(average)}</text>`
  }

  return card({
    title: figure.title,
    note,
    width,
    height: area.bottom + 40,
    drawing: [bottomAxis(scale, area, titleOf(figure)), ...rows.map(row)],
    table: {
      head: ['', 'Mean', 'Least', 'Most', 'Runs'],
      rows: rows.map(({ variant, values }) => [
        variant.label,
        ...(values.length === 0
          ? ['–', '–', '–']
          : [write(mean(values)), write(Math.min(...values)), write(Math.max(...values))]),
        variant.runs.length,
      ]),
    },
  })
}
