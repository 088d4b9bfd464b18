/** What the Lagrangian relaxation knows of hosts, VMs and multipliers between its rounds. */
import type { CompiledConstraint } from '../model/constraints/compiled-constraint.ts'
import type { Model } from '../model/model.ts'
import { createGroupSubproblem, type GroupSubproblem } from './group-subproblem.ts'
import { createKnapsack, type Knapsack, type SideConstraint } from './knapsack.ts'

export interface RelaxationState {
  readonly model: Model
  readonly expired: () => boolean
  /** Units per millisecond. */
  readonly unit: number
  /** Active VMs that are not fixed. */
  readonly movers: Int32Array
  /** There are rules to be heeded. */
  readonly ruled: boolean
  readonly groups: GroupSubproblem
  /** What the VMs that cannot move leave of each host. [host × dims] */
  readonly room: Float64Array
  /** Where VMs are for the rules of a host's knapsack: those that cannot move, that have one host, or are chosen. */
  readonly at: Int32Array
  readonly knapsacks: readonly Knapsack[]
  readonly sideConstraints: readonly SideConstraint[]
  /** 1 = the VMs there now violate a rule among themselves: not all of them can stay. [host] */
  readonly violatedNow: Uint8Array
  /** 1 = one of its VMs must leave. [host] */
  readonly losesVm: Uint8Array
  /** The movers that may be on each host. [host × mover] */
  readonly candidates: Int32Array
  readonly candidateCount: Int32Array
  /** How many hosts a VM may be on, and the last of them. [vm] */
  readonly domainSize: Int32Array
  readonly lastHost: Int32Array
  /** The multipliers in force, and those of the best bound. */
  multipliers: Float64Array
  readonly bestMultipliers: Float64Array
  /** Where the subgradient leads, smoothed over the rounds. [multiplier] */
  readonly direction: Float64Array
  /** 1 = its knapsack is to be solved again; and with a new surrogate. [host] */
  readonly changed: Uint8Array
  readonly newSurrogate: Uint8Array
  /** The profit of each host at most, and that of its VMs that have no other host. [host] */
  readonly hostProfit: Float64Array
  readonly forcedProfit: Float64Array
  /** What the host whose knapsack is being filled earns with the VMs that are there now. */
  ownProfit: number
  /** [host × vm]: 1 = selects it. */
  readonly selected: Uint8Array
  /** How many hosts select the VM, and the last one that does. [vm] */
  readonly selectedCount: Int32Array
  readonly selectedHost: Int32Array
  /** How many hosts of this multiplier select the VM. [multiplier] */
  readonly selectedAt: Int32Array
  /** The bound of the multipliers in force. */
  total: number
  readonly scratch: Float64Array
}

export const createRelaxationState = (
  model: Model,
  constraints: readonly CompiledConstraint[],
  expired: () => boolean,
): RelaxationState => {
  const { hostCount, vmCount, dims, active, fixed } = model
  const movers = Int32Array.from({ length: vmCount }, (_, v) => v).filter(
    (v) => active[v] === 1 && fixed[v] === 0,
  )
  const at = new Int32Array(vmCount).fill(-1)
  for (let v = 0; v < vmCount; v++) if (active[v] === 1 && fixed[v] === 1) at[v] = model.home[v]!
  const constraintsOn: CompiledConstraint[][] = Array.from({ length: vmCount }, () => [])
  for (const constraint of constraints) for (const v of constraint.scope) constraintsOn[v]!.push(constraint)
  const groups = createGroupSubproblem(model, constraints, movers)
  return {
    model,
    expired,
    unit: hostCount + 1,
    movers,
    ruled: constraints.length > 0,
    groups,
    room: roomBesideFixed(model),
    at,
    knapsacks: Array.from({ length: hostCount }, () => createKnapsack(dims, movers.length)),
    sideConstraints: Array.from({ length: hostCount }, (_, h) => rulesOn(h, constraintsOn, at)),
    violatedNow: constraints.length > 0 ? hostsInViolation(model, constraintsOn) : new Uint8Array(hostCount),
    losesVm: new Uint8Array(hostCount),
    candidates: new Int32Array(hostCount * movers.length),
    candidateCount: new Int32Array(hostCount),
    domainSize: new Int32Array(vmCount),
    lastHost: new Int32Array(vmCount),
    multipliers: new Float64Array(0),
    bestMultipliers: new Float64Array(groups.multiplierCount),
    direction: new Float64Array(groups.multiplierCount),
    changed: new Uint8Array(hostCount),
    newSurrogate: new Uint8Array(hostCount),
    hostProfit: new Float64Array(hostCount),
    forcedProfit: new Float64Array(hostCount),
    ownProfit: 0,
    selected: new Uint8Array(hostCount * vmCount),
    selectedCount: new Int32Array(vmCount),
    selectedHost: new Int32Array(vmCount),
    selectedAt: new Int32Array(groups.multiplierCount),
    total: 0,
    scratch: new Float64Array(dims),
  }
}

const roomBesideFixed = ({ vmCount, dims, limit, demand, home, active, fixed }: Model): Float64Array => {
  const room = Float64Array.from(limit)
  for (let v = 0; v < vmCount; v++)
    if (active[v] === 1 && fixed[v] === 1)
      for (let d = 0; d < dims; d++) room[home[v]! * dims + d]! -= demand[v * dims + d]!
  return room
}

/** The rules of the VMs as a side constraint of the host's knapsack. */
const rulesOn = (
  h: number,
  constraintsOn: readonly (readonly CompiledConstraint[])[],
  at: Int32Array,
): SideConstraint => ({
  allows: (v) => {
    const of = constraintsOn[v]!
    for (let i = 0; i < of.length; i++) if (of[i]!.clashes(at, v, h)) return false
    return true
  },
  add: (v) => {
    at[v] = h
  },
  remove: (v) => {
    at[v] = -1
  },
})

const hostsInViolation = (
  { hostCount, vmCount, home, active, starts }: Model,
  constraintsOn: readonly (readonly CompiledConstraint[])[],
): Uint8Array => {
  const violated = new Uint8Array(hostCount)
  const here = new Int32Array(vmCount).fill(-1)
  const runsOn = (v: number, h: number) => home[v] === h && active[v] === 1 && starts[v] === 0
  for (let h = 0; h < hostCount; h++) {
    for (let v = 0; v < vmCount; v++) here[v] = runsOn(v, h) ? h : -1
    for (let v = 0; v < vmCount; v++)
      if (here[v] === h && constraintsOn[v]!.some((constraint) => constraint.clashes(here, v, h)))
        violated[h] = 1
  }
  return violated
}
