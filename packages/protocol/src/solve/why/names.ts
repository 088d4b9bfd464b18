/** How dimensions are named in reason codes. */

const shortName: Readonly<Record<string, string>> = { cpuMilli: 'cpu', memoryMiB: 'mem' }

export const capacityCode = (dimension: string): string => `capacity.${shortName[dimension] ?? dimension}`
