/** Builds the decision record of one partition from what its leader knows at the moment. */

import {
  type Action,
  add,
  assert,
  departs,
  originOf,
  type Plan,
  type Resources,
  subtract,
} from '@drover/placement'
import type {
  ActionRecord,
  CandidateRecord,
  Decision,
  DecisionResult,
  HostChange,
  StayedRecord,
} from '../data/decision.ts'
import type { HostId, Instant, PartitionId } from '../data/ids.ts'
import type { Need } from '../data/need.ts'
import type { Execution } from '../data/plan-execution.ts'
import type { HostSnapshot } from '../data/snapshot.ts'
import type { Mode } from '../data/summary.ts'
import { usableOf } from '../data/usable.ts'
import { snapshotDemand } from '../snapshot/formulate.ts'
import { whyStays } from '../snapshot/may-move.ts'

export interface Known {
  readonly id: PartitionId
  readonly leader: HostId
  readonly leaderName: string
  readonly mode: Mode
  readonly need: Need
  readonly snapshots: readonly HostSnapshot[]
  readonly candidates: readonly CandidateRecord[]
  readonly plan: Plan | null
  /** Null: never executed (observe, a question, or not yet). */
  readonly execution: Execution | null
  readonly reservedMs: number | null
  readonly solvedMs: number | null
  readonly detectToStartMs: number | null
}

/** How a partition ends; `running` = it has not. */
export interface Outcome {
  readonly result: DecisionResult
  /** A reason code, or null when all is well. */
  readonly code: string | null
  readonly text: string
}

/** Demand per host once the whole plan is done. */
const demandAfter = (
  snapshots: readonly HostSnapshot[],
  plan: Plan | null,
): ReadonlyMap<HostId, Resources> => {
  const after = new Map(snapshots.map((snapshot) => [snapshot.host, snapshotDemand(snapshot)]))
  const demands = new Map(snapshots.flatMap((snapshot) => snapshot.vms.map((vm) => [vm.vm, vm.demand])))
  for (const action of plan?.actions ?? []) {
    const demand = demands.get(action.vm)
    assert(demand !== undefined, `the VM of action ${action.id}, ${action.vm}, is in a snapshot`)
    const origin = originOf(action)
    if (origin !== null) after.set(origin, subtract(demandAt(after, origin, action), demand))
    if (!departs(action)) after.set(action.to, add(demandAt(after, action.to, action), demand))
  }
  return after
}

const demandAt = (demands: ReadonlyMap<HostId, Resources>, host: HostId, { id }: Action): Resources => {
  const demand = demands.get(host)
  assert(demand !== undefined, `a host of action ${id}, ${host}, has given a snapshot`)
  return demand
}

/**
 * Why the leader's own VMs stayed. One that was free to move was not needed if the plan met the need; else it stayed for what
 * kept the need from being met.
 */
const stayedOf = (known: Known, result: DecisionResult, code: string | null): readonly StayedRecord[] => {
  const moved = new Set((known.plan?.actions ?? []).map((action) => action.vm))
  const own = known.snapshots.find((snapshot) => snapshot.host === known.leader)
  if (own === undefined) return []
  const occasion = { need: known.need.kind, overloaded: own.overloaded, draining: own.draining }
  const free = (result === 'failed' && known.plan !== null ? null : code) ?? 'vm.not_needed'
  return own.vms
    .filter((vm) => !moved.has(vm.vm))
    .map((vm) => ({ vm: vm.vm, name: vm.name, code: whyStays(vm, occasion) ?? free }))
}

const actionsOf = (known: Known): readonly ActionRecord[] => {
  const vms = new Map(known.snapshots.flatMap((snapshot) => snapshot.vms.map((vm) => [vm.vm, vm])))
  return (known.plan?.actions ?? []).map((action) => ({
    action,
    vmName: vms.get(action.vm)?.name ?? action.vm,
    demand: vms.get(action.vm)!.demand,
    result: known.execution === null ? { kind: 'would' } : (known.execution.results.get(action.id) ?? null),
  }))
}

const hostsOf = (known: Known): readonly HostChange[] => {
  const after = demandAfter(known.snapshots, known.plan)
  const touched = new Set(
    (known.plan?.actions ?? []).flatMap((action) => [
      ...('from' in action ? [action.from] : []),
      ...('to' in action ? [action.to] : []),
    ]),
  )
  return known.snapshots
    .filter((snapshot) => touched.has(snapshot.host) || snapshot.host === known.leader)
    .map((snapshot) => ({
      host: snapshot.host,
      name: snapshot.name,
      usable: usableOf(snapshot),
      before: snapshotDemand(snapshot),
      after: after.get(snapshot.host)!,
    }))
}

export const record = (known: Known, { result, code, text }: Outcome, endedAt: Instant | null): Decision => ({
  id: known.id,
  leader: known.leader,
  leaderName: known.leaderName,
  reason: known.need.reason,
  need: known.need.text,
  mode: known.mode,
  members: known.snapshots.map((snapshot) => snapshot.host),
  candidates: known.candidates,
  stayed: stayedOf(known, result, code),
  actions: actionsOf(known),
  hosts: hostsOf(known),
  result,
  code,
  text,
  detectedAt: known.need.since,
  reservedMs: known.reservedMs,
  solvedMs: known.solvedMs,
  detectToStartMs: known.detectToStartMs,
  endedMs: endedAt === null ? null : endedAt - known.need.since,
  asMember: false,
})
