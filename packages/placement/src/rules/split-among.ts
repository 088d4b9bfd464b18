/** SplitAmong: each part of VMs in one group of hosts, no two parts in the same group. */
import type { HostId, VmId } from '../problem/ids.ts'
import { checkApart, eachItsPart } from './check-apart.ts'
import { checkTogether, groupIn } from './check-together.ts'
import type { Common, Definition } from './definition.ts'
import { someLists } from './listed.ts'

export interface SplitAmong extends Common {
  readonly kind: 'splitAmong'
  readonly parts: readonly (readonly VmId[])[]
  readonly among: readonly (readonly HostId[])[]
}

export const splitAmong: Definition<SplitAmong> = {
  kind: 'splitAmong',
  meaning: 'each part of VMs in one of these groups of hosts, no two parts in the same group',
  fields: { parts: 'vmParts', among: 'hostGroups' },
  code: 'rule.affinity',
  content: ({ parts, among }) => `${someLists(parts)}; ${someLists(among)}`,
  constraint: ({ parts, among }) => ({ is: 'together', parts, groups: among }),
  check: ({ parts, among }, stays) => {
    const groupOf = groupIn(among)
    const placeOf = (host: HostId) => {
      const group = groupOf(host)
      return group === null ? `host ${host}` : `group ${group}`
    }
    return [
      ...parts.flatMap((part) => checkTogether('splitAmong', stays, part, groupOf)),
      ...checkApart('splitAmong', stays, eachItsPart(parts), placeOf),
    ]
  },
}
