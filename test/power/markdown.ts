/** What was measured, as a table for a page: of each fault what finds it, and after how many seeds. */
import { checkersOf, isFound, isFoundBySwarm, type Measured, medianSeeds, type Search } from './measured.ts'
import type { Fault } from './sown-fault.ts'

const cell = (text: string): string => text.replaceAll('|', '\\|')

const headOf = (columns: readonly string[]): readonly string[] => [
  `| ${columns.join(' | ')} |`,
  `|${columns.map(() => '---|').join('')}`,
]

/** `4`, or of seeds that were passed over `37 (5)`. */
const tookText = ({ seeds, played, found }: Search): string =>
  `${found === null ? '> ' : ''}${seeds}${played === seeds ? '' : ` (${played})`}`

const seedsText = ({ searches }: Measured): string => {
  if (searches.length === 0) return ''
  const each = searches.map(tookText).join(', ')
  if (searches.length === 1) return each
  return `**${medianSeeds(searches) ?? 'in vain'}**: ${each}`
}

const suitesText = ({ suites }: Measured): string =>
  Object.entries(suites)
    .flatMap(([suite, found]) => (found === null ? [] : [`${suite}: ${found.test}`]))
    .join('; ')

/** Of several ways one by which it was found: the swarm's checkers, and tests. */
const rowOf = (fault: Fault, measured: Measured): string => {
  const fired = isFoundBySwarm(measured) ? checkersOf({ ...measured, suites: {} }).join(' ') : ''
  const cells = [fault.id, fault.name, fault.line, (fault.needs ?? []).join(', ')]
  return `| ${[...cells, seedsText(measured), fired, suitesText(measured)].map(cell).join(' | ')} |`
}

/** The commits at which it was measured, and how many faults at each. */
const commitsText = (all: readonly Measured[]): string =>
  [...Map.groupBy(all, ({ commit }) => commit)]
    .map(([commit, some]) => `${commit} (${some.length})`)
    .join(', ')

interface Row {
  readonly fault: Fault
  readonly measured: Measured
}

const listed = (rows: readonly Row[]): string =>
  rows.length === 0 ? 'none' : rows.map(({ fault }) => fault.id).join(', ')

/** Of the first lines by the swarm, of the others by anything. */
const sums = (rows: readonly Row[]): readonly string[] => {
  const first = rows.filter(({ fault }) => fault.line === 'first')
  const others = rows.filter(({ fault }) => fault.line !== 'first')
  const missed = first.filter(({ measured }) => !isFoundBySwarm(measured))
  const medians = first.flatMap(({ measured }) => medianSeeds(measured.searches) ?? []).sort((a, b) => a - b)
  const middle = medians[Math.floor((medians.length - 1) / 2)] ?? '–'
  const unseen = others.filter(({ measured }) => !isFound(measured))
  return [
    `First lines: ${first.length}; the swarm finds ${first.length - missed.length}, in ${middle} seeds (median of the medians). Not: ${listed(missed)}.`,
    `Second lines: ${others.length}; found by tests or the swarm: ${others.length - unseen.length}. Not: ${listed(unseen)}.`,
  ]
}

/** Faults of which nothing was measured are left out. */
export const tableText = (faults: readonly Fault[], all: readonly Measured[]): string => {
  const measuredOf = new Map(all.map((one) => [one.fault, one]))
  const rows = faults.flatMap((fault) => {
    const measured = measuredOf.get(fault.id)
    return measured === undefined ? [] : [{ fault, measured }]
  })
  return [
    ...headOf(['Fault', 'What', 'Line', 'Needs', 'Seeds (played)', 'Fired', 'Tests that find it']),
    ...rows.map(({ fault, measured }) => rowOf(fault, measured)),
    '',
    ...sums(rows),
    `Measured at ${commitsText(rows.map(({ measured }) => measured))}.`,
  ].join('\n')
}
