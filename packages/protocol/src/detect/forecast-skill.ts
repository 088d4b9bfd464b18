/**
 * May this host believe its own forecast? Forecast verification by the continuous ranked probability score: every ten seconds
 * the host notes the demand that it expects of its VMs at the horizon. At that time it scores the note against the demand that
 * it sees, and beside it the persistence forecast: demand stays "as it is now". VMs that have left do not count, so that a
 * migration is no error of the forecast.
 *
 * The forecast assumes that VMs are independent and return to their means. Where VMs rise together (waves, roll-outs, a
 * daily peak) the demand of the host strays much farther than expected, and the score shows it.
 */

import {
  assert,
  expectedWhere,
  forecastOfVm,
  horizonS,
  persistenceAt,
  type VmForecast,
  type VmForecasts,
  type VmId,
} from '@drover/placement'
import { limits } from '../data/config.ts'
import type { Instant } from '../data/ids.ts'
import { type KnownVm, wasMeasured } from '../snapshot/host.ts'

/** A note is scored so many slots later. */
const horizonSlots = (horizonS * 1_000) / limits.forecastNoteMs
/** So many notes must have been scored: those of one horizon. Against a verdict on one lucky moment. */
const countMin = horizonSlots
/**
 * Why the forecast of a host is not believed. `unproven`: too few notes were scored. `no_better`: persistence scores as well.
 * `together`: the VMs rise and fall together, so that their errors add up.
 */
export type ForecastDoubt = 'forecast.unproven' | 'forecast.no_better' | 'forecast.together'

interface Note {
  readonly slot: number
  /** In the order of `each`; null = not measured when it was noted. */
  readonly vms: readonly (VmId | null)[]
  readonly each: readonly VmForecast[]
  readonly turnoverS: number
}

/** Faded sums over the notes that were scored. */
interface Sums {
  /** How often; not faded. */
  readonly count: number
  /** The ranked score of the forecast, and of "as it is now". */
  readonly score: number
  readonly asNow: number
  /** Squared errors of the host, and of each of its VMs, cpuMilli². */
  readonly squares: number
  readonly ownSquares: number
}

const unscored: Sums = { count: 0, score: 0, asNow: 0, squares: 0, ownSquares: 0 }

type Vms = ReadonlyMap<VmId, KnownVm>

const measured = (vm: KnownVm | undefined): vm is KnownVm => vm !== undefined && wasMeasured(vm)

const scored = (sums: Sums, { vms: noted, each, turnoverS }: Note, vms: Vms): Sums => {
  const stays = persistenceAt(turnoverS, horizonS)
  let error = 0
  let change = 0
  let spread = 0
  let ownSquares = 0
  let count = 0
  for (let i = 0; i < each.length; i++) {
    const vm = noted[i]
    const here = vm == null ? undefined : vms.get(vm)
    if (!measured(here)) continue
    const forecast = each[i]!
    const seen = here.demand.cpuMilli
    const { mean, variance } = expectedWhere(forecastOfVm(forecast), stays)
    count += 1
    error += seen - mean
    change += seen - forecast.nowMilli
    spread += variance
    ownSquares += (seen - mean) * (seen - mean)
  }
  if (count === 0) return sums
  assert(spread >= 0 && Number.isFinite(error), 'a forecast misses by an amount, and has a spread')
  return {
    count: sums.count + 1,
    score: sums.score * limits.forecastFade + rankedScore(error, Math.sqrt(spread)),
    asNow: sums.asNow * limits.forecastFade + rankedScore(change, 0),
    squares: sums.squares * limits.forecastFade + error * error,
    ownSquares: sums.ownSquares * limits.forecastFade + ownSquares,
  }
}

const doubtOn = ({ count, score, asNow, squares, ownSquares }: Sums): ForecastDoubt | null => {
  if (count < countMin) return 'forecast.unproven'
  if (squares > ownSquares * limits.forecastTogetherMax) return 'forecast.together'
  return asNow === 0 || score * 1_000 > asNow * limits.forecastScorePermilleMax ? 'forecast.no_better' : null
}

const measuredOf = (vms: Vms): Note['vms'] => {
  const noted: (VmId | null)[] = []
  for (const vm of vms.values()) noted.push(measured(vm) ? vm.vm : null)
  return noted
}

/** To be called with each sample: its VMs, and the forecast of each, in the same order. The answer: null = believed. */
export const createForecastSkill = () => {
  let notes: readonly Note[] = []
  let last = -1
  let sums = unscored
  let doubt: ForecastDoubt | null = 'forecast.unproven'

  return (sampledAt: Instant, vms: Vms, forecasts: () => VmForecasts): ForecastDoubt | null => {
    const slot = Math.floor(sampledAt / limits.forecastNoteMs)
    if (slot === last) return doubt
    last = slot
    const due = slot - horizonSlots
    for (const note of notes) if (note.slot === due) sums = scored(sums, note, vms)
    // Notes that came due between two samples are dropped; so are those from the future, after a clock was set back.
    notes = notes.filter((note) => note.slot > due && note.slot < slot)
    doubt = doubtOn(sums)
    const { each, known, turnoverS } = forecasts()
    if (!known) return doubt
    notes = [...notes, { slot, vms: measuredOf(vms), each, turnoverS }]
    assert(notes.length <= horizonSlots, () => `${notes.length} notes are no more than those of one horizon`)
    return doubt
  }
}

/**
 * The continuous ranked probability score (Gneiting and Raftery, JASA 2007) of a normal forecast that missed by `error`:
 * the less the better, in the unit of what is foreseen, best for the true mean and spread. Without a spread it is the
 * absolute error.
 */
export const rankedScore = (error: number, deviation: number): number => {
  const miss = Math.abs(error)
  const z = (miss / deviation) * 4
  const at = Math.floor(z)
  if (!(at + 1 < ranked.length)) return miss - deviation * farOff
  return deviation * (ranked[at]! + (ranked[at + 1]! - ranked[at]!) * (z - at))
}

/** The score of the standard normal forecast that missed by 0, ¼, ½ … 4¼; farther off it is the miss less 1/√π. */
const ranked: readonly number[] = [
  0.2337, 0.2585, 0.3314, 0.4481, 0.6024, 0.787, 0.9944, 1.2182, 1.4528, 1.6943, 1.9398, 2.1876, 2.4366,
  2.6861, 2.9359, 3.1859, 3.4358, 3.6858,
]
const farOff = 0.5642
