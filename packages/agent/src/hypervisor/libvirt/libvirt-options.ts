/** What can be set of the libvirt driver, and what holds where nothing is set. */

import type { PkiPaths } from '../../config/libvirt-uri.ts'
import type { DiskLock } from './domain-xml.ts'

/** Default of each number: `defaults`. */
export interface LibvirtOptions {
  /** This host's daemon. */
  readonly uri?: string
  /** What other hosts use to reach this one's daemon. Default `qemu+tcp://<hostname>/system`. */
  readonly migrationUri?: string
  /** Files of the certificates for `qemu+tls` URIs; else those named by the URI or libvirt's usual places. */
  readonly tls?: PkiPaths
  /** Longest wait for an answer, ms. A migration, a save and a start may last longer. */
  readonly callMs?: number
  /** Longest wait for a save, a restore or a start, ms. */
  readonly storageMs?: number
  /** A silent daemon is asked this often, ms. It is given up after three questions. */
  readonly keepaliveMs?: number
  /** The host's lock manager (qemu.conf). See rule R2. */
  readonly diskLock?: DiskLock
  /** Directories that every host sees, whatever their file system looks like. */
  readonly sharedPaths?: readonly string[]
  /** How often QEMU measures each guest's dirty rate, ms; 0 = never. */
  readonly dirtyRateMs?: number
  /** How often a running migration's progress is read, ms. */
  readonly progressMs?: number
  /**
   * Sockets on this machine at which other hosts' daemons are reached: those of a test that stands outside of their network. A
   * daemon that schedules has none.
   */
  readonly peerSockets?: readonly string[]
  /** How long a lost daemon is waited for before a migration ends `unknown`, ms. */
  readonly lookMs?: number
  /** Where the kernel tells the host's pressure. Read only beside a local daemon. */
  readonly pressureDirectory?: string
  readonly logger?: { warn(message: string): void }
}

export const defaults = {
  uri: 'qemu:///system',
  /** A daemon that answers at all answers in milliseconds; one that is busy with a job may need seconds. */
  callMs: 5_000,
  /** Memory is written to storage or read from it: ten minutes for some hundred GiB. */
  storageMs: 600_000,
  keepaliveMs: 5_000,
  /** libvirt's own. */
  diskLock: 'none',
  sharedPaths: [],
  /** A measurement slows the guest a little, and a dirty rate is no more than a hint of how long a migration takes. */
  dirtyRateMs: 60_000,
  progressMs: 500,
  peerSockets: [],
  /** A daemon is restarted in seconds. A minute covers a restart by hand. */
  lookMs: 60_000,
  pressureDirectory: '/proc/pressure',
} as const satisfies LibvirtOptions
