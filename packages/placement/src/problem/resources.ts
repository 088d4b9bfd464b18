/**
 * Amounts of what a host has and a VM wants: non-negative integers, one per dimension.
 * Code loops over `dimensions`, so that another dimension is one line here.
 */

/** `cpuMilli`: 1000 = one core fully used. `memoryMiB`: mebibytes. */
export const dimensions = ['cpuMilli', 'memoryMiB'] as const
export type Dimension = (typeof dimensions)[number]
export type Resources = Readonly<Record<Dimension, number>>

/** Written out, because it is called all the time; the compiler asks for a dimension that is missing. */
export const resources = (of: (dimension: Dimension) => number): Resources => ({
  cpuMilli: of('cpuMilli'),
  memoryMiB: of('memoryMiB'),
})

export const nothing: Resources = resources(() => 0)

export const add = (a: Resources, b: Resources): Resources => resources((d) => a[d] + b[d])

/** Never below zero: a reserve greater than the capacity leaves nothing usable. */
export const subtract = (a: Resources, b: Resources): Resources => resources((d) => Math.max(0, a[d] - b[d]))

export const sum = (all: Iterable<Resources>): Resources => {
  const total: Record<Dimension, number> = { ...nothing }
  for (const one of all) for (const d of dimensions) total[d] += one[d]
  return total
}

/** `permille` thousandths of each amount, rounded down. */
export const scale = (a: Resources, permille: number): Resources =>
  resources((d) => Math.floor((a[d] * permille) / 1000))

export const fits = (wanted: Resources, room: Resources): boolean =>
  dimensions.every((d) => wanted[d] <= room[d])

/** The first dimension in which `wanted` exceeds `room`, or null when it fits. */
export const firstExcess = (wanted: Resources, room: Resources): Dimension | null =>
  dimensions.find((d) => wanted[d] > room[d]) ?? null
