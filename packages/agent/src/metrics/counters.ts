/** Counters and histograms that follow the agent's events. */
import { type Decision, dimensions } from '@drover/protocol'
import type { Registry } from 'prom-client'
import type { AgentEvent } from '../agent-port.ts'
import { decisionOf } from '../event-log.ts'
import { createMeters, type Meters } from './meters.ts'

/** Ended decisions that are remembered, so that none is counted twice. */
const countedMax = 1_024
const mebibyte = 1_048_576

/** What has to be known of earlier events. */
interface Memory {
  /** Why a decision was made, by its id: the end of a migration does not say. */
  readonly reasons: Map<string, string>
  /** Decisions that are counted already. */
  readonly ended: Set<string>
  /** Null before the first sample. */
  sampledAt: number | null
}

export const createCounters = (registry: Registry): ((event: AgentEvent) => void) => {
  const meters = createMeters(registry)
  const memory: Memory = { reasons: new Map(), ended: new Set(), sampledAt: null }
  return (event) => {
    switch (event.kind) {
      case 'decision':
        return decided(meters, memory, event.decision)
      case 'warning':
        return meters.warnings.inc({ code: event.code })
      case 'moved':
        return moved(meters, memory, event)
      case 'operated':
        return meters.operations.inc({ operation: event.operation, result: event.result.kind })
      case 'sampled':
        return sampled(meters, memory, event)
      case 'solved':
        return meters.solver.observe(event.durationMs / 1_000)
      case 'moving':
      case 'operating':
      case 'progress':
      case 'fatal':
        return
      default:
        event satisfies never
    }
  }
}

type EventOf<K extends AgentEvent['kind']> = Extract<AgentEvent, { readonly kind: K }>

const decided = (meters: Meters, { reasons, ended }: Memory, decision: Decision): void => {
  const { id, reason, result, asMember } = decision
  reasons.set(id, reason)
  forgetOldest(reasons)
  if (asMember || result === 'running' || ended.has(id)) return
  ended.add(id)
  forgetOldest(ended)
  meters.decisions.inc({ reason, result })
  for (const { code } of decision.candidates) if (code !== null) meters.rejections.inc({ code })
  for (const { code } of decision.stayed) meters.rejections.inc({ code })
  if (result === 'failed') meters.aborts.inc({ cause: decision.code ?? 'unknown' })
  if (decision.members.length > 0) meters.partitionSize.observe(decision.members.length)
  seconds(decision.endedMs, meters.partitionSeconds)
  seconds(decision.detectToStartMs, meters.toStart)
}

const moved = (
  meters: Meters,
  { reasons }: Memory,
  { action, result, durationMs }: EventOf<'moved'>,
): void => {
  meters.moves.inc({ reason: reasons.get(decisionOf(action)) ?? 'unknown', result: result.kind })
  meters.moveSeconds.observe(durationMs / 1_000)
  if (result.kind !== 'done') return
  meters.moveBytes.inc(result.transferredMiB * mebibyte)
  seconds(result.downtimeMs, meters.downtime)
}

const sampled = (meters: Meters, memory: Memory, { load, pressure }: EventOf<'sampled'>): void => {
  const now = performance.now()
  const passed = memory.sampledAt === null ? 0 : (now - memory.sampledAt) / 1_000
  memory.sampledAt = now
  for (const resource of dimensions) {
    const isOver = load !== null && load.demand[resource] > load.usable[resource]
    meters.overload.inc({ resource }, isOver ? passed : 0)
  }
  if (pressure === null) return
  meters.pressure.set({ resource: 'cpu', kind: 'some' }, pressure.cpu / 100)
  meters.pressure.set({ resource: 'memory', kind: 'some' }, pressure.memory / 100)
}

const forgetOldest = (kept: Map<string, unknown> | Set<string>): void => {
  const oldest = kept.keys().next()
  if (kept.size > countedMax && !oldest.done) kept.delete(oldest.value)
}

const seconds = (ms: number | null, into: { observe(value: number): void }): void => {
  if (ms !== null) into.observe(ms / 1_000)
}
