/**
 * What a kind of placement rule is made of. Each kind is one file of this folder: its data, its independent checker, the
 * constraint that the solver and the planner make of it, its reason code and its words for people (after btrplace's `Spread`,
 * `SpreadChecker`, `CSpread`, `SpreadConverter`); and one line in `registry.ts`. Nothing else may ask of which kind a rule is.
 *
 * A *continuous* rule holds at every step of a plan too, not only at its end. That a host drains or is off, and that a VM is to run,
 * sleep or stay ready, are states of the problem's hosts and VMs, not rules.
 */
import type { HostId, VmId } from '../problem/ids.ts'
import type { Constraint } from './constraint.ts'
import type { RuleCode, RuleViolation, Stays } from './stay.ts'

/** What every rule may say beside its own data. */
export interface Common {
  /** For people, and for `explain`. */
  readonly name?: string
  /** Also between two actions? Default: what its kind says. */
  readonly continuous?: boolean
  /** The reason code to say instead of that of its kind: what the rule stands for, e.g. `vm.cooldown`. */
  readonly code?: string
  /** Absent = hard. Soft: its violation costs this much in the objective, once per rule. */
  readonly weight?: number
}

/** The forms of a rule's own data. Documents, messages and the agent's configuration are read and written by them. */
export interface FormTypes {
  readonly vms: readonly VmId[]
  readonly hosts: readonly HostId[]
  /** Lists of VMs that have no VM in common. */
  readonly vmParts: readonly (readonly VmId[])[]
  /** Lists of hosts that have no host in common. */
  readonly hostGroups: readonly (readonly HostId[])[]
  /** One of the problem's dimensions. */
  readonly dimension: string
  /** What VMs say of themselves (problem/labels.ts). */
  readonly label: string
  readonly amount: number
  readonly permille: number
}

export type Form = keyof FormTypes
/** With a question mark where the field may be absent. */
export type Field = Form | `${Form}?`

export const formOf = (field: Field): Form => field.replace('?', '') as Form

/** Something for each field, by its form: a schema, an arbitrary value. */
export const byForm = <T>(
  fields: Readonly<Record<string, Field>>,
  of: { readonly [F in Form]: T },
  optional: (one: T) => T,
): Readonly<Record<string, T>> =>
  Object.fromEntries(
    Object.entries(fields).map(([key, field]) => {
      const one = of[formOf(field)]
      return [key, field.endsWith('?') ? optional(one) : one]
    }),
  )

type FormOf<T> = {
  readonly [F in Form]: [T] extends [FormTypes[F]] ? ([FormTypes[F]] extends [T] ? F : never) : never
}[Form]

/** The form of each field that `R` has beside those of all rules. */
export type Fields<R> = {
  readonly [K in Exclude<keyof R, keyof Common | 'kind'>]-?: object extends Pick<R, K>
    ? `${FormOf<Exclude<R[K], undefined>>}?`
    : FormOf<R[K]>
}

/** A rule of kind `R`, as far as its file says it. */
export interface Definition<R extends Common & { readonly kind: string }> {
  readonly kind: R['kind']
  /** What it asks for, as a clause behind its kind: "no two of the VMs on one host". */
  readonly meaning: string
  readonly fields: Fields<R>
  /** With fewer VMs it says nothing. Default 1. */
  readonly vmsMin?: number
  /** Is it continuous where it does not say? Default true. */
  readonly continuous?: false
  /** Why a VM may not be where the rule does not want it. */
  readonly code: RuleCode
  /** What it says, beside its kind: "a, b; h1". */
  content(rule: R): string
  /** What the solver and the planner are to keep. */
  constraint(rule: R): Constraint
  /** What is wrong: written apart from the solver and the planner, and sharing nothing with them. */
  check(rule: R, stays: Stays): readonly RuleViolation[]
  /** The same rule asking for less, where it has an amount that can be raised. */
  raised?(rule: R, by: number): R
}
