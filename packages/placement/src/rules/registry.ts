/**
 * All kinds of placement rules, one line each. What is not listed here is no rule: the types `Rule` and `PlacementRule` are made of
 * these lists. How a kind is added: docs/solver.md.
 */
import { among } from './among.ts'
import { ban } from './ban.ts'
import type { Definition } from './definition.ts'
import { domainSpread } from './domain-spread.ts'
import { fence } from './fence.ts'
import { gather } from './gather.ts'
import { labelCapacity } from './label-capacity.ts'
import { lonely } from './lonely.ts'
import { maxOnline } from './max-online.ts'
import { overbook } from './overbook.ts'
import { preserve } from './preserve.ts'
import { quarantine } from './quarantine.ts'
import { resourceCapacity } from './resource-capacity.ts'
import { root } from './root.ts'
import { runningCapacity } from './running-capacity.ts'
import { seq } from './seq.ts'
import { split } from './split.ts'
import { splitAmong } from './split-among.ts'
import { spread } from './spread.ts'

/** What agents may be configured with, and exchange. */
export const exchangedRules = {
  spread,
  ban,
  fence,
  labelCapacity,
} as const

/** What the solver, the planner and the checker understand. */
export const allRules = {
  ...exchangedRules,
  domainSpread,
  gather,
  split,
  among,
  splitAmong,
  lonely,
  root,
  quarantine,
  seq,
  preserve,
  overbook,
  resourceCapacity,
  runningCapacity,
  maxOnline,
} as const

type DataOf<D> = D extends Definition<infer R> ? R : never

export type Rule = DataOf<(typeof exchangedRules)[keyof typeof exchangedRules]>

export type PlacementRule = DataOf<(typeof allRules)[keyof typeof allRules]> & {
  /** Its path in the document that it was read from, e.g. `constraints[12]`. */
  readonly readAt?: string
}

/** Each under the name of its kind. */
type Named = { readonly [K in PlacementRule['kind']]: { readonly kind: K } }
allRules satisfies Named & { readonly [K in Exclude<keyof typeof allRules, PlacementRule['kind']>]: never }
