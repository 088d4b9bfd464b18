/**
 * May a VM leave its host, and where must it not go? One rule for all that ask: the detector, the planner, the record of
 * a decision, the explanation. A cool-down (Q1) keeps drover's own decisions from moving a VM to and fro. It binds neither an
 * operator's order, nor a drain, nor the repair of a rule: others decided these.
 */

import type { HostId } from '../data/ids.ts'
import type { Need } from '../data/need.ts'
import type { AnyCode } from '../data/reasons.ts'
import type { MoveFacts } from '../data/snapshot.ts'

/** What a partition is formed for, and the state of the VM's own host. */
export interface Occasion {
  readonly need: Need['kind']
  readonly overloaded: boolean
  readonly draining: boolean
}

/** Is it drover that wants something moved? */
const ownIdea: Readonly<Record<Need['kind'], boolean>> = {
  overload: true,
  forecast: true,
  none: true,
  drain: false,
  rule: false,
  migrate: false,
}

const rests = (vm: MoveFacts, { need, draining }: Occasion): boolean =>
  vm.cooldownMs > 0 && ownIdea[need] && !draining

/** The code that says why it stays, or null: it may leave. A resting VM may leave an overloaded host. */
export const whyStays = (vm: MoveFacts, occasion: Occasion): AnyCode | null =>
  vm.fixed ?? (rests(vm, occasion) && !occasion.overloaded ? 'vm.cooldown' : null)

/** The host that it must not go back to (Q1: no A→B→A), or null. */
export const noReturnTo = (vm: MoveFacts, occasion: Occasion): HostId | null =>
  rests(vm, occasion) ? vm.movedFrom : null
