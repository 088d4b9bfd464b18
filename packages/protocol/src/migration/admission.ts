/** The last checks before a migration begins: the source looks again at its VM, the destination at its promises (S9–S11). */

import type { Migrate } from '@drover/placement'
import { type Assigned, assignedAction } from '../actions/assigned-action.ts'
import type { ClosedActions } from '../actions/closed-actions.ts'
import { doorClosed, noPlaceFor } from '../actions/may-come.ts'
import type { Refusal } from '../actions/refusal.ts'
import { isSameLife } from '../actions/same-life.ts'
import { type HostId, type Instant, own } from '../data/ids.ts'
import type { Lease } from '../data/lease.ts'
import type { Begin } from '../data/message.ts'
import type { VmSnapshot } from '../data/snapshot.ts'
import { fixedCode, type HostState, snapshotVm } from '../snapshot/host.ts'
import type { Expected } from '../snapshot/ledger.ts'

/** What the source needs to begin, or why it must not. */
export const mayLeave = (
  host: HostState,
  assigned: Pick<Assigned, 'lease' | 'assign'>,
  migrate: Migrate,
  closed: Pick<ClosedActions, 'resultOf'>,
  self: HostId,
  now: Instant,
): { readonly toEpoch: number; readonly vm: VmSnapshot; readonly paused: boolean } | Refusal => {
  const vm = host.vms.get(migrate.vm)
  if (migrate.from !== self || vm === undefined) return { code: 'vm.absent', text: 'the VM is not here' }
  // It still counts, in case the look was wrong: it is no ground to begin.
  if (vm.unseen === 0) return { code: 'vm.absent', text: 'the last look at this host does not show the VM' }
  if (!isSameLife(vm, assigned, closed, self))
    return { code: 'vm.restarted', text: 'the VM was started anew' }
  const fixed = fixedCode(host, now, vm)
  if (fixed !== null) return { code: fixed, text: `the VM must stay: ${fixed}` }
  return {
    toEpoch: own(assigned.assign.epochs, migrate.to) ?? 0,
    vm: snapshotVm(host, now, vm),
    paused: !vm.diskLocked,
  }
}

/** Why this host cannot take the VM in, or null. */
export const mayArrive = (
  host: HostState,
  lease: Lease | null,
  promises: readonly Expected[],
  arriving: VmSnapshot,
  named: Pick<Begin, 'partition' | 'epoch' | 'action'>,
  closed: Pick<ClosedActions, 'resultOf'>,
  self: HostId,
  migrationsIn: { readonly now: number; readonly max: number },
): Refusal | null => {
  // The plan may be right about its source, and wrong about this host.
  const assigned = assignedAction(lease, named)
  if ('code' in assigned) return assigned
  const shut = doorClosed(host, promises, arriving.vm)
  if (shut !== null) return shut
  if (migrationsIn.now >= migrationsIn.max)
    return { code: 'limit.in', text: `${migrationsIn.now} migrations come in already` }
  return noPlaceFor(host, assigned.lease, promises, arriving, closed, self)
}
