/**
 * How long will this host be overloaded in the next minutes, if nothing is done? Demand of each VM is taken as a process
 * that returns to its mean: it keeps its value until it is drawn anew, on average once in a turnover time. The demand of
 * a host at a time ahead is then a sum of many independent amounts, hence about normal, and the chance that it exceeds
 * what is usable follows. A VM with little history of its own is assumed to behave like the average of its host
 * (empirical Bayes: Efron and Morris, JASA 1975). Before `watchedSMin` of watching, a host has no forecast.
 *
 * CPU only: memory does not return to a mean, and is kept within its limit by the solver.
 */
import type { VmForecast } from '../problem/demand-forecast.ts'
import type { DemandStats } from './demand-history.ts'

/** What is expected of the VMs of one host together; forecasts of VMs add up. */
export interface HostForecast {
  readonly nowMilli: number
  readonly meanMilli: number
  /** Σ (now − mean)² and Σ variance, cpuMilli². */
  readonly away: number
  readonly variance: number
  readonly turnoverS: number
}

/** How far ahead is looked, s: a move should pay within this time. */
export const horizonS = 100
/**
 * What a second of foreseen overload counts, permille: most overloads are cured as they come, in about the time of one
 * migration, so only this share of their natural length is lost.
 */
const lostPermille = 150
export const watchedSMin = 60
/** The VMs of a host together turn over within these, s: faster is noise, and beyond an hour nothing is foreseen. */
const hostTurnoverSMin = 2
const hostTurnoverSMax = 3_600

const noDemand: HostForecast = {
  nowMilli: 0,
  meanMilli: 0,
  away: 0,
  variance: 0,
  turnoverS: hostTurnoverSMax,
}

export interface ObservedDemand {
  readonly nowMilli: number
  readonly stats: DemandStats
}

/** What is expected of each VM of one host, in their order, and how soon their demand turns over. */
export interface VmForecasts {
  readonly each: readonly VmForecast[]
  readonly turnoverS: number
  /** They were watched for long enough. */
  readonly known: boolean
}

export const vmForecastsOf = (vms: readonly ObservedDemand[]): VmForecasts => {
  if (vms.length === 0) return { each: [], turnoverS: hostTurnoverSMax, known: false }
  let time = 0
  for (const { stats } of vms) time += stats.watchedS
  if (time <= 0) {
    const each = vms.map(({ nowMilli }) => ({ nowMilli, meanMilli: nowMilli, variance: 0 }))
    return { each, turnoverS: hostTurnoverSMax, known: false }
  }
  let total = 0
  for (const { stats } of vms) total += stats.meanMilli * stats.watchedS
  const mean = total / time

  // Variance about the common mean, what of it is within each VM, and half the squared change per second.
  let whole = 0
  let within = 0
  let change = 0
  for (const { stats } of vms) {
    const { watchedS, meanMilli, turnoverS } = stats
    const own = stats.deviationMilli * stats.deviationMilli
    whole += watchedS * (own + (meanMilli - mean) * (meanMilli - mean))
    within += watchedS * own
    if (turnoverS > 0) change += (watchedS * own) / turnoverS
  }
  whole /= time
  within /= time
  change /= time

  const variance = Math.max(1, withinVariance(whole, within, change, time / vms.length))
  const between = Math.max(0, whole - variance)
  const turnoverS = Math.min(hostTurnoverSMax, Math.max(hostTurnoverSMin, variance / Math.max(change, 1e-9)))
  return {
    turnoverS,
    known: time >= watchedSMin * vms.length,
    each: vms.map(({ nowMilli, stats }) => {
      // The error of a mean over so short a time, and so the weight that the VM's own mean gets.
      const error =
        stats.watchedS > 0 ? Math.min(variance, (2 * variance * turnoverS) / stats.watchedS) : variance
      const belief = between / (between + error)
      const share = stats.watchedS / (stats.watchedS + 8 * turnoverS)
      const own = stats.deviationMilli * stats.deviationMilli
      return {
        nowMilli,
        meanMilli: mean + belief * (stats.meanMilli - mean),
        variance: variance + (between > 0 ? share * (own - variance) : 0) + (1 - belief) * between,
      }
    }),
  }
}

/**
 * The variance of one VM's demand about its own mean, from the variance about the common mean and that within the
 * watched time: a short time hides part of it. x − 2x²/(change · time) = within; where that has no solution the time is
 * too short to tell VMs apart, and all of the variance counts as theirs. Demand that never changed is expected to stay.
 */
const withinVariance = (whole: number, within: number, change: number, timeS: number): number => {
  if (change <= 0) return 0
  const a = 2 / (change * timeS)
  const discriminant = 1 - 4 * a * within
  if (discriminant < 0) return whole
  return Math.min(whole, (1 - Math.sqrt(discriminant)) / (2 * a))
}

export const hostForecastOf = ({ each, turnoverS }: VmForecasts): HostForecast => {
  let forecast: HostForecast = { ...noDemand, turnoverS }
  for (const one of each) forecast = withVm(forecast, one)
  return forecast
}

/** What one VM adds to the forecast of its host. */
export const forecastOfVm = ({
  nowMilli,
  meanMilli,
  variance,
}: VmForecast): Omit<HostForecast, 'turnoverS'> => ({
  nowMilli,
  meanMilli,
  away: (nowMilli - meanMilli) * (nowMilli - meanMilli),
  variance: Math.max(0, variance),
})

export const withVm = (forecast: HostForecast, vm: VmForecast): HostForecast => add(forecast, vm, 1)
export const withoutVm = (forecast: HostForecast, vm: VmForecast): HostForecast => add(forecast, vm, -1)

const add = (forecast: HostForecast, vm: VmForecast, sign: 1 | -1): HostForecast => {
  const { nowMilli, meanMilli, away, variance } = forecastOfVm(vm)
  return {
    nowMilli: forecast.nowMilli + sign * nowMilli,
    meanMilli: forecast.meanMilli + sign * meanMilli,
    away: Math.max(0, forecast.away + sign * away),
    variance: Math.max(0, forecast.variance + sign * variance),
    turnoverS: forecast.turnoverS,
  }
}

/** Where the chance is looked at, s from now, and the seconds for which each stands. */
const looks: readonly (readonly [atS: number, forS: number])[] = [
  [2, 5],
  [8, 9],
  [20, 16],
  [40, 25],
  [70, 30],
  [100, 15],
]

/**
 * What the overloads of the next `horizonS` will cost, in ms of overload that is really suffered (they are cured as they
 * come). A present overload counts only with the chance that it lasts.
 */
export const expectedOverloadMs = (forecast: HostForecast, usableMilli: number): number => {
  let seconds = 0
  for (const [atS, forS] of looks) {
    const { mean, variance } = expectedAt(forecast, atS)
    seconds += forS * chanceAbove(usableMilli, mean, variance)
  }
  return seconds * lostPermille
}

/** The demand to expect `atS` seconds from now, and its spread (cpuMilli²). */
export const expectedAt = (
  forecast: HostForecast,
  atS: number,
): { readonly mean: number; readonly variance: number } =>
  expectedWhere(forecast, persistenceAt(forecast.turnoverS, atS))

/** The chance that a demand has not been drawn anew within `atS` seconds. */
export const persistenceAt = (turnoverS: number, atS: number): number => decay(atS / turnoverS)

/** As `expectedAt`, with the persistence until then: for many forecasts of one turnover time. */
export const expectedWhere = (
  { nowMilli, meanMilli, away, variance }: Omit<HostForecast, 'turnoverS'>,
  stays: number,
): { readonly mean: number; readonly variance: number } => {
  const turned = 1 - stays
  return {
    mean: nowMilli * stays + meanMilli * turned,
    variance: stays * turned * away + turned * variance,
  }
}

/** e^−x to within 1 %, by multiplication alone: the same on every machine. */
const decay = (x: number): number => {
  let power = 1 / (1 + x / 64)
  for (let i = 0; i < 6; i++) power *= power
  return power
}

/** The chance that a normal amount is above `limit`. */
const chanceAbove = (limit: number, mean: number, variance: number): number => {
  if (variance <= 0) return mean > limit ? 1 : 0
  const z = ((limit - mean) / Math.sqrt(variance)) * 4
  const at = Math.floor(Math.abs(z))
  const upper = at + 1 >= tail.length ? 0 : tail[at]! + (tail[at + 1]! - tail[at]!) * (Math.abs(z) - at)
  return (z >= 0 ? upper : 1e5 - upper) / 1e5
}

/** 10⁵ × the upper tail of the standard normal distribution at 0, ¼, ½ … 4¼ (Abramowitz and Stegun, table 26.1). */
const tail: readonly number[] = [
  50000, 40129, 30854, 22663, 15866, 10565, 6681, 4006, 2275, 1222, 621, 298, 135, 58, 23, 9, 3, 1, 0,
]
