/**
 * How the CPU demand of one VM has varied: what a forecast is made of. It is watched sample by sample and travels with
 * the VM. Kept as sums, so that watching costs nothing and the past fades: when it is longer than `watchSMax`, half of
 * it is forgotten.
 */

/** What is known of a VM's demand, as it travels: integers. */
export interface DemandStats {
  /** For how long it was watched, s. */
  readonly watchedS: number
  readonly meanMilli: number
  readonly deviationMilli: number
  /** After about so long its demand is another one, independent of what it was, s. 0 = it was never seen to change. */
  readonly turnoverS: number
}

/** Nothing was seen of it. */
export const noDemandStats: DemandStats = { watchedS: 0, meanMilli: 0, deviationMilli: 0, turnoverS: 0 }

/** The sums from which `DemandStats` are computed. */
export interface DemandSums {
  readonly watchedS: number
  /** ∫ demand dt and ∫ demand² dt (cpuMilli·s, cpuMilli²·s). */
  readonly total: number
  readonly squares: number
  /** Σ (change)² over all changes, cpuMilli². */
  readonly changes: number
  /** How many changes those are. */
  readonly count: number
}

export const noDemandSums: DemandSums = { watchedS: 0, total: 0, squares: 0, changes: 0, count: 0 }

/** More than this of the past is not kept in full weight, s: demand of the day before says little. */
const watchSMax = 7_200
/** A gap between two samples that is longer, s, is a gap: what the demand did meanwhile is not known. */
const gapSMax = 120
/** Demand that hardly changes is taken to stay for a day at most, s: the history of two hours shows no more. */
const vmTurnoverSMax = 86_400

/** The demand was `before` for `elapsedS`, and is `now`: perhaps in the same moment, when it was looked at twice. */
export const addDemand = (past: DemandSums, elapsedS: number, before: number, now: number): DemandSums => {
  if (elapsedS < 0 || elapsedS > gapSMax) return past
  const fade = past.watchedS + elapsedS > watchSMax ? 0.5 : 1
  const change = now - before
  return {
    watchedS: past.watchedS * fade + elapsedS,
    total: past.total * fade + before * elapsedS,
    squares: past.squares * fade + before * before * elapsedS,
    changes: past.changes * fade + change * change,
    count: past.count * fade + (change === 0 ? 0 : 1),
  }
}

export const demandStatsOf = ({ watchedS, total, squares, changes }: DemandSums): DemandStats => {
  if (watchedS < 1) return noDemandStats
  const mean = total / watchedS
  const variance = Math.max(0, squares / watchedS - mean * mean)
  // A demand that is drawn anew every τ changes by twice its variance each time: Σ change² = 2 · variance · time / τ.
  const turnoverS = changes <= 0 ? 0 : Math.min(vmTurnoverSMax, (2 * variance * watchedS) / changes)
  return {
    watchedS: Math.floor(watchedS),
    meanMilli: Math.round(mean),
    deviationMilli: Math.round(Math.sqrt(variance)),
    turnoverS: changes <= 0 ? 0 : Math.max(1, Math.round(turnoverS)),
  }
}

/** The sums again, of a VM that came here with its statistics. */
export const demandSumsOf = ({ watchedS, meanMilli, deviationMilli, turnoverS }: DemandStats): DemandSums => {
  const variance = deviationMilli * deviationMilli
  return {
    watchedS,
    total: meanMilli * watchedS,
    squares: (variance + meanMilli * meanMilli) * watchedS,
    changes: turnoverS === 0 ? 0 : (2 * variance * watchedS) / turnoverS,
    count: turnoverS === 0 ? 0 : watchedS / turnoverS,
  }
}

/** How long a demand lasted on average before it changed, s: never less than what was watched without a change. */
export const meanHoldingTimeS = (watches: readonly DemandSums[]): number => {
  let watchedS = 0
  let count = 0
  for (const one of watches) {
    watchedS += one.watchedS
    count += one.count
  }
  return watchedS / Math.max(1, count)
}
