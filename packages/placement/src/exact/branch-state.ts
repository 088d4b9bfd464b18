/** The state of branch and bound: decisions so far (search-state.ts), rules, lists of candidates, the best answer. */

import type { CompiledConstraint } from '../model/constraints/compiled-constraint.ts'
import { type FullCost, noCost } from '../model/cost.ts'
import { type Budget, createForwardChecking, type ForwardChecking } from './forward-checking.ts'
import { createGroupChoice, type GroupChoice } from './group-choice.ts'
import type { SearchLimits } from './search-limits.ts'
import { createSearchState } from './search-root.ts'
import { type SearchScope, type SearchSpace, type SearchState, settled } from './search-state.ts'

export interface BranchState {
  readonly space: SearchSpace
  readonly scope: SearchScope
  readonly state: SearchState
  readonly forward: ForwardChecking
  /**
   * The groups for rules that want VMs in one group; decided first. Null: there are none, or it is a partial cure, which
   * may leave such a rule violated.
   */
  readonly groups: GroupChoice | null
  /** Soft constraints on VMs that this search may move. */
  readonly soft: readonly CompiledConstraint[]
  /** By rule: 1 = it is violated at the start. */
  readonly wasViolated: Uint8Array
  /** By rule: 1 = it is left violated, at its price. */
  readonly accepted: Uint8Array
  /** Hard constraints that may be in conflict: those that were at the root, and those of VMs that found a place. */
  readonly suspects: CompiledConstraint[]
  suspectTop: number
  /** By rule: 1 = among the suspects. */
  readonly suspected: Uint8Array
  /** Stack of candidates: VMs of which one must leave. */
  vms: Int32Array
  vmTop: number
  /** Stack of candidates: hosts for a VM with their scores. */
  hosts: Int32Array
  hostScores: Float64Array
  hostTop: number
  /** As `canImprove` found last. */
  readonly budget: Budget
  softPaid: number
  nodes: number
  stopped: boolean
  limits: SearchLimits
  best: FullCost
  bestAt: Int32Array | null
}

export const createBranchState = (space: SearchSpace, scope: SearchScope): BranchState => {
  const { model, covering } = space
  const state = createSearchState(space, scope)
  const ruleCount = model.problem.rules.length
  const concerned = model.constraints.filter(({ scope: vms }) => vms.some((v) => state.status[v] !== settled))
  const hard = concerned.filter(({ weight }) => weight < 0)
  const groups = scope.relief ? null : createGroupChoice(model, covering, state, hard)
  const limits: SearchLimits = { best: { ...noCost, unmet: 0 }, nodesMax: 0, expired: () => false }
  const s: BranchState = {
    space,
    scope,
    state,
    forward: createForwardChecking(space, state, scope.relief, (v, h) => violatesHard(s, v, h)),
    groups,
    soft: concerned.filter(({ weight }) => weight >= 0),
    wasViolated: new Uint8Array(ruleCount),
    accepted: new Uint8Array(ruleCount),
    suspects: [],
    suspectTop: 0,
    suspected: new Uint8Array(ruleCount),
    vms: new Int32Array(model.vmCount * 4 + 64),
    vmTop: 0,
    hosts: new Int32Array(state.openHosts.length * 16),
    hostScores: new Float64Array(state.openHosts.length * 16),
    hostTop: 0,
    budget: { ms: Number.POSITIVE_INFINITY, hosts: Number.POSITIVE_INFINITY },
    softPaid: 0,
    nodes: 0,
    stopped: false,
    limits,
    best: limits.best,
    bestAt: null,
  }
  const running = model.home.map((h, v) => (model.starts[v] === 1 ? -1 : h))
  for (const constraint of hard)
    s.wasViolated[constraint.rule] = constraint.conflict(running, s.vms, 0) > 0 ? 1 : 0
  for (const constraint of hard) if (constraint.conflict(state.at, s.vms, 0) > 0) suspect(s, constraint)
  return s
}

export const suspect = (s: BranchState, constraint: CompiledConstraint): void => {
  if (s.suspected[constraint.rule] === 1) return
  s.suspected[constraint.rule] = 1
  s.suspects[s.suspectTop++] = constraint
}

/** The suspects above `mark` were suspected at a node that is left. */
export const unsuspectTo = (s: BranchState, mark: number): void => {
  while (s.suspectTop > mark) s.suspected[s.suspects[--s.suspectTop]!.rule] = 0
}

/** Would the VM violate a hard rule on the host, beside the settled ones? */
const violatesHard = (s: BranchState, v: number, h: number): boolean => {
  if (s.groups !== null && !s.groups.allows(v, h)) return true
  const { settledAt } = s.state
  const constraints = s.space.model.constraintsOn[v]!
  for (let i = 0; i < constraints.length; i++) {
    const constraint = constraints[i]!
    if (constraint.weight < 0 && constraint.clashes(settledAt, v, h)) return true
  }
  return false
}

/** Room for so many more VMs above `vmTop`. */
export const widenVms = (s: BranchState, count: number): void => {
  if (s.vmTop + count <= s.vms.length) return
  const wider = new Int32Array(s.vms.length * 2)
  wider.set(s.vms)
  s.vms = wider
}

/** Room for so many more hosts above `hostTop`. */
export const widenHosts = (s: BranchState, count: number): void => {
  if (s.hostTop + count <= s.hosts.length) return
  const hosts = new Int32Array(s.hosts.length * 2)
  const scores = new Float64Array(s.hosts.length * 2)
  hosts.set(s.hosts)
  scores.set(s.hostScores)
  s.hosts = hosts
  s.hostScores = scores
}
