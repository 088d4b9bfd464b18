/** What the hosts draw: the integral of their power curves over the CPU that their VMs use. */
import type { PowerCurve } from '../workload/workload.ts'

/** Watts at that share (0 … 1) of the CPU: linear between the points of the curve. */
export const wattsAt = (curve: PowerCurve, share: number): number => {
  const at = Math.max(0, Math.min(1, share)) * (curve.length - 1)
  const low = Math.min(Math.floor(at), curve.length - 2)
  const [a = 0, b = a] = [curve[low], curve[low + 1]]
  return a + (b - a) * (at - low)
}

export interface Energy {
  /** Every host that is alive draws at least its idle power. */
  readonly kwh: number
  /** A host without demand is off, and draws nothing: waking is instant and free (scenarios §2). */
  readonly idleOffKwh: number
}

export interface EnergyMeter {
  /** What host `host` (its place) uses from now on, as a share of its CPU; null = it is dead. */
  set(host: number, share: number | null, nowMs: number): void
  read(nowMs: number): Energy
}

const joulesPerKwh = 3_600_000

export const createEnergyMeter = (curves: readonly PowerCurve[]): EnergyMeter => {
  const watts = new Float64Array(curves.length)
  const wattsIdleOff = new Float64Array(curves.length)
  const since = new Float64Array(curves.length)
  let joules = 0
  let joulesIdleOff = 0

  const book = (host: number, nowMs: number): void => {
    const seconds = (nowMs - since[host]!) / 1_000
    joules += watts[host]! * seconds
    joulesIdleOff += wattsIdleOff[host]! * seconds
    since[host] = nowMs
  }
  return {
    set(host, share, nowMs) {
      book(host, nowMs)
      watts[host] = share === null ? 0 : wattsAt(curves[host]!, share)
      wattsIdleOff[host] = share === 0 ? 0 : watts[host]!
    },
    read(nowMs) {
      for (let host = 0; host < curves.length; host++) book(host, nowMs)
      return { kwh: joules / joulesPerKwh, idleOffKwh: joulesIdleOff / joulesPerKwh }
    },
  }
}
