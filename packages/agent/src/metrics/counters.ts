/** Counters and histograms that follow the agent's events. */
import { type Decision, dimensions } from '@drover/protocol'
import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import type { AgentEvent } from '../agent-port.ts'
import { decisionOf } from '../event-log.ts'

const secondsOfWork = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10]
const secondsOfMove = [0.3, 1, 3, 10, 30, 100, 300, 1_000]
const secondsOfDowntime = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3]
/** Ended decisions that are remembered, so that none is counted twice. */
const countedMax = 1_024

export const createCounters = (registry: Registry): ((event: AgentEvent) => void) => {
  const registers = [registry]
  const counter = <T extends string>(name: string, help: string, labelNames: readonly T[] = []) =>
    new Counter({ name: `drover_${name}`, help, labelNames: [...labelNames], registers })
  const histogram = (name: string, help: string, buckets: number[]) =>
    new Histogram({ name: `drover_${name}`, help, buckets, registers })

  const decisions = counter('decisions_total', 'Decisions that this host led, by reason and result.', [
    'reason',
    'result',
  ])
  const rejections = counter('rejections_total', 'Hosts and VMs left out of a decision, by reason code.', [
    'code',
  ])
  const moves = counter(
    'moves_total',
    'Migrations away from this host that have ended, by reason and result.',
    ['reason', 'result'],
  )
  const moveSeconds = histogram(
    'move_duration_seconds',
    'Duration of migrations away from here.',
    secondsOfMove,
  )
  const downtime = histogram(
    'move_downtime_seconds',
    'How long a migrating VM stood still.',
    secondsOfDowntime,
  )
  const moveBytes = counter('move_bytes_total', 'Bytes that migrations away from here have transferred.')
  const overload = counter(
    'overload_seconds_total',
    'Seconds in which the VMs wanted more than the host may give.',
    ['resource'],
  )
  const pressure = new Gauge({
    name: 'drover_host_pressure_ratio',
    help: "The kernel's pressure stall information (avg10), 0 to 1.",
    labelNames: ['resource', 'kind'],
    registers,
  })
  const warnings = counter('warnings_total', 'Warnings to operators, by code.', ['code'])
  const solver = histogram('solver_duration_seconds', 'From the question to the answer.', secondsOfWork)
  const toStart = histogram(
    'detect_to_start_seconds',
    'From the detection of a need to the start of its first migration.',
    secondsOfWork,
  )
  const partitionSize = histogram(
    'partition_size',
    'Hosts of the partitions that this host led.',
    [1, 2, 3, 4, 6, 8, 12, 16],
  )
  const partitionSeconds = histogram(
    'partition_duration_seconds',
    'From detection to the end.',
    secondsOfMove,
  )
  const aborts = counter('partition_aborts_total', 'Partitions that failed, by cause.', ['cause'])

  const reasons = new Map<string, string>()
  const ended = new Set<string>()
  const forgetOldest = (kept: Map<string, unknown> | Set<string>): void => {
    const oldest = kept.keys().next()
    if (kept.size > countedMax && !oldest.done) kept.delete(oldest.value)
  }
  const seconds = (ms: number | null, into: { observe(value: number): void }) => {
    if (ms !== null) into.observe(ms / 1_000)
  }

  const decided = (decision: Decision): void => {
    const { id, reason, result, asMember } = decision
    reasons.set(id, reason)
    forgetOldest(reasons)
    if (asMember || result === 'running' || ended.has(id)) return
    ended.add(id)
    forgetOldest(ended)
    decisions.inc({ reason, result })
    for (const { code } of decision.candidates) if (code !== null) rejections.inc({ code })
    for (const { code } of decision.stayed) rejections.inc({ code })
    if (result === 'failed') aborts.inc({ cause: decision.code ?? 'unknown' })
    if (decision.members.length > 0) partitionSize.observe(decision.members.length)
    seconds(decision.endedMs, partitionSeconds)
    seconds(decision.detectToStartMs, toStart)
  }

  const mebibyte = 1_048_576
  let sampledAt: number | null = null
  const sampled = ({ load, pressure: waits }: Extract<AgentEvent, { readonly kind: 'sampled' }>): void => {
    const now = performance.now()
    const passed = sampledAt === null ? 0 : (now - sampledAt) / 1_000
    sampledAt = now
    for (const resource of dimensions)
      overload.inc({ resource }, load !== null && load.demand[resource] > load.usable[resource] ? passed : 0)
    if (waits === null) return
    pressure.set({ resource: 'cpu', kind: 'some' }, waits.cpu / 100)
    pressure.set({ resource: 'memory', kind: 'some' }, waits.memory / 100)
  }

  return (event) => {
    switch (event.kind) {
      case 'decision':
        return decided(event.decision)
      case 'warning':
        return warnings.inc({ code: event.code })
      case 'moved': {
        const { result, durationMs } = event
        moves.inc({ reason: reasons.get(decisionOf(event.action)) ?? 'unknown', result: result.kind })
        moveSeconds.observe(durationMs / 1_000)
        if (result.kind !== 'done') return
        moveBytes.inc(result.transferredMiB * mebibyte)
        seconds(result.downtimeMs, downtime)
        return
      }
      case 'sampled':
        return sampled(event)
      case 'solved':
        return solver.observe(event.durationMs / 1_000)
      case 'moving':
      case 'progress':
      case 'fatal':
        return
      default:
        event satisfies never
    }
  }
}
