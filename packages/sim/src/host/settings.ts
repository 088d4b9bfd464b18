/** The configuration of one agent in a simulated world: made by hand, checked by the compiler. */
import type { Settings } from '@drover/agent/runtime'
import { type Mode, nothing, type Policy, type Resources, type Rule } from '@drover/protocol'

/** What is left out is empty: agents in virtual time have no sockets and no key. */
export interface SimulatedSettings {
  readonly name: string
  readonly location?: string
  readonly listen?: string
  readonly bootstrap?: readonly string[]
  readonly clusterKey?: Uint8Array | null
  readonly reserve?: Resources
  readonly policy: Policy
  readonly mode: Mode
  readonly rules?: readonly Rule[]
  readonly managed?: readonly string[]
  readonly sampleMs: number
  readonly uri: string
}

export const settingsOf = (of: SimulatedSettings): Settings => ({
  host: { name: of.name, location: of.location ?? '', failureDomain: null, dataDir: '' },
  capacity: {},
  reserve: of.reserve ?? nothing,
  hypervisor: {
    driver: 'simulated',
    uri: of.uri,
    migrationUri: null,
    tls: null,
    diskLock: 'none',
    sampleMs: of.sampleMs,
  },
  network: {
    listen: [of.listen ?? ''],
    announce: [],
    bootstrap: of.bootstrap ?? [],
    clusterKey: of.clusterKey ?? null,
    allow: null,
  },
  mode: of.mode,
  policy: of.policy,
  rules: of.rules ?? [],
  managed: of.managed ?? [],
  api: { socket: null, metricsListen: null },
  log: { level: 'silent' },
})
