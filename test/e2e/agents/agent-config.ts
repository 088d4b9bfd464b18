/** The configuration of one agent of a run. */
import { join } from 'node:path'
import { back, front } from '../network/namespaces.ts'

const root = join(import.meta.dirname, '../../..')
const driver = join(root, 'packages/sim/src/wire/socket-hypervisor.ts')
export const drover = join(root, 'packages/agent/bin/drover.js')

export const port = 7946

/** What differs from the product's defaults, and why: an hour's worth of decisions in minutes. */
export const policy = {
  migrationsOutMax: 2,
  migrationsInMax: 2,
  overloadHoldMs: 1_000,
  cooldownMs: 5_000,
  quarantineMs: 5_000,
  gossipMs: 2_000,
} as const

/** The product's own. */
export const sampleMs = 1_000

export interface AgentConfigInit {
  readonly host: number
  readonly hosts: number
  /** Of the run. */
  readonly directory: string
  readonly dataDir: string
  readonly worldSocket: string
}

export const apiSocketOf = (directory: string, host: number): string => join(directory, `h${host}.sock`)
export const keyFileOf = (directory: string): string => join(directory, 'cluster.key')

/** As TOML. Every agent is introduced to the first three. */
export const agentConfig = ({ host, hosts, directory, dataDir, worldSocket }: AgentConfigInit): string => {
  const known = [1, 2, 3].filter((other) => other <= hosts && other !== host)
  const address = (other: number): string => `"/ip4/${front}.${other}/tcp/${port}"`
  return `mode = "auto"
[host]
name = "h${host}"
data_dir = "${dataDir}"
[hypervisor]
driver = "${driver}"
uri = "sim+unix://${worldSocket}?host=h${host}"
sample_ms = ${sampleMs}
[reserve]
cpu_milli = 0
memory_mib = 0
[network]
listen = ["/ip4/${back}.${host}/tcp/${port}"]
announce = [${address(host)}]
bootstrap = [${known.map(address).join(', ')}]
cluster_key_file = "${keyFileOf(directory)}"
[policy]
preset = "aggressive"
overload_hold_ms = ${policy.overloadHoldMs}
cooldown_ms = ${policy.cooldownMs}
quarantine_ms = ${policy.quarantineMs}
gossip_ms = ${policy.gossipMs}
migrations_out_max = ${policy.migrationsOutMax}
migrations_in_max = ${policy.migrationsInMax}
[api]
socket = "${apiSocketOf(directory, host)}"
`
}
