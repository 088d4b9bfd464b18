/**
 * What Prometheus may ask of one agent. Counters follow the agent's events; gauges are read from its status when they are
 * asked for. No VM's name is a label.
 */
import { byText, type Decision, dimensions } from '@drover/protocol'
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { Agent, AgentEvent, AgentStatus } from './agent-port.ts'
import { decisionOf } from './tell.ts'
import { droverVersion } from './version.ts'

export interface Metrics {
  readonly registry: Registry
  /** The page for `/metrics`. */
  text(): Promise<string>
  readonly contentType: string
  /** Ends the subscription to the agent's events. */
  close(): void
}

export interface MetricsOptions {
  /** Also Node's own (heap, event loop, handles), which belong to the process: once per process. Default true. */
  readonly runtime?: boolean
}

const secondsOfWork = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10]
const secondsOfMove = [0.3, 1, 3, 10, 30, 100, 300, 1_000]
const secondsOfDowntime = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3]
/** Ended decisions that are remembered, so that none is counted twice. */
const countedMax = 1_024

export const createMetrics = (agent: Agent, options: MetricsOptions = {}): Metrics => {
  const registry = new Registry()
  const counters = createCounters(registry)
  const readGauges = createGauges(registry)
  if (options.runtime ?? true) collectDefaultMetrics({ register: registry })
  const unsubscribe = agent.events(counters)
  return {
    registry,
    text() {
      readGauges(agent.status())
      return registry.metrics()
    },
    contentType: registry.contentType,
    close: unsubscribe,
  }
}

/** Follows the events. */
const createCounters = (registry: Registry): ((event: AgentEvent) => void) => {
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
    name: 'drover_node_pressure_ratio',
    help: "The kernel's pressure stall information (avg10), 0 to 1.",
    labelNames: ['resource', 'kind'],
    registers,
  })
  const warnings = counter('warnings_total', 'Warnings to operators, by code.', ['code'])
  const solver = histogram('solver_duration_seconds', 'From the question to the answer.', secondsOfWork)
  const toPlan = histogram(
    'detect_to_plan_seconds',
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
    seconds(decision.detectToPlanMs, toPlan)
  }

  const mebibyte = 1_048_576
  let sampledAt: number | null = null
  const sampled = (event: Extract<AgentEvent, { readonly kind: 'sampled' }>): void => {
    const now = performance.now()
    const passed = sampledAt === null ? 0 : (now - sampledAt) / 1_000
    sampledAt = now
    for (const resource of dimensions)
      overload.inc({ resource }, event.usable && event.demand[resource] > event.usable[resource] ? passed : 0)
    if (event.pressure === null) return
    pressure.set({ resource: 'cpu', kind: 'some' }, event.pressure.cpu / 100)
    pressure.set({ resource: 'memory', kind: 'some' }, event.pressure.memory / 100)
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

/** Returns the function that fills them in from a status. */
const createGauges = (registry: Registry): ((status: AgentStatus) => void) => {
  const registers = [registry]
  const gauge = (name: string, help: string, labelNames: string[] = []) =>
    new Gauge({ name: `drover_${name}`, help, labelNames, registers })

  const build = gauge('build_info', 'Always 1; the labels say what runs here.', [
    'version',
    'node',
    'hypervisor',
  ])
  const up = gauge('up', '1 while the agent runs.')
  const able = gauge('able', '1 while this host takes part in partitions.')
  const trouble = gauge('trouble', '1 for each reason why it does not.', ['code'])
  const mode = gauge('mode', '1 for the mode this host is in.', ['mode'])
  const draining = gauge('draining', '1 while this host is being emptied.')
  const members = gauge('members', 'Hosts this one knows, by state.', ['state'])
  const peers = gauge('peers_connected', 'Agents this one has a connection to.')
  const load = gauge('node_load_ratio', 'What the VMs want, divided by what the host may give.', ['resource'])
  const vms = gauge('vms', 'Active VMs on this host.')
  const quarantined = gauge('quarantined_vms', 'VMs that stay for a while because their migration failed.')
  const inflight = gauge('moves_inflight', 'Migrations that are not settled yet.', ['direction'])
  const policy = gauge('policy_version_info', 'Always 1; the hash differs when policy or rules differ.', [
    'hash',
  ])
  const journalBytes = gauge('journal_bytes', 'Bytes of the journal on disk.')
  const journalHealthy = gauge('journal_healthy', '1 while the journal can be written.')
  const hypervisor = gauge('hypervisor_connected', '1 while the hypervisor answers.')
  const messages = gauge('messages_total', 'Messages between agents since the start.', ['direction'])
  const bytes = gauge('message_bytes_total', 'Bytes of them.', ['direction'])
  const garbage = gauge('garbage_total', 'Messages and summaries that could not be read.')
  const strangers = gauge('strangers_total', 'Peers that were refused.')
  const undelivered = gauge('undelivered_total', 'Messages that found no connection or a full queue.')

  return ({ view, transport, journal, ...status }) => {
    const flag = (value: boolean) => (value ? 1 : 0)
    build.reset()
    build.set(
      { version: droverVersion, node: process.version, hypervisor: status.hypervisor.version ?? 'unknown' },
      1,
    )
    up.set(1)
    able.set(flag(view.able))
    trouble.reset()
    for (const code of [...view.troubles].sort(byText)) trouble.set({ code }, 1)
    for (const one of ['observe', 'auto']) mode.set({ mode: one }, flag(view.mode === one))
    draining.set(flag(view.draining))
    for (const state of ['self', 'alive', 'suspect', 'dead'])
      members.set({ state }, view.members.filter((one) => one.state === state).length)
    peers.set(status.peersConnected)
    for (const resource of dimensions)
      load.set({ resource }, view.usable[resource] > 0 ? view.demand[resource] / view.usable[resource] : 0)
    vms.set(view.vms.length)
    quarantined.set(view.vms.filter((vm) => vm.fixed === 'vm.quarantined').length)
    for (const direction of ['in', 'out'])
      inflight.set({ direction }, view.motions.filter((one) => one.direction === direction).length)
    const own = view.members.find((one) => one.state === 'self')
    policy.reset()
    if (own !== undefined) policy.set({ hash: own.summary.policyHash }, 1)
    journalBytes.set(journal.bytes)
    journalHealthy.set(flag(journal.healthy))
    hypervisor.set(flag(status.hypervisor.connected))
    messages.set({ direction: 'in' }, transport.messagesIn)
    messages.set({ direction: 'out' }, transport.messagesOut)
    bytes.set({ direction: 'in' }, transport.bytesIn)
    bytes.set({ direction: 'out' }, transport.bytesOut)
    garbage.set(transport.garbage)
    strangers.set(transport.strangers)
    undelivered.set(transport.undelivered)
  }
}
