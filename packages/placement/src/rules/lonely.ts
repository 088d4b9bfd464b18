/** Lonely: the VMs share their hosts with no others. */
import type { VmId } from '../problem/ids.ts'
import { checkApart } from './check-apart.ts'
import type { Common, Definition } from './definition.ts'
import { some } from './listed.ts'

export interface Lonely extends Common {
  readonly kind: 'lonely'
  readonly vms: readonly VmId[]
}

export const lonely: Definition<Lonely> = {
  kind: 'lonely',
  meaning: 'the VMs share their hosts with no others',
  fields: { vms: 'vms' },
  code: 'rule.anti_affinity',
  content: ({ vms }) => some(vms),
  constraint: ({ vms }) => ({ is: 'alone', vms }),
  check: ({ vms }, stays) => {
    const members = new Set(vms)
    const all = [...new Set(stays.all.map((stay) => stay.vm))]
    return checkApart(
      'lonely',
      stays,
      all.map((vm) => [vm, members.has(vm) ? 0 : 1] as const),
    )
  },
}
