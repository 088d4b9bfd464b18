/** What was measured, as text: a fault, the checkers that fired under each, and what is missing. */
import {
  checkersOf,
  type Finding,
  isFound,
  isFoundBySwarm,
  type Measured,
  medianSeeds,
  type Search,
} from './measured.ts'
import { shareOf } from './mutants/share.ts'
import { type Fault, promises } from './sown-fault.ts'

const shown = (found: Finding): string => {
  const by = found.checkers.length === 0 ? '' : `by ${found.checkers.join(' ')}: `
  return `${by}${found.test}${found.text === '' ? '' : ` (${found.text})`}`
}

const searchText = ({ first, seeds, played, found, aside }: Search): string => {
  const other = aside == null ? '' : `; not counted: ${shown(aside)}`
  const some = played === seeds ? '' : `, ${played} of them played`
  return found === null
    ? `from ${first}: not in ${seeds} seeds${some}${other}`
    : `from ${first}: in ${seeds} seed${seeds === 1 ? '' : 's'}${some}, ${shown(found)}${other}`
}

const medianText = (measured: Measured): string => {
  if (measured.searches.length === 0) return ''
  const median = medianSeeds(measured.searches)
  return median === null ? 'the swarm does not find it' : `median ${median} seed${median === 1 ? '' : 's'}`
}

/** Of one fault, several lines. */
export const faultText = (fault: Fault, measured: Measured): string => {
  const breaks = fault.breaks.length === 0 ? '' : `breaks ${fault.breaks.join(' ')}`
  const head = [fault.line, breaks, medianText(measured), `${measured.tookS} s`]
  return [
    `${isFound(measured) ? 'found ' : 'MISSED'}  ${fault.id}: ${fault.name}`,
    `          ${head.filter((one) => one !== '').join('; ')}`,
    ...measured.searches.map((search) => `          swarm ${searchText(search)}`),
    ...Object.entries(measured.suites).map(
      ([suite, found]) => `          ${suite}: ${found === null ? '–' : shown(found)}`,
    ),
  ].join('\n')
}

/** Rules of the grey window and of the hand-over; then what is no promise: the core stopped itself, the program failed, a seed did not end. */
const otherCheckers = ['R1', 'R2', 'assertion', 'error', 'hang'] as const

/** Faults down, checkers across: `x` = it fired under that fault. Closes with the promises whose checker never fired. */
export const matrixText = (faults: readonly Fault[], all: readonly Measured[]): string => {
  const columns = [...promises, ...otherCheckers]
  const measuredOf = new Map(all.map((one) => [one.fault, checkersOf(one)]))
  const rows = faults.filter(({ id }) => measuredOf.has(id))
  const wide = Math.max(0, ...rows.map(({ id }) => id.length))
  const cell = (mark: string, column: string): string => mark.padEnd(column.length)
  const never = promises.filter((code) => ![...measuredOf.values()].some((fired) => fired.includes(code)))
  return [
    'Checkers that fired (x); promises that the fault is meant to break (o: meant, and another checker was faster)',
    `${' '.repeat(wide)}  ${columns.join(' ')}`,
    ...rows.map(({ id, breaks }) => {
      const fired = measuredOf.get(id) ?? []
      const mark = (column: string): string =>
        fired.includes(column) ? 'x' : (breaks as readonly string[]).includes(column) ? 'o' : '.'
      return `${id.padEnd(wide)}  ${columns.map((column) => cell(mark(column), column)).join(' ')}`.trimEnd()
    }),
    ...promises
      .filter((code) => !never.includes(code))
      .map((code) => {
        const by = rows.filter(({ id }) => measuredOf.get(id)?.includes(code))
        return `${code} fired under ${by.map(({ id }) => id).join(' ')}`
      }),
    never.length === 0 ? 'Each of the promises has a checker that fired.' : `Never fired: ${never.join(' ')}`,
  ].join('\n')
}

export interface Verdict {
  readonly missed: readonly string[]
  /** Drawn mutants that no suite finds: faults that the suites do not see, or changes of nothing. */
  readonly survived: readonly string[]
  /** First lines of defence whose fault the swarm was asked for and did not find. */
  readonly missedBySwarm: readonly string[]
}

export const verdictOf = (faults: readonly Fault[], all: readonly Measured[]): Verdict => {
  const lineOf = new Map(faults.map(({ id, line }) => [id, line]))
  return {
    missed: all.filter((one) => !isFound(one) && lineOf.get(one.fault) !== 'drawn').map((one) => one.fault),
    survived: all.filter((one) => !isFound(one) && lineOf.get(one.fault) === 'drawn').map((one) => one.fault),
    missedBySwarm: all
      .filter((one) => one.searches.length > 0 && lineOf.get(one.fault) === 'first' && !isFoundBySwarm(one))
      .map((one) => one.fault),
  }
}

const percent = (part: number): string => `${Math.round(part * 100)} %`

/** Of the drawn ones: what share the suites would find of all, and which to look at. */
const mutantLines = (
  faults: readonly Fault[],
  all: readonly Measured[],
  survived: readonly string[],
): readonly string[] => {
  const drawn = faults.filter(({ line }) => line === 'drawn')
  const of = all.filter(({ fault }) => drawn.some(({ id }) => id === fault))
  if (of.length === 0) return []
  const line = (by: string, found: number): string => {
    const { share, low, high } = shareOf(found, of.length)
    return `of ${of.length} drawn mutants ${by}: ${found}, ${percent(share)} (95 %: ${percent(low)} to ${percent(high)})`
  }
  return [
    line('any suite finds', of.filter(isFound).length),
    line('the swarm finds', of.filter(isFoundBySwarm).length),
    ...drawn.filter(({ id }) => survived.includes(id)).map(({ id, name }) => `survived  ${id}  ${name}`),
  ]
}

export const summaryText = (
  faults: readonly Fault[],
  all: readonly Measured[],
  { missed, missedBySwarm, survived }: Verdict,
): string => {
  const medians = all.flatMap((one) => medianSeeds(one.searches) ?? []).sort((a, b) => a - b)
  const middle = medians[Math.floor((medians.length - 1) / 2)]
  const list = (ids: readonly string[]): string => (ids.length === 0 ? '' : ` (${ids.join(' ')})`)
  return [
    `${all.length} faults sown: ${all.filter(isFound).length} found, ${missed.length} missed${list(missed)}`,
    ...mutantLines(faults, all, survived),
    `by the swarm alone: ${all.filter(isFoundBySwarm).length}; median of their medians ${middle ?? '–'} seeds; first lines that it misses: ${missedBySwarm.length}${list(missedBySwarm)}`,
  ].join('\n')
}
