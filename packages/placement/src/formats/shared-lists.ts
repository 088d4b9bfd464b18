/**
 * Equal lists become one list: a data centre names its groups of hosts in thousands of rules, each a hundred kB of the
 * document. A list that is shared is read, checked and compiled only once.
 */

import { formOf } from '../rules/definition.ts'
import { allDefinitions } from '../rules/rule.ts'

/**
 * Replaces a list by an equal one that was given before, if there is one; likewise lists of lists. Anything else stays as
 * it is.
 */
const createAlike = (): ((value: unknown) => unknown) => {
  const known = new Map<string, unknown[][]>()
  const alike = (value: unknown): unknown => {
    if (!Array.isArray(value) || value.length === 0) return value
    const list: unknown[] = Array.isArray(value[0]) ? value.map(alike) : value
    const key = `${list.length} ${typeof list[0] === 'string' ? list[0] : ''} ${typeof list.at(-1) === 'string' ? list.at(-1) : ''}`
    const candidates = known.get(key)
    if (candidates === undefined) {
      known.set(key, [list])
      return list
    }
    const there = candidates.find((one) => one.every((item, i) => item === list[i]))
    if (there === undefined) candidates.push(list)
    return there ?? list
  }
  return alike
}

/** Fields that list hosts, in any rule. */
const keys = new Set(
  allDefinitions.flatMap(({ fields }) =>
    Object.entries(fields).flatMap(([key, field]) =>
      formOf(field) === 'hosts' || formOf(field) === 'hostGroups' ? [key] : [],
    ),
  ),
)

/** The document with equal lists of its rules shared. */
export const withSharedLists = (document: unknown): unknown => {
  if (typeof document !== 'object' || document === null || !('rules' in document)) return document
  if (!Array.isArray(document.rules)) return document
  const alike = createAlike()
  return {
    ...document,
    rules: document.rules.map((rule: unknown) => {
      if (typeof rule !== 'object' || rule === null) return rule
      const shared = Object.entries(rule).filter(([key]) => keys.has(key))
      return { ...rule, ...Object.fromEntries(shared.map(([key, value]) => [key, alike(value)])) }
    }),
  }
}
