/** What an operator does about an alarm: one line for `explain`; docs/operating.md says more. */
import type { AlarmCode } from '../data/view.ts'

/** `vm`: its name. `peer`: the name of the other host, null where it is not known. */
export const adviceOf = (code: AlarmCode, vm: string, peer: string | null): string => {
  const other = peer ?? 'the other host'
  switch (code) {
    case 'vm.double':
      return `Choose the copy that goes on, and end the other one: virsh destroy ${vm}`
    case 'vm.paused_in_doubt':
      return `Bring libvirtd or the agent of ${other} back. If ${other} is gone for good, and you know that the VM does not run there: virsh resume ${vm}`
    case 'vm.paused_by_migration':
      return `Look on all hosts (virsh list --all). If it runs on none: virsh resume ${vm}, and virsh autostart ${vm} if it is to start with this host. If it runs on one: virsh destroy ${vm} here`
    case 'vm.unconfirmed':
      return `Bring ${other}, its libvirtd or its agent back: the VM runs there within seconds`
    case 'vm.autostart_unset':
      return `Look whether libvirtd answers; virsh autostart ${vm} does as well`
    case 'migration.unaccounted':
      return `Look whether it is yours (virsh domjobinfo ${vm}); if not: virsh domjobabort ${vm}`
    default:
      return code satisfies never
  }
}
