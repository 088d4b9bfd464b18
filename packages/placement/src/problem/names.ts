/** How dimensions and amounts are named: in reason codes, and in texts for people. */
import { own } from './ids.ts'
import type { Dimension } from './resources.ts'

const codes = { cpuMilli: 'capacity.cpu', memoryMiB: 'capacity.mem' } as const satisfies Record<
  Dimension,
  string
>

export type CapacityCode = (typeof codes)[Dimension]

/** A problem that is none of a partition may have dimensions of its own: these name themselves. */
export function capacityCode(dimension: Dimension): CapacityCode
export function capacityCode(dimension: string): string
export function capacityCode(dimension: string): string {
  return own<string>(codes, dimension) ?? `capacity.${dimension}`
}

const rounded = (value: number, digits: number): string => String(Number(value.toFixed(digits)))

/** `1500` → `1.5 cores`. */
export const coresText = (cpuMilli: number, digits = 2): string => {
  const cores = rounded(cpuMilli / 1000, digits)
  return `${cores} core${cores === '1' ? '' : 's'}`
}

/** `2048` → `2048 MiB`, from 10 GiB on `12.5 GiB`. */
export const memoryText = (memoryMiB: number, digits = 1): string =>
  memoryMiB < 10_240 ? `${memoryMiB} MiB` : `${rounded(memoryMiB / 1024, digits)} GiB`

/** An amount in the units that people use, fine enough that different amounts read differently. */
export const amountText = (dimension: string, amount: number): string =>
  dimension === 'cpuMilli'
    ? coresText(amount, 3)
    : dimension === 'memoryMiB'
      ? memoryText(amount, 3)
      : `${amount} ${dimension}`

/** The dimension itself: `CPU`, `memory`. */
export const dimensionText = (dimension: string): string =>
  own<string>({ cpuMilli: 'CPU', memoryMiB: 'memory' }, dimension) ?? dimension
