/** Root: VMs that run now stay where they are. */
import type { VmId } from '../problem/ids.ts'
import type { Common, Definition } from './definition.ts'
import { some } from './listed.ts'
import type { RuleViolation } from './stay.ts'

export interface Root extends Common {
  readonly kind: 'root'
  readonly vms: readonly VmId[]
}

export const root: Definition<Root> = {
  kind: 'root',
  meaning: 'the VMs that run now stay where they are',
  fields: { vms: 'vms' },
  code: 'vm.pinned',
  content: ({ vms }) => some(vms),
  constraint: ({ vms }) => ({ is: 'rooted', vms }),
  check: ({ vms }, stays) =>
    vms.flatMap((vm) => {
      const home = stays.homeOf(vm)
      if (home === null) return []
      return stays
        .of(vm)
        .filter((stay) => stay.host !== home)
        .map(
          (stay): RuleViolation => ({
            code: 'vm.pinned',
            vms: [vm],
            hosts: [stay.host],
            text: `root: ${vm} must stay on ${home}`,
          }),
        )
    }),
}
