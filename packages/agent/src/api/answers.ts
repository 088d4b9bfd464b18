/** What the local API answers. `schemaVersion` stays 1 while answers only grow. */
import type {
  DatedDecision,
  Decision,
  Explanation,
  HostId,
  MemberView,
  Mode,
  Reply,
  VmId,
  VmSnapshot,
} from '@drover/protocol'
import type { AgentStatus } from '../agent-port.ts'

export const schemaVersion = 1

interface Answer {
  readonly schemaVersion: 1
}
export interface StatusAnswer extends Answer, AgentStatus {
  readonly version: string
}
export interface MembersAnswer extends Answer {
  readonly host: HostId
  readonly members: readonly MemberView[]
}
export interface VmsAnswer extends Answer {
  readonly host: HostId
  readonly vms: readonly VmSnapshot[]
}
/** `decision` null: there was nothing to decide, or (migrate) it is not yet on record. */
export interface DecisionAnswer extends Answer {
  readonly text: string
  readonly id: string | null
  readonly decision: Decision | null
}
export interface ExplainAnswer extends Answer {
  readonly explanation: Explanation
}
export interface HistoryAnswer extends Answer {
  readonly decisions: readonly DatedDecision[]
}
export interface Blocker {
  readonly vm: VmId
  readonly name: string
  readonly code: string
}
export interface DrainAnswer extends Answer {
  /** False after a dry run. */
  readonly draining: boolean
  readonly leaving: readonly { readonly vm: VmId; readonly name: string }[]
  readonly blockers: readonly Blocker[]
}
export interface DoneAnswer extends Answer {
  readonly text: string
}
export interface ModeAnswer extends DoneAnswer {
  readonly mode: Mode
}
export interface ErrorAnswer extends Answer {
  readonly error: {
    /** A reason code when a safety check refused (HTTP 409); else `request.invalid`, `request.unknown`, `agent.timeout` … */
    readonly code: string
    readonly text: string
    /** The VMs in the way of a drain. */
    readonly blockers?: readonly Blocker[]
    /** What an ambiguous name may have meant. */
    readonly matches?: readonly string[]
  }
}

export type Refusal = Extract<Reply, { readonly kind: 'refused' }>
