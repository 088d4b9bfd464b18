/** A placement document: what `drover solve` reads. Reading ends with a problem, or with what is wrong and where. */

import type { Objective } from '../model/model.ts'
import type { Binding } from '../problem/answer.ts'
import type { PlacementProblem } from '../rules/placement-problem.ts'

export type DocumentRead =
  | {
      readonly kind: 'problem'
      readonly format: 'drover' | 'btrplace'
      readonly problem: PlacementProblem
      /** What the format's users expect to be minimised. */
      readonly objective: Objective
      /** Where the document contradicts itself, so that there is nothing to solve; null = nowhere. */
      readonly contradiction: Binding | null
    }
  | {
      readonly kind: 'bad'
      /** Inside the document, e.g. `constraints[3].vms[0]`; '' = the document itself. */
      readonly path: string
      readonly text: string
    }

/** Thrown and caught inside this folder only: readers are deep, and a bad document is an expected answer. */
export class BadDocument extends Error {
  readonly path: string
  constructor(path: string, text: string) {
    super(text)
    this.path = path
  }
}

export type Fields = Readonly<Record<string, unknown>>

export const fieldsAt = (value: unknown, path: string): Fields => {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new BadDocument(path, 'must be an object')
  return value as Fields
}

export const listAt = (value: unknown, path: string): readonly unknown[] => {
  if (!Array.isArray(value)) throw new BadDocument(path, 'must be a list')
  return value
}

export const integerAt = (value: unknown, path: string): number => {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0)
    throw new BadDocument(path, `must be a non-negative integer, not ${JSON.stringify(value)}`)
  return value
}

/** Parts and groups that a rule lists must not overlap: a member of two would be asked for opposite things. */
export const disjointAt = (lists: readonly (readonly string[])[], path: string): void => {
  const seen = new Map<string, number>()
  lists.forEach((ids, k) => {
    ids.forEach((id, i) => {
      if ((seen.get(id) ?? k) !== k)
        throw new BadDocument(`${path}[${k}][${i}]`, `${id} is in ${path}[${seen.get(id)}], too`)
      seen.set(id, k)
    })
  })
}

/** Loads are sums of demands: above this they would no longer be exact. */
export const addExactly = (sum: number, amount: number, path: string): number => {
  if (sum + amount > Number.MAX_SAFE_INTEGER)
    throw new BadDocument(path, 'the demands up to here add up to more than 2^53 − 1; use a larger unit')
  return sum + amount
}
