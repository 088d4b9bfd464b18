/**
 * Which algorithm is better, and where drover loses: one rule for the terminal and the report. Means are compared as they are
 * printed: what looks equal is equal.
 */
import { type Figure, figures, meanOf, migrates, type Runs } from './figures.ts'

export interface Contestant extends Runs {
  readonly algorithm: string
}

/** In the order in which they are told. */
export const compared: readonly Figure[] = Object.values(figures)

export const ours = ({ algorithm }: { readonly algorithm: string }): boolean => algorithm === 'drover'

/** Not a number where the scheduler has no such thing. */
export const shown = (one: Runs, figure: Figure): number =>
  Number((meanOf(one, figure) ?? Number.NaN).toFixed(figure.decimals))

/** Which may be the best: one that never migrates saves every cost and solves nothing. */
const competing = <C extends Contestant>(all: readonly C[], figure: Figure): readonly C[] =>
  all.filter((one) => meanOf(one, figure) !== null && (!figure.cost || migrates(one)))

/** What most of them reach distinguishes none of them: then the set is empty. */
export const bestOf = <C extends Contestant>(all: readonly C[], figure: Figure): ReadonlySet<C> => {
  const able = competing(all, figure)
  const least = Math.min(...able.map((one) => shown(one, figure)))
  const best = able.filter((one) => shown(one, figure) === least)
  return new Set(best.length * 2 <= able.length ? best : [])
}

/** Baselines with a better mean than this one of ours, the best first. */
const beatenBy = <C extends Contestant>(own: C, all: readonly C[], figure: Figure): readonly C[] => {
  if (meanOf(own, figure) === null) return []
  return competing(all, figure)
    .filter((baseline) => !ours(baseline) && shown(baseline, figure) < shown(own, figure))
    .sort((a, b) => shown(a, figure) - shown(b, figure))
}

/** The figures in which some baseline is better than this one of ours. */
export const lossesOf = <C extends Contestant>(
  own: C,
  all: readonly C[],
): readonly { readonly figure: Figure; readonly better: readonly C[] }[] =>
  compared.flatMap((figure) => {
    const better = beatenBy(own, all, figure)
    return better.length === 0 ? [] : [{ figure, better }]
  })
