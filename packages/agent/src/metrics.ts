/**
 * The metrics of one agent, for Prometheus. Counters follow the agent's events. Gauges are read from its status at each
 * request. No label holds the name of a VM.
 */
import { collectDefaultMetrics, Registry } from 'prom-client'
import type { Agent } from './agent-port.ts'
import { createCounters } from './metrics/counters.ts'
import { createGauges } from './metrics/gauges.ts'

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
