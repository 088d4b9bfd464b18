/** What may be asked of any rule. The answers are in the file of its kind. */
import type { VmId } from '../../ids.ts'
import { bindsAlways, type Constraint, type ConstraintKind } from './constraint.ts'
import { type Definition, type Field, type Form, type FormTypes, formOf } from './definition.ts'
import { allRules, type PlacementRule } from './registry.ts'

export type { PlacementRule, Rule } from './registry.ts'

/** A definition, for whatever kind of rule it is asked about: only to be asked about its own. */
export interface AnyDefinition extends Omit<Definition<PlacementRule>, 'fields'> {
  readonly fields: Readonly<Record<string, Field>>
}

/** Per kind, its fields of one form. */
const keysWith = (form: Form): ReadonlyMap<string, readonly string[]> =>
  new Map(
    Object.values(allRules).map(({ kind, fields }) => [
      kind,
      Object.entries<Field>(fields).flatMap(([key, field]) => (formOf(field) === form ? [key] : [])),
    ]),
  )

const keysOf = {
  vms: keysWith('vms'),
  vmParts: keysWith('vmParts'),
  hosts: keysWith('hosts'),
  hostGroups: keysWith('hostGroups'),
}

const keysIn = (rule: PlacementRule, form: keyof typeof keysOf): readonly string[] =>
  keysOf[form].get(rule.kind)!

export const definitionOf = (rule: PlacementRule): AnyDefinition =>
  allRules[rule.kind] as unknown as AnyDefinition

export const constraintOf = (rule: PlacementRule): Constraint => definitionOf(rule).constraint(rule)

/** The constraints of one kind, each with the rule that makes it. */
export const constraintsOf = <K extends ConstraintKind>(
  rules: readonly PlacementRule[],
  is: K,
): readonly (Extract<Constraint, { readonly is: K }> & { readonly rule: PlacementRule })[] =>
  rules.flatMap((rule) => {
    const constraint = constraintOf(rule)
    return constraint.is === is ? [{ ...(constraint as Extract<Constraint, { readonly is: K }>), rule }] : []
  })

/** Does the rule hold between actions too? */
export const isContinuous = (rule: PlacementRule): boolean =>
  rule.continuous ?? definitionOf(rule).continuous ?? true

/** Does it bind a plan on its way, and not only its end? */
export const bindsOnTheWay = (rule: PlacementRule): boolean =>
  (rule.weight === undefined && isContinuous(rule)) || bindsAlways(constraintOf(rule))

/** What the rule says in fields of one form; absent ones left out. */
export const valuesOf = <F extends keyof typeof keysOf>(
  rule: PlacementRule,
  form: F,
): readonly FormTypes[F][] =>
  keysIn(rule, form).flatMap((key) => {
    const value = (rule as unknown as Readonly<Record<string, FormTypes[F] | undefined>>)[key]
    return value === undefined ? [] : [value]
  })

/** The VMs that it names; null: its kind names none. */
export const vmsOf = (rule: PlacementRule): readonly VmId[] | null => {
  if (keysIn(rule, 'vms').length + keysIn(rule, 'vmParts').length === 0) return null
  const [vms, ...more] = [...valuesOf(rule, 'vms'), ...valuesOf(rule, 'vmParts').flat()]
  return more.length === 0 ? (vms ?? []) : [...vms!, ...more.flat()]
}

/** Has it to do with these VMs, or, when it names none, with these hosts? */
export const concerns = (
  rule: PlacementRule,
  vms: ReadonlySet<string>,
  hosts: ReadonlySet<string>,
): boolean => {
  const named = vmsOf(rule)
  if (named !== null) return named.some((vm) => vms.has(vm))
  const lists = valuesOf(rule, 'hosts')
  return lists.length === 0 || lists.some((list) => list.some((host) => hosts.has(host)))
}

/** The rule as far as it is about VMs that are known; null: then it says nothing. */
export const reduced = <R extends PlacementRule>(rule: R, known: ReadonlySet<string>): R | null => {
  const here = (vms: readonly VmId[]): readonly VmId[] => vms.filter((vm) => known.has(vm))
  const fewer: R = { ...rule }
  keysIn(rule, 'vms').forEach((key, i) => {
    Object.assign(fewer, { [key]: here(valuesOf(rule, 'vms')[i]!) })
  })
  keysIn(rule, 'vmParts').forEach((key, i) => {
    Object.assign(fewer, { [key]: valuesOf(rule, 'vmParts')[i]!.map(here) })
  })
  const left = vmsOf(fewer)
  return left !== null && left.length < (definitionOf(rule).vmsMin ?? 1) ? null : fewer
}

/** How it is called: by its name, or else by what it says; and where it was read. */
export const ruleName = (rule: PlacementRule): string => {
  const where = rule.readAt === undefined ? '' : ` at ${rule.readAt}`
  return `${rule.name ?? `${rule.kind}(${definitionOf(rule).content(rule)})`}${where}`
}

/** Shorter, where the rule was told in full before. */
export const ruleReference = (rule: PlacementRule): string =>
  rule.readAt === undefined ? ruleName(rule) : `${rule.name ?? rule.kind} at ${rule.readAt}`
