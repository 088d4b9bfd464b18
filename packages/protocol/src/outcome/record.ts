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
import type { AnyCode } from '../data/reasons.ts'
import type { HostSnapshot, VmSnapshot } from '../data/snapshot.ts'
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
  readonly code: AnyCode | null
  readonly text: string
}

/** Demand per host once the whole plan is done. */
const demandAfter = (
  snapshots: readonly HostSnapshot[],
  plan: Plan | null,
): ReadonlyMap<HostId, Resources> => {
  const after = new Map(snapshots.map((snapshot) => [snapshot.host, snapshotDemand(snapshot)]))
  const vmOf = vmsOf(snapshots)
  for (const action of plan?.actions ?? []) {
    const { demand } = vmOf(action)
    const origin = originOf(action)
    if (origin !== null) after.set(origin, subtract(demandAt(after, origin), demand))
    if (!departs(action)) after.set(action.to, add(demandAt(after, action.to), demand))
  }
  return after
}

const demandAt = (demands: ReadonlyMap<HostId, Resources>, host: HostId): Resources => {
  const demand = demands.get(host)
  assert(demand !== undefined, () => `a host that a plan touches, ${host}, has given a snapshot`)
  return demand
}

/** The VM of an action. The leader has checked the plan: none is about a VM that no member has. */
const vmsOf = (snapshots: readonly HostSnapshot[]): ((action: Action) => VmSnapshot) => {
  const vms = new Map(snapshots.flatMap((snapshot) => snapshot.vms.map((vm) => [vm.vm, vm])))
  return ({ id, vm }) => {
    const found = vms.get(vm)
    assert(found !== undefined, () => `the VM of action ${id}, ${vm}, is in a snapshot`)
    return found
  }
}

/**
 * Why the leader's own VMs stayed. One that was free to move was not needed if the plan met the need; else it stayed for what
 * kept the need from being met.
 */
const stayedOf = (known: Known, result: DecisionResult, code: AnyCode | null): readonly StayedRecord[] => {
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
  const { execution } = known
  const vmOf = vmsOf(known.snapshots)
  return (known.plan?.actions ?? []).map((action) => {
    const { name, demand } = vmOf(action)
    const result =
      execution === null ? ({ kind: 'would' } as const) : (execution.results.get(action.id) ?? null)
    return { action, vmName: name, demand, result }
  })
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
      after: demandAt(after, snapshot.host),
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
