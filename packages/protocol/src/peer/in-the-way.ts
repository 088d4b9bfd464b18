/** What keeps this host from what an operator wants of it, for the operator to read. */
import { type ReasonCode, reasonText } from '../data/reasons.ts'
import type { PeerParts } from './peer-parts.ts'
import { troubleOf } from './troubles.ts'

export interface InTheWay {
  readonly code: ReasonCode
  readonly text: string
}

export const inTheWay = (parts: PeerParts): InTheWay => {
  const { host, actions, leader, member } = parts
  const trouble = troubleOf(parts)
  if (trouble !== null) return { code: trouble, text: reasonText(trouble) }
  const [foreign] = actions.foreign()
  if (foreign !== undefined) {
    const name = host.vms.get(foreign)?.name ?? foreign
    return { code: 'vm.job_active', text: `VM ${name} is being moved by another client than drover` }
  }
  const partition = member.view()?.partition ?? leader.leading
  if (partition === null) return { code: 'partition.busy', text: 'this host could not act in time' }
  return { code: 'partition.busy', text: `this host is at work in partition ${partition}` }
}
