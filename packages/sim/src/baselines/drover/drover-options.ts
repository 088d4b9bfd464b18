/** What can be chosen about drover's agents in the simulator. */
import type { Policy, Preset } from '@drover/protocol'

export interface DroverOptions {
  /** Default `balanced`, as the daemon's. */
  readonly preset?: Preset
  /** Changes to the preset. */
  readonly policy?: Partial<Policy>
  /** How often each agent looks at its hypervisor, ms. Default 1,000, as the daemon's `hypervisor.sample_ms`. 0 = at every change. */
  readonly sampleMs?: number
  /** What a message takes from host to host, ms, and up to how much longer it may take. Default 1 each. */
  readonly latencyMs?: number
  readonly jitterMs?: number
  /** Hosts of one arc, at most; an agent follows its own arc and both beside it. Default 32. */
  readonly arcHosts?: number
  /**
   * `arcs` (default): summaries and probes are not sent but modelled, at constant cost per agent. `full`: each of them is a
   * message of its own to every host, and the ring's own code hears it; for at most 128 hosts.
   */
  readonly gossip?: 'arcs' | 'full'
}

export type DroverSettings = Required<Omit<DroverOptions, 'preset' | 'policy'>>

export const fullGossipHostsMax = 128

/** Throws RangeError for what makes no sense. */
export const settingsOf = (options: DroverOptions): DroverSettings => {
  const { sampleMs = 1_000, latencyMs = 1, jitterMs = 1, arcHosts = 32, gossip = 'arcs' } = options
  for (const [name, value] of Object.entries({ sampleMs, latencyMs, jitterMs }))
    if (!(value >= 0)) throw new RangeError(`${name} must not be negative, and is ${value}`)
  if (!(arcHosts >= 1)) throw new RangeError(`arcHosts must be at least 1, and is ${arcHosts}`)
  return { sampleMs, latencyMs, jitterMs, arcHosts, gossip }
}
