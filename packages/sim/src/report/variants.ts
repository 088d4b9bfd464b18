/**
 * What may be compared: runs of one scenario (same workload, size and length), put together by their scheduler. A
 * *variant* is an algorithm under one preset; its runs differ only by their seed.
 */
import type { Run } from '../run/result.ts'

export interface Variant {
  /** As `--algorithms` names it. */
  readonly label: string
  readonly algorithm: string
  readonly preset: string | null
  /** Index of the algorithm's colour and marker: the same in every plot. */
  readonly look: number
  /** 0 for an algorithm's first preset, 1 for the next …: curves of one colour differ in their dashes. */
  readonly dash: number
  /** By seed. */
  readonly runs: readonly Run[]
}

export interface Scenario {
  readonly title: string
  readonly hosts: number
  readonly seeds: readonly number[]
  readonly variants: readonly Variant[]
}

/** How many colours `page.css` has (--look-0 …). */
export const looks = 12
/** Known algorithms have the same colour in every report, whatever else is in it; drover comes first. */
const known = [
  'drover',
  'greedy-central',
  'entropy',
  'snooze',
  'dvms',
  'dvms-random',
  'lazy-ffd',
  'crs',
  'none',
]
/** From few migrations to many. */
const presets = ['conservative', 'balanced', 'aggressive']

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
const rankIn = (list: readonly string[], name: string | null): number =>
  name === null ? -1 : list.includes(name) ? list.indexOf(name) : list.length

const lookOf = (algorithm: string, all: readonly string[]): number => {
  const place = known.indexOf(algorithm)
  if (place >= 0) return place
  const strangers = all.filter((name) => !known.includes(name))
  return known.length + (strangers.indexOf(algorithm) % (looks - known.length))
}

const groups = <T>(items: readonly T[], keyOf: (item: T) => string): ReadonlyMap<string, readonly T[]> => {
  const found = new Map<string, T[]>()
  for (const item of items) {
    const key = keyOf(item)
    const group = found.get(key)
    if (group === undefined) found.set(key, [item])
    else group.push(item)
  }
  return found
}

/** In the order in which every table and plot lists them. `all`: the algorithms of the whole report. */
export const variantsOf = (runs: readonly Run[], all: readonly string[]): readonly Variant[] => {
  const found = [...groups(runs, ({ result: r }) => JSON.stringify([r.algorithm, r.preset])).values()]
    .map((group) => ({ group, algorithm: group[0]!.result.algorithm, preset: group[0]!.result.preset }))
    .sort(
      (a, b) =>
        rankIn(known, a.algorithm) - rankIn(known, b.algorithm) ||
        byText(a.algorithm, b.algorithm) ||
        rankIn(presets, a.preset) - rankIn(presets, b.preset) ||
        byText(a.preset ?? '', b.preset ?? ''),
    )
  return found.map(({ group, algorithm, preset }, i) => ({
    label: preset === null ? algorithm : `${algorithm}:${preset}`,
    algorithm,
    preset,
    look: lookOf(algorithm, all),
    dash: found.slice(0, i).filter((earlier) => earlier.algorithm === algorithm).length,
    runs: [...group].sort((a, b) => a.result.seed - b.result.seed),
  }))
}

export const algorithmsOf = (runs: readonly Run[]): readonly string[] =>
  [...new Set(runs.map(({ result }) => result.algorithm))].sort(byText)

/** A generated workload may carry its seed in its name; another seed is not another scenario. */
const withoutSeed = (workload: string): string => workload.replace(/[\s_,:;-]*\bseed[\s_=:-]*\d+/i, '')

export const scenariosOf = (runs: readonly Run[]): readonly Scenario[] => {
  const all = algorithmsOf(runs)
  const keyOf = ({ result: r }: Run): string =>
    JSON.stringify([withoutSeed(r.workload), r.hosts, r.vms, r.durationS])
  return [...groups(runs, keyOf).values()].map((group) => {
    const { workload, hosts, vms, durationS } = group[0]!.result
    return {
      title: `${withoutSeed(workload)}: ${hosts} hosts, ${vms} VMs, ${durationS} s`,
      hosts,
      seeds: [...new Set(group.map(({ result }) => result.seed))].sort((a, b) => a - b),
      variants: variantsOf(group, all),
    }
  })
}
