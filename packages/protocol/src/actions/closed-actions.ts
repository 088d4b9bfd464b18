/**
 * What ended here lately, and how. A peer that missed the news asks again, maybe much later, when the VM has moved on or
 * was paused by its owner: then this memory answers, not what the hypervisor says of the VM's present life.
 */

import type { ActionResult } from '@drover/placement'
import { limits } from '../data/config.ts'
import type { ActionId } from '../data/ids.ts'
import type { ClosedAction } from '../data/io.ts'

export interface ClosedActions {
  remember(closed: ClosedAction): void
  resultOf(end: ClosedAction['end'], action: ActionId): ActionResult | null
}

export const createClosedActions = (restored: readonly ClosedAction[]): ClosedActions => {
  const ends = { departure: new Map<ActionId, ActionResult>(), arrival: new Map<ActionId, ActionResult>() }
  const remember = ({ end, action, result }: ClosedAction): void => {
    const map = ends[end]
    map.delete(action)
    map.set(action, result)
    for (const oldest of map.keys()) if (map.size > limits.closedActionsMax) map.delete(oldest)
  }
  for (const closed of restored) remember(closed)
  return { remember, resultOf: (end, action) => ends[end].get(action) ?? null }
}
