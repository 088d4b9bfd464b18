/**
 * Reason codes: a stable interface. Programs compare them, people read the sentence. A code is never renamed and never
 * changes its meaning; new ones are added here, next to their kin.
 */

export const reasons = {
  // ---- why something is done
  'overload.cpu': 'The VMs want more CPU than the host may give.',
  'overload.mem': 'The VMs hold more memory than the host may give.',
  'overload.psi': 'Tasks wait for CPU, memory or disk for too much of the time.',
  'rule.violation': 'A placement rule is broken.',
  drain: 'The host is being emptied for maintenance.',
  operator: 'An operator asked for it.',
  balance: 'Load is evened out between hosts.',
  consolidate: 'VMs are gathered on fewer hosts.',
  restore: 'VMs return to the host they were drained from.',

  // ---- why not this VM
  'vm.ignored': 'Its settings say that drover leaves it alone.',
  'vm.pinned': 'It is pinned to this host by its settings.',
  'vm.not_running': 'It does not run.',
  'vm.paused': 'It is paused; drover moves running VMs only.',
  'vm.job_active': 'Another job works on it: a backup, a snapshot, another migration.',
  'vm.foreign_owner': 'Another manager owns it.',
  'vm.cooldown': 'It was moved not long ago and rests, unless its host is still overloaded.',
  'vm.quarantined': 'Its migration failed repeatedly; it is left alone for a while.',
  'vm.absent': 'The hypervisor says that it has no such VM.',
  'vm.gone': 'It is no longer on the host where it was.',
  'vm.restarted': 'It was started anew since the plan was made.',
  'vm.still_here': 'The hypervisor says that it is still here and runs as before.',
  'vm.still_defined': 'It left, but its definition is still here and could be started a second time.',
  'vm.shut': 'It was shut down meanwhile.',
  'vm.lost': 'It is on neither of the two hosts that were asked. Look at once.',
  'vm.double': 'Two hosts say that it runs. Look at once.',
  'vm.stale_copy':
    'A paused copy is left on the source while the VM runs at the destination; an operator decides.',
  'vm.paused_in_doubt': 'It is paused until the other host can be asked whether it runs there.',
  'vm.paused_here': 'It is paused here after a broken migration.',
  'vm.resumed': 'It was found paused by a broken migration and runs again.',
  'vm.stopped': 'It was stopped meanwhile.',
  'vm.unreadable': 'Its definition cannot be read.',
  'vm.not_needed': 'The others were enough.',
  'vm.present': 'It is on that host already.',
  'vm.not_here': 'It is not on this host; ask the host that has it.',
  'dev.hostdev': 'It uses a device of the host (PCI, USB), which cannot travel.',
  'dev.vgpu': 'It uses a virtual GPU, which cannot travel.',
  'dev.local_disk': 'It has a disk that exists on this host only.',
  'dev.local_cdrom': 'It has a CD-ROM image that exists on this host only.',
  'dev.local_media': 'It has a CD-ROM or floppy image that exists on this host only.',
  'dev.virtiofs': 'It shares a directory of this host.',
  'dev.filesystem': 'It shares a directory of this host.',
  'dev.tpm_state': 'The state of its TPM lies on this host only.',
  'dev.tpm': 'Its TPM lies on this host only.',
  'dev.nvdimm': 'Its persistent memory lies on this host only.',
  'dev.shmem': 'It shares memory with something on this host.',
  'dev.chardev': 'It has a serial line or channel that is bound to this host.',
  'mem.would_not_converge': 'It rewrites memory faster than the link carries it.',

  // ---- why not this target
  'cpu.incompatible': 'Its CPU differs from what the guest has seen.',
  'machine_type.unknown': 'Its hypervisor does not know the machine type.',
  'qemu.older': 'Its hypervisor is older.',
  'numa.no_fit': 'No NUMA cell has room.',
  'hugepages.no_fit': 'Not enough free huge pages.',
  'net.missing': 'It lacks a network that the VM uses.',
  'storage.missing': 'It lacks storage that the VM uses.',
  'capacity.cpu': 'Not enough CPU is free there.',
  'capacity.mem': 'Not enough memory is free there.',
  'reserve.breach': 'It would eat into what is kept free for the host itself.',
  'rule.affinity': 'A rule wants it together with another VM.',
  'rule.anti_affinity': 'A rule forbids it on the same host as another VM.',
  'rule.host_group': 'A rule forbids it on that host.',
  'rule.capacity': 'A rule limits how much these hosts may hold.',
  'rule.order': 'A rule wants another action to come first.',
  'node.draining': 'The host is being drained, or leaves.',
  'node.paused':
    'The host grants nothing now: its hypervisor does not answer, or its journal cannot be written.',
  'node.suspect': 'The host answers neither us nor others, lately.',
  'node.unreachable': 'The host does not answer.',
  'node.version_skew': 'The host runs a version too different.',
  'node.leaving': 'The agent of the host is being stopped.',
  'node.unknown': 'No such host is known here.',

  // ---- why not now
  'limit.out': 'As many migrations leave that host as may at the same time.',
  'limit.in': 'As many migrations enter that host as may at the same time.',
  'limit.rate': 'That host had its share of migrations for this hour.',
  'window.closed': 'No migrations at this time of day.',
  'mode.observe': 'The agent only observes; `drover mode auto` lets it act.',
  'mode.manual': 'An operator has to approve.',
  'mode.paused': 'drover is paused.',
  'gain.too_small': 'It would help too little to be worth the migration.',
  'partition.busy': 'The hosts that are needed work in other partitions.',
  'partition.exhausted': 'Every reachable host was asked, and none can help.',
  'partition.timeout': 'The hosts that were asked did not answer in time.',
  'partition.lost': 'Too many members were lost while it worked.',
  'drain.blocked': 'VMs that cannot leave keep the host from being emptied.',
  'plan.malformed': 'A plan did not pass the independent check.',
  'solver.failed': 'The solver crashed.',
  'solver.stale': 'The answer came too late to be trusted.',
  'journal.full': 'The journal cannot be written: no space.',
  'journal.broken': 'The journal cannot be read; it was moved aside.',
  'journal.locked': 'Another agent uses the journal.',
  'hypervisor.unreachable': 'The hypervisor does not answer.',
  'hypervisor.timeout': 'The hypervisor did not answer in time; nothing is known of the effect.',
  'hypervisor.refused': 'The hypervisor refused.',
  'migration.failed': 'The migration failed; the VM runs where it was.',
  'migration.unknown': 'It is not known how the migration ended; both ends are being asked.',
  wounded: 'A partition with a more severe need took the host.',
  lapsed: 'The lease ended before it was renewed.',
  unknown: 'It is not known how it ended; both ends are being asked.',
} as const satisfies Record<string, string>

export type ReasonCode = keyof typeof reasons

export const isReasonCode = (code: string): code is ReasonCode => Object.hasOwn(reasons, code)

/** The sentence of a code; a code of a newer agent (or of a driver of its own) stands for itself. */
export const reasonText = (code: string): string => (isReasonCode(code) ? reasons[code] : `(${code})`)
