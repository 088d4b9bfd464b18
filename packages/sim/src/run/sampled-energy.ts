/**
 * Energy as CloudSim 3.0.3 meters it (`PowerDatacenter`, `PowerHost.getEnergyLinearInterpolation`), so that our figures
 * can be put beside published ones. It looks at the hosts at fixed times, and takes the power between two looks to
 * change linearly from one to the other. A host is off where an interval begins and ends without demand, so one with
 * demand at one end draws idle power in all of it. The interval after the first look is not charged: the VMs have just
 * been made then, and nothing was seen of them.
 */
import type { PowerCurve } from '../workload/workload.ts'
import { wattsAt } from './energy.ts'

export interface SampledEnergyMeter {
  /** What host `host` (its place) uses from now on, as a share of its CPU; null = it is dead. */
  set(host: number, share: number | null, nowMs: number): void
  /** kWh until the last look before or at `nowMs`, when all that happens at that moment has happened. */
  read(nowMs: number): number
}

export const createSampledEnergyMeter = (
  curves: readonly PowerCurve[],
  periodMs: number,
): SampledEnergyMeter => {
  /** Now and at the last look; −1 = dead. */
  const shares = new Float64Array(curves.length)
  const seen = new Float64Array(curves.length)
  const looks = new Int32Array(curves.length)
  let joules = 0

  const watts = (host: number, share: number): number => (share < 0 ? 0 : wattsAt(curves[host]!, share))
  const look = (host: number): void => {
    const [from, to] = [seen[host]!, shares[host]!]
    seen[host] = to
    const number = looks[host]!++
    if (number < 2 || (from <= 0 && to <= 0)) return
    joules += ((watts(host, from) + watts(host, to)) / 2) * (periodMs / 1_000)
  }
  return {
    set(host, share, nowMs) {
      // A look at this very moment has to wait for what else happens in it.
      while (looks[host]! * periodMs < nowMs) look(host)
      shares[host] = share ?? -1
    },
    read(nowMs) {
      for (let host = 0; host < curves.length; host++) while (looks[host]! * periodMs <= nowMs) look(host)
      return joules / 3_600_000
    },
  }
}
