/** Amounts and durations as people read them. For texts only, never for decisions. */
import { type Dimension, dimensions, type Resources } from '@drover/placement'

const rounded = (value: number, digits: number): string => String(Number(value.toFixed(digits)))

/** `1500` → `1.5 cores`. */
export const coresText = (cpuMilli: number): string => {
  const cores = rounded(cpuMilli / 1000, 2)
  return `${cores} core${cores === '1' ? '' : 's'}`
}

/** `2048` → `2048 MiB`, from 10 GiB on `12.5 GiB`. */
export const memoryText = (memoryMiB: number): string =>
  memoryMiB < 10_240 ? `${memoryMiB} MiB` : `${rounded(memoryMiB / 1024, 1)} GiB`

export const amountText = (amount: Resources): string =>
  `${coresText(amount.cpuMilli)}, ${memoryText(amount.memoryMiB)}`

/** Of one dimension. */
export const dimensionText = (amount: Resources, dimension: Dimension): string =>
  dimension === 'cpuMilli' ? coresText(amount.cpuMilli) : memoryText(amount.memoryMiB)

/** `1234` → `1.2 s`; whole seconds from 10 s on, then minutes and hours. */
export const durationText = (ms: number): string => {
  if (ms < 1_000) return `${Math.round(ms)} ms`
  if (ms < 10_000) return `${rounded(ms / 1_000, 1)} s`
  if (ms < 120_000) return `${Math.round(ms / 1_000)} s`
  if (ms < 7_200_000) return `${Math.round(ms / 60_000)} min`
  return `${rounded(ms / 3_600_000, 1)} h`
}

/** `wants 3.2 cores of 4 usable, 2048 MiB of 8192 MiB usable`. */
export const loadText = (demand: Resources, usable: Resources): string =>
  `the VMs want ${dimensions.map((d) => `${dimensionText(demand, d)} of ${dimensionText(usable, d)} usable`).join(', ')}`
