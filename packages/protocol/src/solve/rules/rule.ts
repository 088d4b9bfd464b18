/**
 * The vocabulary of placement rules. Each rule is data (here), an independent checker, and its part in the solver
 * (after btrplace's `Spread` / `SpreadChecker` / `CSpread`). A *continuous* rule holds at every step of a plan too,
 * not only at its end.
 */
import type { HostId, VmId } from '../../ids.ts'

interface Common {
  /** For people, and for `explain`. */
  readonly name?: string
  /** Default true: also between two actions. */
  readonly continuous?: boolean
  /** Absent = hard. Soft: its violation costs this much in the objective. */
  readonly weight?: number
}

/** No two of the VMs on one host. */
export interface Spread extends Common {
  readonly kind: 'spread'
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

export type Rule = Spread | Ban | Fence
