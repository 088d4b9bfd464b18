/** Quarantine: no VM enters these hosts, none leaves them. */
import type { HostId } from '../problem/ids.ts'
import type { Common, Definition } from './definition.ts'
import { some } from './listed.ts'
import type { RuleViolation } from './stay.ts'

export interface Quarantine extends Common {
  readonly kind: 'quarantine'
  readonly hosts: readonly HostId[]
}

export const quarantine: Definition<Quarantine> = {
  kind: 'quarantine',
  meaning: 'no VM enters these hosts, none leaves them',
  fields: { hosts: 'hosts' },
  code: 'rule.host_group',
  content: ({ hosts }) => some(hosts),
  constraint: ({ hosts }) => ({ is: 'closed', hosts }),
  check: ({ hosts }, stays) => {
    const closed = new Set(hosts)
    return stays.all.flatMap((stay): RuleViolation[] => {
      const home = stays.homeOf(stay.vm)
      const crosses = home !== stay.host && (closed.has(stay.host) || (home !== null && closed.has(home)))
      if (!crosses) return []
      return [
        {
          code: 'rule.host_group',
          vms: [stay.vm],
          hosts: [stay.host],
          text: `quarantine: ${stay.vm} may not be on ${stay.host}`,
        },
      ]
    })
  },
}
