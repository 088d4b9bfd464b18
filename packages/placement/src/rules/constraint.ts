/**
 * What rules ask of the solver and of the planner: data in a small vocabulary of their own. Many kinds of rules are
 * made of these few constraints, so that a new kind of rule mostly picks one. Each is carried out in one place:
 * `model/compile-rules.ts` makes compiled constraints and domains of them, `model/amounts.ts` limits and demands,
 * `order/capacity-pools.ts` what is counted along the way.
 */
import type { HostId, VmId } from '../problem/ids.ts'

/** No two of the VMs in one place. */
export interface AllApart {
  readonly is: 'allApart'
  readonly vms: readonly VmId[]
  readonly place: 'host' | 'domain'
}

/** VMs of different parts never on one host. */
export interface PartsApart {
  readonly is: 'partsApart'
  readonly parts: readonly (readonly VmId[])[]
}

/** The VMs share their hosts with no others. */
export interface Alone {
  readonly is: 'alone'
  readonly vms: readonly VmId[]
}

/** The VMs only on these hosts, or on none of them. */
export interface Confined {
  readonly is: 'confined'
  readonly vms: readonly VmId[]
  readonly to: 'these' | 'others'
  readonly hosts: readonly HostId[]
}

/** VMs that run now stay where they are. */
export interface Rooted {
  readonly is: 'rooted'
  readonly vms: readonly VmId[]
}

/** No VM enters these hosts, none leaves them. */
export interface Closed {
  readonly is: 'closed'
  readonly hosts: readonly HostId[]
}

/** Each part of VMs in one group of hosts, no two parts in the same group. */
export interface Together {
  readonly is: 'together'
  readonly parts: readonly (readonly VmId[])[]
  /** `hosts`: each host is a group. */
  readonly groups: readonly (readonly HostId[])[] | 'hosts'
}

/** The VMs on these hosts add up to at most this much, all hosts together. */
export interface Cap {
  readonly is: 'cap'
  readonly hosts: readonly HostId[]
  /** What is added up: how many they are, or what they want of a dimension. */
  readonly of: 'vms' | { readonly dimension: string }
  readonly max: number
}

/** At most this many of the VMs with the label on each of the hosts. */
export interface Cardinality {
  readonly is: 'cardinality'
  readonly label: string
  readonly hosts: readonly HostId[] | 'all'
  readonly max: number
}

/** At most this many of the hosts carry VMs. */
export interface UsedHosts {
  readonly is: 'usedHosts'
  readonly hosts: readonly HostId[]
  readonly max: number
}

/** What happens to a VM is done before anything happens to the next. */
export interface Ordered {
  readonly is: 'ordered'
  readonly vms: readonly VmId[]
}

/** The VMs want at least this much. */
export interface DemandFloor {
  readonly is: 'demandFloor'
  readonly vms: readonly VmId[]
  readonly dimension: string
  readonly amount: number
}

/** The limits of these hosts count as this many permille of what they are. */
export interface LimitScale {
  readonly is: 'limitScale'
  readonly hosts: readonly HostId[]
  readonly dimension: string
  readonly permille: number
}

export type Constraint =
  | AllApart
  | PartsApart
  | Alone
  | Confined
  | Rooted
  | Closed
  | Together
  | Cap
  | Cardinality
  | UsedHosts
  | Ordered
  | DemandFloor
  | LimitScale

export type ConstraintKind = Constraint['is']

/**
 * When it binds a plan. `continuous`: at every step if its rule is continuous and hard. `always`: it defines amounts or
 * order.
 */
const binding: Readonly<Record<ConstraintKind, 'continuous' | 'always'>> = {
  allApart: 'continuous',
  partsApart: 'continuous',
  alone: 'continuous',
  confined: 'continuous',
  rooted: 'continuous',
  closed: 'continuous',
  together: 'continuous',
  cap: 'continuous',
  cardinality: 'continuous',
  usedHosts: 'continuous',
  ordered: 'always',
  demandFloor: 'always',
  limitScale: 'always',
}

export const bindsAlways = ({ is }: Constraint): boolean => binding[is] === 'always'

/** Do VMs have to heed each other, pair by pair? (Caps are over all VMs that are there.) */
const tying: Readonly<Record<ConstraintKind, boolean>> = {
  allApart: true,
  partsApart: true,
  alone: true,
  confined: false,
  rooted: false,
  closed: false,
  together: true,
  cap: false,
  cardinality: false,
  usedHosts: false,
  ordered: false,
  demandFloor: false,
  limitScale: false,
}

export const ties = ({ is }: Constraint): boolean => tying[is]

/** About amounts of a dimension only: it says nothing where VMs weigh nothing. */
export const isOfAmounts = (constraint: Constraint): boolean =>
  constraint.is === 'demandFloor' ||
  constraint.is === 'limitScale' ||
  (constraint.is === 'cap' && constraint.of !== 'vms')

/** The cap of one host in one dimension is that host's limit, and is treated as one. */
export const isHostLimit = (
  constraint: Constraint,
): constraint is Cap & { readonly of: { readonly dimension: string } } =>
  constraint.is === 'cap' && constraint.of !== 'vms' && constraint.hosts.length === 1
