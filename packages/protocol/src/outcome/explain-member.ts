/** What an explanation says of another host. */

import type { MigrationAbility } from '../data/candidate.ts'
import type { HostId } from '../data/ids.ts'
import { quoted, uriTrouble } from '../data/peer-uri.ts'
import { type ReasonCode, reasonText } from '../data/reasons.ts'
import type { MemberView, PeerView } from '../data/view.ts'
import { durationText } from './words.ts'

export const nameOf = (view: PeerView, host: HostId): string =>
  host === view.host
    ? (view.description?.name ?? host)
    : (view.members.find(({ summary }) => summary.host === host)?.summary.name ?? host)

/** The number behind a code. */
export const numberFor = (
  code: ReasonCode,
  { summary, ageMs }: MemberView,
  own: MigrationAbility,
): string => {
  switch (code) {
    case 'host.unreachable':
    case 'host.suspect':
      return `last heard ${durationText(ageMs)} ago`
    case 'host.draining':
      return `is ${summary.state}, with ${summary.vms} VMs left`
    case 'cpu.incompatible':
      return `has ${summary.cpuBaseline}, the VM has seen ${own.cpuBaseline}`
    case 'peer.uri_refused':
      return `is reached at ${quoted(summary.migrationUri)}, which ${uriTrouble(own.migrationUri, summary.migrationUri)}`
    default:
      return reasonText(code)
  }
}
