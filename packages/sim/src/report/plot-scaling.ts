/** The scaling study: what one agent costs, and how fast it cures, against the size of the cluster. Flat is good. */

import { type Figure, figures, meanOf } from '../experiment/figures.ts'
import type { Run, RunResult } from '../run/result.ts'
import { type Html, html } from './html.ts'
import { type Area, bottomAxis, card, curve, leftAxis, marker, points } from './marks.ts'
import { about, fixed } from './numbers.ts'
import { linearScale, sizeScale } from './scale.ts'
import { type Variant, variantsOf } from './variants.ts'

interface Study extends Omit<Figure, 'head' | 'name'> {
  readonly note: string
}

const perHost = (value: number, result: RunResult): number => value / result.hosts

const studies: readonly Study[] = [
  { ...figures.messages, note: 'What one agent sends, gossip included.' },
  { ...figures.bytes, note: 'On the wire, from one agent.' },
  {
    title: 'Heap by host',
    unit: 'KiB',
    decimals: 1,
    of: (r) => r.heapKiBPerHost,
    cost: true,
    note: 'Growth of the JavaScript heap, garbage collected.',
  },
  {
    title: 'Peak memory of the process by host',
    unit: 'MiB',
    decimals: 3,
    of: (r) => perHost(r.peakRssMiB, r),
    cost: true,
    note: 'Includes what the process needs for itself, so small clusters look dear.',
  },
  {
    title: 'CPU time by event',
    unit: 'µs',
    decimals: 1,
    of: (r) => (r.events === 0 ? null : (r.cpuSeconds * 1e6) / r.events),
    cost: true,
    note: 'Of the simulator and the agents in it together.',
  },
  {
    title: 'CPU time by host and simulated second',
    unit: 'ms',
    decimals: 4,
    of: (r) => perHost(r.cpuSeconds * 1000, r) / r.durationS,
    cost: true,
    note: 'Of the simulator and the agents in it together.',
  },
  {
    title: 'Time to cure: median overload',
    unit: 's',
    decimals: 1,
    of: (r) => (r.overloads === 0 ? null : r.overloadMedianS),
    cost: false,
    note: 'From the moment when demand exceeds capacity until it no longer does.',
  },
  { ...figures.partitionSizeMedian, note: 'Hosts that solve one problem together.' },
  {
    title: 'Overload seconds by host',
    unit: 's',
    decimals: 2,
    of: (r) => perHost(r.overloadSeconds, r),
    cost: false,
    note: 'The quality of the result must not fall with the size either.',
  },
]

const width = 560
const area: Area = { left: 72, right: width - 26, top: 10, bottom: 230 }

/** "+3 %" from the first size of at least 256 hosts to the largest: below that, all hosts are neighbours. */
const growth = (found: readonly { readonly hosts: number; readonly value: number }[]): string => {
  const from = found.find(({ hosts }) => hosts >= 256) ?? found[0]
  const to = found.at(-1)
  if (from === undefined || to === undefined || from === to || from.value === 0) return '–'
  const percent = (to.value / from.value - 1) * 100
  return `${percent > 0 ? '+' : ''}${fixed(percent, 1)} % from ${from.hosts} to ${to.hosts}`
}

const studyPlot = (study: Study, variants: readonly Variant[], sizes: readonly number[]): Html | null => {
  const lines = variants
    .map((variant) => ({
      variant,
      found: sizes.flatMap((hosts) => {
        const runs = variant.runs.filter(({ result }) => result.hosts === hosts)
        const value = meanOf({ ...variant, runs }, study)
        return value === null ? [] : [{ hosts, value }]
      }),
    }))
    .filter(({ found }) => found.length > 0)
  if (lines.length === 0) return null
  const x = sizeScale(sizes, area.left, area.right)
  const y = linearScale(
    Math.max(...lines.flatMap(({ found }) => found.map(({ value }) => value))),
    area.bottom,
    area.top,
  )
  const unit = study.unit === '' ? study.title : study.unit
  return card(
    {
      title: study.title,
      note: study.note,
      width,
      height: area.bottom + 40,
      drawing: [
        bottomAxis(x, area, 'hosts in the cluster'),
        leftAxis(y, area, unit),
        ...lines.map(({ variant, found }) => {
          const places = found.map(({ hosts, value }) => [x.at(hosts), y.at(value)] as const)
          return html`${curve(variant, points(places), variant.label)}${found.map(({ hosts, value }) =>
            marker(
              variant,
              x.at(hosts),
              y.at(value),
              4,
              `${variant.label}, ${fixed(hosts, 0)} hosts: ${about(value)} ${unit}`,
            ),
          )}`
        }),
      ],
      table: {
        head: ['', ...sizes.map((hosts) => `${fixed(hosts, 0)} hosts`), 'Growth'],
        rows: lines.map(({ variant, found }) => [
          variant.label,
          ...sizes.map((hosts) => {
            const at = found.find((point) => point.hosts === hosts)
            return at === undefined ? '–' : fixed(at.value, study.decimals)
          }),
          growth(found),
        ]),
      },
    },
    lines.map(({ variant }) => variant),
  )
}

/** Empty when no algorithm ran at two sizes. */
export const scalingPlots = (runs: readonly Run[], algorithms: readonly string[]): readonly Html[] => {
  const variants = variantsOf(runs, algorithms).filter(
    (variant) => new Set(variant.runs.map(({ result }) => result.hosts)).size > 1,
  )
  const sizes = [...new Set(variants.flatMap((variant) => variant.runs.map(({ result }) => result.hosts)))]
  sizes.sort((a, b) => a - b)
  return studies.map((study) => studyPlot(study, variants, sizes)).filter((plot) => plot !== null)
}
