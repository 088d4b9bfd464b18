/** What the planner's virtual execution knows of hosts, VMs and steps. */
import type { Model } from '../model/model.ts'
import { arrivalCap } from '../problem/situation.ts'
import {
  type CapacityPool,
  createCapacityPools,
  createUsedHostsLimits,
  predecessors,
  type UsedHostsLimit,
} from './capacity-pools.ts'
import { type ContinuousRules, createContinuousRules } from './continuous-rules.ts'
import type { Step } from './step.ts'
import { createTimeline, type Timeline } from './transfers.ts'

export interface ScheduleState {
  readonly model: Model
  /** It grows with each bypass. */
  readonly steps: readonly Step[]
  readonly done: Set<number>
  readonly timeline: Timeline
  /** A migrating VM counts on both hosts. `cap`: the limit, or the load at the start if that is more. [host × dims] */
  readonly load: Float64Array
  readonly cap: Float64Array
  /** Everything that was ever there: initial load plus all arrivals so far. [host × dims] */
  readonly everArrived: Float64Array
  /** Where a VM is being left from or stays; and where it is or is going. −1 = nowhere. */
  readonly leaving: Int32Array
  readonly going: Int32Array
  /** The steps that have left a host, or moved a VM, in their order. */
  readonly departed: readonly number[][]
  readonly departedOf: readonly number[][]
  /** The last step of each slot for migrations, by host. */
  readonly slotsOut: Map<number, number[]>
  readonly slotsIn: Map<number, number[]>
  readonly continuous: ContinuousRules
  readonly pools: readonly CapacityPool[]
  readonly usedHostsLimits: readonly UsedHostsLimit[]
  /** For each VM in an order, the VMs whose actions come first. */
  readonly before: ReadonlyMap<number, readonly number[]>
  /** All −1, between uses. [vm] */
  readonly probe: Int32Array
}

/** `targets`: per VM, the host where it is in the end; −1 = nowhere. */
export const createScheduleState = (
  model: Model,
  steps: readonly Step[],
  targets: Int32Array,
): ScheduleState => {
  const { dims, hostCount, vmCount, wants, limit } = model
  const load = new Float64Array(hostCount * dims)
  const leaving = new Int32Array(vmCount).fill(-1)
  for (let v = 0; v < vmCount; v++) {
    const h = model.home[v]!
    if (model.vms[v]!.state !== 'running' || h < 0) continue
    leaving[v] = h
    for (let d = 0; d < dims; d++) load[h * dims + d]! += wants[v * dims + d]!
  }
  return {
    model,
    steps,
    done: new Set(),
    timeline: createTimeline(hostCount),
    load,
    cap: Float64Array.from(limit, (amount, i) =>
      arrivalCap(model.hosts[Math.floor(i / dims)]!, i % dims, amount, load[i]!),
    ),
    everArrived: Float64Array.from(load),
    leaving,
    going: Int32Array.from(leaving),
    departed: Array.from({ length: hostCount }, () => []),
    departedOf: Array.from({ length: vmCount }, () => []),
    slotsOut: new Map(),
    slotsIn: new Map(),
    continuous: createContinuousRules(model, leaving, targets),
    pools: createCapacityPools(model, leaving),
    usedHostsLimits: createUsedHostsLimits(model, leaving),
    before: predecessors(model),
    probe: new Int32Array(vmCount).fill(-1),
  }
}
