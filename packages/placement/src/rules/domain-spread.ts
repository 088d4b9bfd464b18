/** DomainSpread: no two of the VMs in one failure domain. Without a domain, a host is its own. */
import type { HostId, VmId } from '../problem/ids.ts'
import { checkApart, eachItsOwn } from './check-apart.ts'
import type { Common, Definition } from './definition.ts'
import { some } from './listed.ts'

export interface DomainSpread extends Common {
  readonly kind: 'domainSpread'
  readonly vms: readonly VmId[]
}

export const domainSpread: Definition<DomainSpread> = {
  kind: 'domainSpread',
  meaning: 'no two of the VMs in one failure domain',
  fields: { vms: 'vms' },
  vmsMin: 2,
  code: 'rule.anti_affinity',
  content: ({ vms }) => some(vms),
  constraint: ({ vms }) => ({ is: 'allApart', vms, place: 'domain' }),
  check: ({ vms }, stays) => {
    const domains = new Map(stays.problem.hosts.map((host) => [host.id, host.failureDomain]))
    const placeOf = (host: HostId) => {
      const domain = domains.get(host) ?? null
      return domain === null ? `host ${host}` : `domain ${domain}`
    }
    return checkApart('domainSpread', stays, eachItsOwn(vms), placeOf)
  },
}
