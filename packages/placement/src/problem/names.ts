/** How dimensions are named in reason codes. */
import { own } from './ids.ts'

const shortName: Readonly<Record<string, string>> = { cpuMilli: 'cpu', memoryMiB: 'mem' }

export const capacityCode = (dimension: string): string =>
  `capacity.${own(shortName, dimension) ?? dimension}`
