/** How large partitions are: a small histogram for each algorithm, one below the other, over sizes that double. */
import { type Html, html } from './html.ts'
import { type Area, card } from './marks.ts'
import { counted, fixed, quantile, sortedNumbers } from './numbers.ts'
import type { Variant } from './variants.ts'

interface Bin {
  readonly from: number
  readonly to: number
}

const width = 560
const rowHeight = 30

/** 1, 2, 3, 4, 5–8, 9–16, …: small ones apart, because the difference between two and four hosts is what matters. */
const binsUpTo = (most: number): readonly Bin[] => {
  const bins: Bin[] = [1, 2, 3, 4].map((size) => ({ from: size, to: size }))
  for (let from = 5; from <= most; from = 2 * (from - 1) + 1) bins.push({ from, to: 2 * (from - 1) })
  return bins
}
const nameOf = ({ from, to }: Bin): string => (from === to ? String(from) : `${from}–${to}`)

/** Null when no partition was formed. */
export const sizesPlot = (variants: readonly Variant[]): Html | null => {
  const rows = variants.map((variant) => ({
    variant,
    sizes: sortedNumbers(variant.runs.flatMap(({ partitionSizes }) => partitionSizes)),
  }))
  const most = Math.max(0, ...rows.map(({ sizes }) => sizes.at(-1) ?? 0))
  if (most === 0) return null
  const bins = binsUpTo(most)
  const longest = Math.max(...variants.map(({ label }) => label.length))
  const area: Area = {
    left: Math.min(220, Math.max(80, 14 + longest * 6.4)),
    right: width - 10,
    top: 4,
    bottom: 4 + rows.length * rowHeight,
  }
  const binWidth = (area.right - area.left) / bins.length
  const middleOf = (bin: number): number => Math.round(area.left + (bin + 0.5) * binWidth)

  const row = ({ variant, sizes }: (typeof rows)[number], i: number): Html => {
    const floor = area.top + (i + 1) * rowHeight
    const bars = bins.map((bin, place) => {
      const count = sizes.filter((size) => size >= bin.from && size <= bin.to).length
      if (count === 0) return null
      const share = count / sizes.length
      const tall = Math.max(1.5, Math.round(share * (rowHeight - 6) * 10) / 10)
      const tip = `${variant.label}: ${fixed(share * 100, 1)} % of ${counted(sizes.length, 'partition')} have ${nameOf(bin)} hosts`
      return html`<rect class="mark look-${variant.look}" data-algorithm="${variant.algorithm}" data-tip="${tip}" x="${Math.round(area.left + place * binWidth + 2)}" y="${floor - tall}" width="${Math.round(binWidth - 4)}" height="${tall}"/>`
    })
    const nothing = html`<text class="none" x="${area.left + 6}" y="${floor - 8}">has none</text>`
    return html`<line class="grid" x1="${area.left}" x2="${area.right}" y1="${floor}" y2="${floor}"/><text class="name" x="${area.left - 8}" y="${floor - 8}" text-anchor="end">${variant.label}</text>${sizes.length === 0 ? nothing : bars}`
  }

  return card({
    title: 'Partition sizes',
    note: 'Of all partitions of all runs: full height is all of them in one class. Two hosts are the least that can move a VM.',
    width,
    height: area.bottom + 40,
    drawing: [
      ...rows.map(row),
      html`<g class="axis">${bins.map((bin, place) => html`<text x="${middleOf(place)}" y="${area.bottom + 15}" text-anchor="middle">${nameOf(bin)}</text>`)}<text class="label" x="${(area.left + area.right) / 2}" y="${area.bottom + 33}" text-anchor="middle">hosts in a partition</text></g>`,
    ],
    table: {
      head: ['', 'Partitions', 'Median', '90 %', '99 %', 'Largest'],
      rows: rows.map(({ variant, sizes }) => [
        variant.label,
        fixed(sizes.length, 0),
        ...[0.5, 0.9, 0.99, 1].map((share) => (sizes.length === 0 ? '–' : quantile(sizes, share))),
      ]),
    },
  })
}
