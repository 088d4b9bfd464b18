/**
 * What is believed of the host itself. Capacity decides whether a host is overloaded, so a single wrong answer of a hypervisor
 * would move its VMs, or invite more than there is room for. So a capacity that is new is believed when two answers in a row
 * agree on it. Until then the one before stays believed, and the host promises nothing.
 */

import { dimensions, type Resources } from '@drover/placement'
import { limits } from '../data/config.ts'
import type { HostDescription } from '../data/io.ts'
import type { StepContext } from '../step-context.ts'
import type { HostState } from './host.ts'

/** No host has nothing, and none has so much that other agents would not read it: such an answer is wrong. */
const isPossible = (capacity: Resources): boolean =>
  dimensions.every((d) => capacity[d] > 0 && capacity[d] <= limits.amountMax)

const agrees = (told: HostDescription, other: HostDescription | null): boolean =>
  other !== null && dimensions.every((d) => told.capacity[d] === other.capacity[d])

/** Takes in one answer of the hypervisor. True: ask it once more, now. */
export const describe = (host: HostState, told: HostDescription): boolean => {
  const first = host.claimed === null
  if (agrees(told, host.description) || (isPossible(told.capacity) && agrees(told, host.claimed))) {
    host.description = told
    host.claimed = null
    return false
  }
  host.claimed = told
  // Where no two answers agree, each sample asks again: `askAgain`.
  return first
}

/** What the hypervisor last told of the host is not believed yet. */
export const isClaimOpen = (host: HostState): boolean => host.claimed !== null

/** With each sample: no two answers have agreed so far. */
export const askAgain = (context: StepContext, { claimed }: HostState): void => {
  if (claimed === null) return
  const { cpuMilli, memoryMiB } = claimed.capacity
  context.warn(
    'capacity.unknown',
    `no two answers of the hypervisor agree on what this host has; the last one was ${cpuMilli} mCPU, ${memoryMiB} MiB`,
  )
  context.emit({ kind: 'describe' })
}
