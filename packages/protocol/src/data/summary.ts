/** What a host tells all others: enough to choose members, far too little to plan with. */

import type { Resources } from '@drover/placement'
import type { ForecastSummary } from './forecast-summary.ts'
import type { HostId, PartitionId } from './ids.ts'

export type Mode = 'observe' | 'auto'

export interface LoadSummary {
  readonly host: HostId
  /** For people. */
  readonly name: string
  /** Near in this text = near in the network (`dc1/rack7`); '' when not told. First key of the ring's order. */
  readonly location: string
  /** The agent's start count, and a number that grows with each summary of one incarnation: newer wins. */
  readonly incarnation: number
  readonly sequence: number
  readonly capacity: Resources
  readonly reserve: Resources
  /** All that is usable, or more, while it does not know. */
  readonly demand: Resources
  /** Promised incoming migrations, and outgoing migrations under way (not yet gone: still in `demand`). */
  readonly committedIn: Resources
  readonly committedOut: Resources
  readonly vms: number
  /** What it expects of its CPU demand; null while it has not watched for long enough. */
  readonly forecast: ForecastSummary | null
  readonly overloaded: boolean
  readonly state: 'up' | 'draining' | 'leaving'
  /**
   * False while its hypervisor does not answer, a VM of it is not measured yet, its journal cannot be written, or a migration holds
   * it without a lease: it grants nothing.
   */
  readonly able: boolean
  readonly partition: PartitionId | null
  readonly failureDomain: string | null
  readonly cpuBaseline: string
  /** Where other hosts' hypervisors reach this one's; '' when an older version did not tell. */
  readonly migrationUri: string
  readonly mode: Mode
  readonly version: string
  /** Hash of the rules and policy, to show drift. */
  readonly policyHash: string
}
