/** Amounts and durations as people read them. For texts only, never for decisions. */
import { amountText, coresText, dimensions, memoryText, type Resources } from '@drover/placement'

const rounded = (value: number, digits: number): string => String(Number(value.toFixed(digits)))

export const resourcesText = (amount: Resources): string =>
  `${coresText(amount.cpuMilli)}, ${memoryText(amount.memoryMiB)}`

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
  `the VMs want ${dimensions.map((d) => `${amountText(d, demand[d])} of ${amountText(d, usable[d])} usable`).join(', ')}`
