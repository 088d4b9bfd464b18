/** How dimensions are named in reason codes. */
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
