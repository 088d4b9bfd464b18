/**
 * The checked configuration of one agent, with every default filled in. `load.ts` makes it from TOML files,
 * environment and flags; the harness makes it by hand.
 */
import type { Mode, Policy, Resources, Rule } from '@drover/protocol'

export interface Settings {
  readonly host: {
    /** For people; default: the system's host name. */
    readonly name: string
    /** `dc1/rack7`; near in text = near in the network. Default ''. */
    readonly location: string
    readonly failureDomain: string | null
    /** Identity key, journal, lock file. Default `/var/lib/drover`. */
    readonly dataDir: string
  }
  /** Overrides what the hypervisor says of the whole machine. */
  readonly capacity: Partial<Resources>
  /** Kept free for the host itself; default cpuMilli 20 % and memoryMiB max(2 GiB, 5 %) of the capacity. */
  readonly reserve: Partial<Resources>
  readonly hypervisor: {
    /** `libvirt`, or a module path that exports `createHypervisor(options)`. */
    readonly driver: string
    readonly uri: string
    /** Where other hosts' hypervisors reach ours; null = derived by the driver. */
    readonly migrationUri: string | null
    readonly tls: { readonly ca: string; readonly cert: string; readonly key: string } | null
    readonly diskLock: 'none' | 'lockd' | 'sanlock'
    /** Directories that every host sees. Default none: the driver judges by the file system. */
    readonly sharedPaths?: readonly string[]
    readonly sampleMs: number
  }
  readonly network: {
    /** Multiaddrs, e.g. `/ip4/0.0.0.0/tcp/7946`. */
    readonly listen: readonly string[]
    readonly announce: readonly string[]
    /** Multiaddrs with or without `/p2p/…` of some other agents. */
    readonly bootstrap: readonly string[]
    /** The pre-shared cluster key; null only where a test says so. */
    readonly clusterKey: Uint8Array | null
    /** Peer ids that may take part; null = every host that has the cluster key. */
    readonly allow: readonly string[] | null
  }
  readonly mode: Mode
  readonly policy: Policy
  readonly rules: readonly Rule[]
  /** VMs that plans may start, stop, suspend and resume; every other VM is only moved. Default none. */
  readonly managed?: readonly string[]
  readonly api: {
    /** Unix socket of the local API; null = none (harness). */
    readonly socket: string | null
    /** `host:port` for `/metrics` and health only; null = only on the socket. */
    readonly metricsListen: string | null
  }
  readonly log: { readonly level: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent' }
}
