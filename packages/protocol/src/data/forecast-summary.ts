/** What a host tells the others of what it expects of its demand: integers, and how they are read again. */
import type { HostForecast } from '@drover/placement'

/** A host forecast as it is said to others: integers. */
export interface ForecastSummary {
  readonly meanMilli: number
  /** √Σ (now − mean)² and √Σ variance, cpuMilli. */
  readonly awayMilli: number
  readonly deviationMilli: number
  readonly turnoverS: number
}

export const forecastSummaryOf = ({
  meanMilli,
  away,
  variance,
  turnoverS,
}: HostForecast): ForecastSummary => ({
  meanMilli: Math.max(0, Math.round(meanMilli)),
  awayMilli: Math.round(Math.sqrt(away)),
  deviationMilli: Math.round(Math.sqrt(variance)),
  turnoverS: Math.round(turnoverS),
})

export const forecastOfSummary = (said: ForecastSummary, nowMilli: number): HostForecast => ({
  nowMilli,
  meanMilli: said.meanMilli,
  away: said.awayMilli * said.awayMilli,
  variance: said.deviationMilli * said.deviationMilli,
  turnoverS: Math.max(1, said.turnoverS),
})
