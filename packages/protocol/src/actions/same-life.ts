/**
 * Is a VM the one that the plan was made for (S10)? It was when its host froze its snapshot, and has not been started anew since.
 * Or it was not here then, or not running, and this very plan has brought it here, started or resumed it.
 */
import { departs } from '@drover/placement'
import type { HostId } from '../data/ids.ts'
import type { KnownVm } from '../snapshot/host.ts'
import type { Assigned } from './assigned-action.ts'
import type { ClosedActions } from './closed-actions.ts'

export const isSameLife = (
  { vm, incarnation }: Pick<KnownVm, 'vm' | 'incarnation'>,
  { lease, assign }: Pick<Assigned, 'lease' | 'assign'>,
  closed: Pick<ClosedActions, 'resultOf'>,
  self: HostId,
): boolean =>
  lease.incarnations.get(vm) === incarnation ||
  assign.plan.actions.some(
    (action) =>
      action.vm === vm &&
      !departs(action) &&
      action.to === self &&
      closed.resultOf(action.kind === 'migrate' ? 'arrival' : 'lifecycle', action.id)?.kind === 'done',
  )
