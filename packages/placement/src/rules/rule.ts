/** What may be asked of any rule. The answers are in the file of its kind. */
import type { VmId } from '../problem/ids.ts'
import { bindsAlways, type Constraint, type ConstraintKind } from './constraint.ts'
import { type Definition, type Field, type Form, type FormTypes, formOf } from './definition.ts'
import { allRules, exchangedRules, type PlacementRule } from './registry.ts'

export type { PlacementRule, Rule } from './registry.ts'

/** A definition of any kind; to be asked only about rules of its own kind. */
export interface AnyDefinition extends Omit<Definition<PlacementRule>, 'fields'> {
  readonly fields: Readonly<Record<string, Field>>
}

const asAny = (definitions: Readonly<Record<string, { readonly kind: string }>>): readonly AnyDefinition[] =>
  Object.values(definitions) as unknown as readonly AnyDefinition[]

export const allDefinitions = asAny(allRules)
export const exchangedDefinitions = asAny(exchangedRules)

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

/** Does it bind every step of a plan, and not only its end? */
export const bindsPlan = (rule: PlacementRule): boolean =>
  (rule.weight === undefined && isContinuous(rule)) || bindsAlways(constraintOf(rule))

/** Per kind its fields and their forms. */
const formsOf: ReadonlyMap<string, readonly (readonly [key: string, form: Form])[]> = new Map(
  allDefinitions.map(({ kind, fields }) => [
    kind,
    Object.entries(fields).map(([key, field]) => [key, formOf(field)] as const),
  ]),
)

/** What the rule says in its fields of one form; absent ones left out. */
export const entriesOf = <F extends Form>(
  rule: PlacementRule,
  form: F,
): readonly (readonly [key: string, value: FormTypes[F]])[] =>
  formsOf.get(rule.kind)!.flatMap(([key, its]) => {
    if (its !== form) return []
    const value = (rule as unknown as Readonly<Record<string, FormTypes[F] | undefined>>)[key]
    return value === undefined ? [] : [[key, value] as const]
  })

export const valuesOf = <F extends Form>(rule: PlacementRule, form: F): readonly FormTypes[F][] =>
  entriesOf(rule, form).map(([, value]) => value)

/** The VMs that it names; null: its kind names none. */
export const vmsOf = (rule: PlacementRule): readonly VmId[] | null => {
  const lists = [...valuesOf(rule, 'vms'), ...valuesOf(rule, 'vmParts').flat()]
  if (lists.length === 1) return lists[0]!
  return lists.length === 0 && !namesVms(rule) ? null : lists.flat()
}

const namesVms = (rule: PlacementRule): boolean =>
  formsOf.get(rule.kind)!.some(([, form]) => form === 'vms' || form === 'vmParts')

/** How many VMs and hosts it names: what it costs to check it. */
export const namesIn = (rule: PlacementRule): number =>
  1 +
  [...valuesOf(rule, 'vms'), ...valuesOf(rule, 'hosts')].reduce((sum, list) => sum + list.length, 0) +
  [...valuesOf(rule, 'vmParts'), ...valuesOf(rule, 'hostGroups')]
    .flat()
    .reduce((sum, list) => sum + list.length, 0)

/** Does it concern these VMs, or, when it names none, these hosts? */
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

/** The rule without VMs that are not known; null: too few are left for it to say anything. */
export const reduced = <R extends PlacementRule>(rule: R, known: ReadonlySet<string>): R | null => {
  const here = (vms: readonly VmId[]): readonly VmId[] => vms.filter((vm) => known.has(vm))
  const fewer: R = {
    ...rule,
    ...Object.fromEntries(entriesOf(rule, 'vms').map(([key, vms]) => [key, here(vms)])),
    ...Object.fromEntries(entriesOf(rule, 'vmParts').map(([key, parts]) => [key, parts.map(here)])),
  }
  const left = vmsOf(fewer)
  return left !== null && left.length < (definitionOf(rule).vmsMin ?? 1) ? null : fewer
}

/** The reason code of what it forbids. */
export const codeOf = (rule: PlacementRule): string => rule.code ?? definitionOf(rule).code

/** How it is called: by its name, or else by what it says; and where it was read. */
export const ruleName = (rule: PlacementRule): string => {
  const where = rule.readAt === undefined ? '' : ` at ${rule.readAt}`
  return `${rule.name ?? `${rule.kind}(${definitionOf(rule).content(rule)})`}${where}`
}

/** Shorter, where the rule was told in full before. */
export const ruleReference = (rule: PlacementRule): string =>
  rule.readAt === undefined ? ruleName(rule) : `${rule.name ?? rule.kind} at ${rule.readAt}`
