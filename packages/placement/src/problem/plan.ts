/**
 * A plan: a DAG of actions. Only actions whose `after` are all done may start; every prefix of a checked plan
 * is viable, so a plan may be abandoned anywhere.
 */
import type { ActionId, HostId, VmId } from './ids.ts'

interface Common {
  readonly id: ActionId
  readonly vm: VmId
  /** Actions that must be `done` before this one starts: they free what it needs, or a rule asks for the order. */
  readonly after: readonly ActionId[]
}

/** Live migration. */
export interface Migrate extends Common {
  readonly kind: 'migrate'
  readonly from: HostId
  readonly to: HostId
}

/** Save the VM's state to storage, release its memory and CPU. */
export interface Suspend extends Common {
  readonly kind: 'suspend'
  readonly from: HostId
}

/** Bring a suspended VM back. */
export interface Resume extends Common {
  readonly kind: 'resume'
  readonly to: HostId
}

/** Boot a ready VM. */
export interface Start extends Common {
  readonly kind: 'start'
  readonly to: HostId
}

/** Shut a running VM down: it is ready again, and has no host. */
export interface Stop extends Common {
  readonly kind: 'stop'
  readonly from: HostId
}

export type Action = Migrate | Suspend | Resume | Start | Stop

/** Actions after which the VM is on no host. */
export type Departure = Suspend | Stop

export const departs = (action: Action): action is Departure =>
  action.kind === 'suspend' || action.kind === 'stop'

/** Where the VM is when the action begins; null = nowhere. */
export const originOf = (action: Action): HostId | null => ('from' in action ? action.from : null)

export interface Plan {
  readonly actions: readonly Action[]
  /** Estimated seconds from the first start to the last end, in milliseconds. */
  readonly makespanMs: number
}

/** How one action ended. `unknown` is not failure: nothing may follow from it until both ends were observed. */
export type ActionResult =
  | { readonly kind: 'done' }
  | { readonly kind: 'refused'; readonly code: string; readonly detail?: string }
  | { readonly kind: 'unknown'; readonly code: string; readonly detail?: string }
