/**
 * The vocabulary of placement rules. Each rule is data (here), an independent checker, and its part in the solver
 * (after btrplace's `Spread` / `SpreadChecker` / `CSpread`). A *continuous* rule holds at every step of a plan too,
 * not only at its end.
 *
 * That a host drains or is off, and that a VM is to run, sleep or stay ready, are states of the problem's hosts
 * and VMs, not rules.
 */
import type { HostId, VmId } from '../../ids.ts'

interface Common {
  /** For people, and for `explain`. */
  readonly name?: string
  /** Default true: also between two actions. (`gather`, `maxOnline`: default false, see there.) */
  readonly continuous?: boolean
  /** Absent = hard. Soft: its violation costs this much in the objective, once per rule. */
  readonly weight?: number
}

/** No two of the VMs on one host. */
export interface Spread extends Common {
  readonly kind: 'spread'
  readonly vms: readonly VmId[]
}

/** No two of the VMs in one failure domain. */
export interface DomainSpread extends Common {
  readonly kind: 'domainSpread'
  readonly vms: readonly VmId[]
}

/** None of the VMs on any of the hosts. */
export interface Ban extends Common {
  readonly kind: 'ban'
  readonly vms: readonly VmId[]
  readonly hosts: readonly HostId[]
}

/** All of the VMs only on these hosts. */
export interface Fence extends Common {
  readonly kind: 'fence'
  readonly vms: readonly VmId[]
  readonly hosts: readonly HostId[]
}

/** All of the VMs on one host. Continuous, it would forbid the group ever to move: default false. */
export interface Gather extends Common {
  readonly kind: 'gather'
  readonly vms: readonly VmId[]
}

/** VMs of different parts never share a host. */
export interface Split extends Common {
  readonly kind: 'split'
  readonly parts: readonly (readonly VmId[])[]
}

/** All of the VMs in one of these groups of hosts. */
export interface Among extends Common {
  readonly kind: 'among'
  readonly vms: readonly VmId[]
  readonly parts: readonly (readonly HostId[])[]
}

/** Each part of VMs in one group of hosts, no two parts in the same group. */
export interface SplitAmong extends Common {
  readonly kind: 'splitAmong'
  readonly parts: readonly (readonly VmId[])[]
  readonly among: readonly (readonly HostId[])[]
}

/** The VMs share their hosts with no others. */
export interface Lonely extends Common {
  readonly kind: 'lonely'
  readonly vms: readonly VmId[]
}

/** VMs that run now stay where they are. */
export interface Root extends Common {
  readonly kind: 'root'
  readonly vms: readonly VmId[]
}

/** No VM enters these hosts, none leaves them. */
export interface Quarantine extends Common {
  readonly kind: 'quarantine'
  readonly hosts: readonly HostId[]
}

/** What happens to a VM is done before anything happens to the next. Concerns the plan only. */
export interface Seq extends Common {
  readonly kind: 'seq'
  readonly vms: readonly VmId[]
}

/** The VMs get at least this much of a dimension. Always hard and continuous. */
export interface Preserve extends Common {
  readonly kind: 'preserve'
  readonly vms: readonly VmId[]
  readonly dimension: string
  readonly amount: number
}

/** The limits of these hosts count as this many permille of what they are. Always hard and continuous. */
export interface Overbook extends Common {
  readonly kind: 'overbook'
  readonly hosts: readonly HostId[]
  readonly dimension: string
  readonly permille: number
}

/** The demands on these hosts together stay within `amount`. */
export interface ResourceCapacity extends Common {
  readonly kind: 'resourceCapacity'
  readonly hosts: readonly HostId[]
  readonly dimension: string
  readonly amount: number
}

/** At most this many VMs run on these hosts together. */
export interface RunningCapacity extends Common {
  readonly kind: 'runningCapacity'
  readonly hosts: readonly HostId[]
  readonly amount: number
}

/** At most this many of the hosts carry VMs at the end, so that the others may be off. Default not continuous. */
export interface MaxOnline extends Common {
  readonly kind: 'maxOnline'
  readonly hosts: readonly HostId[]
  readonly amount: number
}

/** The rules that agents exchange so far. */
export type Rule = Spread | Ban | Fence

/** All that the solver, the planner and the checker understand. */
export type PlacementRule = (
  | Rule
  | DomainSpread
  | Gather
  | Split
  | Among
  | SplitAmong
  | Lonely
  | Root
  | Quarantine
  | Seq
  | Preserve
  | Overbook
  | ResourceCapacity
  | RunningCapacity
  | MaxOnline
) & {
  /** Its path in the document that it was read from, e.g. `constraints[12]`. */
  readonly readAt?: string
}

/** Does the rule hold between actions too? */
export const isContinuous = (rule: PlacementRule): boolean =>
  rule.continuous ?? !(rule.kind === 'gather' || rule.kind === 'maxOnline')
