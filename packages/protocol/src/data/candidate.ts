/** A host that may help, and the reason why it would not be asked. */

import type { Resources } from '@drover/placement'
import type { HostId } from './ids.ts'
import type { HostDescription } from './io.ts'
import { uriTrouble } from './peer-uri.ts'
import type { ReasonCode } from './reasons.ts'
import type { LoadSummary } from './summary.ts'

/** One known host, with what the failure detector of this host says of it. Lists of them are sorted by distance. */
export interface Candidate {
  readonly summary: LoadSummary
  readonly state: 'alive' | 'suspect' | 'dead'
  readonly stale: boolean
}

/** What this host and one that helps it must have in common for a VM to go from one to the other. */
export type MigrationAbility = Pick<HostDescription, 'cpuBaseline' | 'migrationUri'>

export interface MemberRequirements {
  readonly wanted: Resources
  readonly own: MigrationAbility
  readonly clearPermille: number
  /** `observe` may look at hosts in any mode; a lease is given only by hosts in mode auto. */
  readonly intent: 'lease' | 'observe'
  /** Hosts that would help most as far as can be foreseen, best first; asked before all others. */
  readonly preferred: readonly HostId[]
}

/** May it be asked for help, without being in need itself? Its load may change with every summary; this does not. */
export const isHelpful = (
  candidate: Candidate,
  requirements: Pick<MemberRequirements, 'intent' | 'own'>,
): boolean => unfit(candidate, requirements) === null && !candidate.summary.overloaded

/** Why a host is not asked, or null. */
export const unfit = (
  { summary, state, stale }: Candidate,
  requirements: Pick<MemberRequirements, 'intent' | 'own'>,
): ReasonCode | null => {
  if (state === 'dead' || stale) return 'host.unreachable'
  if (state === 'suspect') return 'host.suspect'
  if (summary.state !== 'up') return 'host.draining'
  if (!summary.able) return 'host.paused'
  if (requirements.intent === 'lease' && summary.mode !== 'auto') return 'mode.observe'
  if (summary.cpuBaseline !== requirements.own.cpuBaseline) return 'cpu.incompatible'
  if (requirements.own.migrationUri === '') return null
  return uriTrouble(requirements.own.migrationUri, summary.migrationUri) === null ? null : 'peer.uri_refused'
}
