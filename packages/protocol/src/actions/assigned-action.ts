/** The action that a leader wants begun, if the lease and the plan that it names are in force here (S6, S10). */
import type { Action } from '@drover/placement'
import { isCurrent, type Lease } from '../data/lease.ts'
import type { Assign, Begin } from '../data/message.ts'
import type { Refusal } from './refusal.ts'

export interface Assigned {
  readonly action: Action
  readonly lease: Lease
  /** The plan that names it, and what the plan was made from. */
  readonly assign: Assign
}

export const assignedAction = (
  lease: Lease | null,
  { partition, epoch, action: id }: Pick<Begin, 'partition' | 'epoch' | 'action'>,
): Assigned | Refusal => {
  if (!isCurrent(lease, partition, epoch)) return { code: 'lease.stale', text: 'no such lease here' }
  if (lease.assigned === null) return { code: 'plan.unknown', text: 'no plan was assigned here' }
  const { assign, unsound } = lease.assigned
  if (unsound !== null) return { code: 'plan.unsound', text: unsound }
  const action = assign.plan.actions.find((one) => one.id === id)
  if (action === undefined) return { code: 'plan.unknown', text: 'no such action in the plan' }
  return { action, lease, assign }
}
