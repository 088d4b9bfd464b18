/** What the hosts draw: the integral of their power curves over the CPU that their VMs use. */
import type { PowerCurve } from '../workload/workload.ts'

/** Watts at that share (0 … 1) of the CPU: linear between the points of the curve. */
export const wattsAt = (curve: PowerCurve, share: number): number => {
  const at = Math.max(0, Math.min(1, share)) * (curve.length - 1)
  const low = Math.min(Math.floor(at), curve.length - 2)
  const [a = 0, b = a] = [curve[low], curve[low + 1]]
  return a + (b - a) * (at - low)
}

/**
 * What manages the power of hosts. `load`: they do it themselves, and draw what their load needs (DVFS). `none`: nothing
 * does, and every host that is alive draws its maximum all the time; CloudSim's baseline "no power management".
 */
export type PowerManagement = 'none' | 'load'

export interface Energy {
  /** With the power management of this meter; hosts without demand are on. */
  readonly kwh: number
  /** With `none`, whatever is done. */
  readonly fullKwh: number
  /** With `load`, where every host that is alive draws at least its idle power. */
  readonly idleOnKwh: number
  /** With `load`, where a host without demand is off, and draws nothing: waking is instant and free. */
  readonly idleOffKwh: number
}

export interface EnergyMeter {
  /** What host `host` (its place) uses from now on, as a share of its CPU; null = it is dead. */
  set(host: number, share: number | null, nowMs: number): void
  read(nowMs: number): Energy
}

const joulesPerKwh = 3_600_000

export const createEnergyMeter = (
  curves: readonly PowerCurve[],
  { management = 'load' }: { readonly management?: PowerManagement } = {},
): EnergyMeter => {
  const since = new Float64Array(curves.length)
  /** Watts of each host from then on, by way of counting; and what that came to so far. */
  const counts = {
    full: { watts: new Float64Array(curves.length), joules: 0 },
    idleOn: { watts: new Float64Array(curves.length), joules: 0 },
    idleOff: { watts: new Float64Array(curves.length), joules: 0 },
  }
  const { full, idleOn, idleOff } = counts
  const ways = Object.values(counts)

  const account = (host: number, nowMs: number): void => {
    const seconds = (nowMs - since[host]!) / 1_000
    since[host] = nowMs
    for (const way of ways) way.joules += way.watts[host]! * seconds
  }
  return {
    set(host, share, nowMs) {
      account(host, nowMs)
      const curve = curves[host]!
      full.watts[host] = share === null ? 0 : wattsAt(curve, 1)
      idleOn.watts[host] = share === null ? 0 : wattsAt(curve, share)
      idleOff.watts[host] = share === 0 ? 0 : idleOn.watts[host]!
    },
    read(nowMs) {
      for (let host = 0; host < curves.length; host++) account(host, nowMs)
      const fullKwh = full.joules / joulesPerKwh
      const idleOnKwh = idleOn.joules / joulesPerKwh
      return {
        kwh: management === 'none' ? fullKwh : idleOnKwh,
        fullKwh,
        idleOnKwh,
        idleOffKwh: idleOff.joules / joulesPerKwh,
      }
    },
  }
}
