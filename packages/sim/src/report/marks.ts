/** What plots are drawn with: markers by algorithm, axes, and the card around each plot. */
import { type Html, html, type Part } from './html.ts'
import { about } from './numbers.ts'
import type { Scale } from './scale.ts'
import type { Variant } from './variants.ts'

/** Where in the drawing the plot's own area lies. */
export interface Area {
  readonly left: number
  readonly right: number
  readonly top: number
  readonly bottom: number
}

const place = (value: number): string => String(Math.round(value * 10) / 10)

/** Around (0, 0), about 2 × `r` wide. One per algorithm, beside its colour. */
const shapes: readonly ((r: number) => string)[] = [
  (r) => `M${-r} 0a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0z`,
  (r) => `M0 ${-1.3 * r}L${1.3 * r} 0L0 ${1.3 * r}L${-1.3 * r} 0z`,
  (r) => `M${-r} ${-r}H${r}V${r}H${-r}z`,
  (r) => `M0 ${-1.2 * r}L${1.2 * r} ${r}H${-1.2 * r}z`,
  (r) => `M0 ${1.2 * r}L${1.2 * r} ${-r}H${-1.2 * r}z`,
  (r) => `M${-1.3 * r} ${-0.6 * r}H${1.3 * r}V${0.6 * r}H${-1.3 * r}z`,
  (r) => `M${-0.6 * r} ${-1.3 * r}H${0.6 * r}V${1.3 * r}H${-0.6 * r}z`,
]

export const points = (places: readonly (readonly [number, number])[]): string =>
  places.map(([x, y], i) => `${i === 0 ? 'M' : 'L'}${place(x)} ${place(y)}`).join('')

/** `tip`: what the mark is, shown when it is pointed at. */
export const marker = (variant: Variant, x: number, y: number, r: number, tip: string, more = ''): Html =>
  html`<path class="mark look-${variant.look} ${more}" data-algorithm="${variant.algorithm}" data-tip="${tip}" transform="translate(${place(x)} ${place(y)})" d="${shapes[variant.look % shapes.length]!(r)}"/>`

export const curve = (variant: Variant, d: string, tip: string): Html =>
  html`<path class="curve look-${variant.look} dash-${variant.dash % 5}" data-algorithm="${variant.algorithm}" data-tip="${tip}" d="${d}"/>`

export const bottomAxis = (scale: Scale, area: Area, label: string): Html => html`<g class="axis">
${scale.ticks.map((tick) => {
  const x = place(scale.at(tick))
  return html`<line class="grid" x1="${x}" x2="${x}" y1="${area.top}" y2="${area.bottom}"/><text x="${x}" y="${area.bottom + 15}" text-anchor="middle">${about(tick)}</text>`
})}<text class="label" x="${(area.left + area.right) / 2}" y="${area.bottom + 33}" text-anchor="middle">${label}</text></g>`

export const leftAxis = (
  scale: Scale,
  area: Area,
  label: string,
  write: (tick: number) => string = about,
): Html => html`<g class="axis">
${scale.ticks.map((tick) => {
  const y = place(scale.at(tick))
  return html`<line class="grid" x1="${area.left}" x2="${area.right}" y1="${y}" y2="${y}"/><text x="${area.left - 6}" y="${y}" dy="0.35em" text-anchor="end">${write(tick)}</text>`
})}<text class="label" transform="translate(13 ${(area.top + area.bottom) / 2}) rotate(-90)" text-anchor="middle">${label}</text></g>`

export interface Table {
  readonly head: readonly string[]
  readonly rows: readonly (readonly Part[])[]
}

/** The first column names the row; the others are figures. */
export const table = ({ head, rows }: Table, caption: string): Html => html`<div class="scroll"><table>
<caption>${caption}</caption>
<thead><tr>${head.map((title) => html`<th scope="col">${title}</th>`)}</tr></thead>
<tbody>${rows.map(([first = '', ...cells]) => html`<tr><th scope="row">${first}</th>${cells.map((cell) => html`<td>${cell}</td>`)}</tr>`)}</tbody>
</table></div>`

export interface Plot {
  readonly title: string
  /** One or two sentences: what to see, how it is measured. */
  readonly note: string
  readonly width: number
  readonly height: number
  readonly drawing: readonly Html[]
  /** The same in figures. */
  readonly table: Table
  readonly wide?: boolean
}

/** Its colours with their names; one that has only one preset goes by the algorithm's name. */
export const legend = (variants: readonly Variant[]): Html =>
  html`<p class="legend">${variants.map(
    (variant) =>
      html`<span data-algorithm="${variant.algorithm}"><svg width="26" height="12" viewBox="-13 -6 26 12" aria-hidden="true">${curve(variant, 'M-13 0H13', '')}${marker(variant, 0, 0, 3.5, '')}</svg>${variant.label}</span> `,
  )}</p>`

/** `legendOf`: those that the drawing itself does not name. */
export const card = (
  plot: Plot,
  legendOf: readonly Variant[] = [],
): Html => html`<figure class="${plot.wide === true ? 'plot wide' : 'plot'}">
<h3>${plot.title}</h3>
<p class="note">${plot.note}</p>
${legendOf.length === 0 ? null : legend(legendOf)}
<svg role="img" aria-label="${plot.title}. ${plot.note}" viewBox="0 0 ${plot.width} ${plot.height}">
${plot.drawing}
</svg>
<details><summary>The same as a table</summary>${table(plot.table, plot.title)}</details>
</figure>`
