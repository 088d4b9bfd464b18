/**
 * Reason codes: a stable interface. Programs compare them, people read the sentence. A code is never renamed and never
 * changes its meaning from version 1.0 on. A new one enters next to its kin, together with the code that says it: a test
 * finds those that nothing says.
 */

export const reasons = {
  // ---- why something is done
  'overload.cpu': 'The VMs want more CPU than the host may give.',
  'overload.mem': 'The VMs hold more memory than the host may give.',
  'forecast.cpu': 'The VMs will probably want more CPU than the host may give, before long.',
  'rule.violation': 'A placement rule is broken.',
  drain: 'The host is being emptied for maintenance.',
  operator: 'An operator asked for it.',
  balance: 'Load is evened out between hosts.',
  consolidate: 'VMs are gathered on fewer hosts.',

  // ---- why not this VM
  'vm.ignored': 'Its settings say that drover leaves it alone.',
  'vm.pinned': 'It is pinned to this host by its settings.',
  'vm.not_running': 'It does not run.',
  'vm.job_active': 'Another job works on it: a backup, a snapshot, a copy of a disk, another migration.',
  'vm.snapshot':
    'libvirt moves no VM of which it has snapshots on record; it can move when they are deleted.',
  'vm.cooldown':
    'It was moved not long ago and rests. drover moves it of its own accord only from an overloaded host, and not back.',
  'vm.quarantined': 'Its migration failed repeatedly; it is left alone for a while.',
  'vm.absent': 'The hypervisor says that it has no such VM.',
  'vm.gone': 'It is no longer on the host where it was.',
  'vm.restarted': 'It was started anew since the plan was made.',
  'vm.still_here': 'The hypervisor says that it is still here and runs as before.',
  'vm.still_defined': 'It left, but its definition is still here and could be started a second time.',
  'vm.shut': 'It was shut down meanwhile.',
  'vm.lost': 'It is on neither of the two hosts that were asked. Look at once.',
  'vm.unconfirmed': 'It left this host; whether it runs at its destination, which is silent, is not known.',
  'vm.autostart_unset':
    'It has arrived, and does not start with its host, as it did before: the hypervisor has not taken that, and is asked again.',
  'vm.left_waiting':
    'An agent ended while it was being moved; it may wait, paused, until an agent of either host runs again.',
  'vm.double': 'Two hosts say that it runs. Look at once.',
  'vm.stale_copy':
    'A paused copy is left, or may be, on one host while the VM runs on another; an operator decides.',
  'vm.resume_unread':
    'A request to let it run here, of this host or of the one that it came from, may be read late: it stays until that is over.',
  'vm.paused_in_doubt': 'It is paused until the other host can be asked whether it runs there.',
  'vm.paused_by_migration':
    'A migration left it paused, and no action of drover accounts for it any more; an operator decides.',
  'vm.paused_here': 'It is paused here after a broken migration.',
  'vm.resumed': 'It was found paused by a broken migration and runs again.',
  'vm.stopped': 'It was stopped meanwhile.',
  'vm.unreadable': 'Its definition cannot be read.',
  'vm.unmanaged':
    "It was not put in drover's care: drover only moves it, and never starts, stops or suspends it.",
  'vm.saved': 'Its whole state is in storage: it has to be resumed, not started.',
  'vm.not_saved': 'No saved state of it is here to resume it from.',
  'vm.shutdown_ignored': 'Its guest was asked to shut down, and has not done so in time.',
  'vm.paused_by_suspend': 'It was to be suspended, that failed, and it is paused; an operator decides.',
  'operation.slow': 'A start, stop, suspend or resume takes longer than expected; its end is still awaited.',
  'vm.not_needed': 'The others were enough.',
  'vm.present': 'It is on that host already.',
  'vm.not_here': 'It is not on this host; ask the host that has it.',
  'dev.hostdev': 'It uses a device of the host (PCI, USB), which cannot travel.',
  'dev.local_disk': 'It has a disk that exists on this host only.',
  'dev.transient_disk': 'It has a disk whose changes are dropped when it stops; libvirt does not move it.',
  'dev.local_media': 'It has a CD-ROM or floppy image that exists on this host only.',
  'dev.filesystem': 'It shares a directory of this host.',
  'dev.tpm': 'Its TPM lies on this host only.',
  'dev.nvdimm': 'Its persistent memory lies on this host only.',
  'dev.shmem': 'It shares memory with something on this host.',
  'dev.chardev': 'It has a serial line or channel that is bound to this host.',
  'cpu.invariant_tsc':
    'Its guest counts on a clock of the CPU that never changes its pace, and whose frequency its definition does not set.',
  'mem.would_not_converge': 'It rewrites memory faster than the link carries it.',

  // ---- why not this target
  'cpu.incompatible': 'Its CPU differs from what the guest has seen.',
  'capacity.cpu': 'Not enough CPU is free there.',
  'capacity.mem': 'Not enough memory is free there.',
  'rule.affinity': 'A rule wants it together with another VM.',
  'rule.anti_affinity': 'A rule forbids it on the same host as another VM.',
  'rule.host_group': 'A rule forbids it on that host.',
  'rule.capacity': 'A rule limits how much these hosts may hold.',
  'rule.order': 'A rule wants another action to come first.',
  'rule.state': 'It is asked to be in two states at once.',
  'host.draining': 'The host is being drained, or leaves.',
  'host.paused':
    'The host grants nothing now: its hypervisor does not answer, its VMs are not measured yet, its journal cannot be written, or a migration without a lease holds it.',
  'host.suspect': 'The host answers neither us nor others, lately.',
  'host.unreachable': 'The host does not answer.',
  'host.leaving': 'The agent of the host is being stopped.',
  'host.unknown': 'No such host is known here.',

  // ---- why not early
  'forecast.off': 'The policy says `act_early = false`.',
  'forecast.unproven': 'It is not known yet whether what this host foresees comes true.',
  'forecast.no_better': 'What this host foresees comes no nearer to the truth than "as it is now".',
  'forecast.together': 'The VMs of this host rise and fall together; what it foresees does not.',

  // ---- why not now
  'limit.out': 'As many migrations leave that host as may at the same time.',
  'limit.in': 'As many migrations enter that host as may at the same time.',
  'limit.size': 'There are more VMs, labels and rules than one message between hosts can carry.',
  'mode.observe': 'The agent only observes; `drover mode auto` lets it act.',
  'operator.called_off': 'An operator called it off; what had begun was brought to its end.',
  'gain.too_small': 'It would help too little to be worth the migration.',
  'partition.busy': 'The hosts that are needed work in other partitions.',
  'partition.in_vain':
    'Its leader has held this host for long without moving anything; it takes part again later.',
  'partition.alone': 'No host is known that could be asked: see why for each of them.',
  'partition.exhausted': 'Every reachable host was asked, and none can help.',
  'partition.timeout': 'The hosts that were asked did not answer in time.',
  'partition.lost': 'Too many members were lost while it worked.',
  'drain.blocked': 'VMs that cannot leave keep the host from being emptied.',
  'placement.impossible': 'No placement keeps every limit and every rule.',
  'plan.malformed': 'A plan did not pass the independent check.',
  'plan.unsound':
    'The plan did not pass the check of a host that looked at it again; nothing was moved by it.',
  'plan.unsupported': 'No action leads from what is to what is wanted.',
  'plan.no_order': 'The moves stand in the way of each other, and no order or third host breaks the circle.',
  'plan.waits': 'It waits for the first half of the same move.',
  'plan.unknown': 'The host knows no such plan; its lease was given anew since.',
  'lease.stale': 'The host belongs to another partition by now.',
  'solver.failed': 'The solver crashed.',
  'solver.timeout': 'The solver did not answer in time.',
  'solver.busy': 'Too many problems wait for the solver.',
  'journal.full': 'The journal cannot be written: no space.',
  'journal.broken': 'The journal cannot be read; it was moved aside.',
  'journal.locked': 'Another agent uses the journal.',
  'journal.lost':
    'The journal is new, or was lost or put back: the host waits until no promise from before can be in force.',
  'journal.behind':
    'Other hosts know a later start of this host than its journal and its clock: the journal was lost or put back, and the clock is behind. It goes on after that start.',
  'hypervisor.unreachable': 'The hypervisor does not answer.',
  'capacity.unknown': 'What this host has is not known yet: no two answers of its hypervisor agree.',
  'demand.unknown':
    'What a VM of this host wants is not known yet: it has not been measured, or its host was looked at once only.',
  'hypervisor.timeout': 'The hypervisor did not answer in time; nothing is known of the effect.',
  'hypervisor.refused': 'The hypervisor refused.',
  'hypervisor.implausible': 'The hypervisor told something that cannot be so; it counts as not told.',
  'hypervisor.failed': 'The driver of the hypervisor failed in an unforeseen way.',
  'migration.failed': 'The migration failed; the VM runs where it was.',
  'migration.cancelled': 'Its source called the migration off; the VM runs there.',
  'migration.unknown': 'It is not known how the migration ended; both ends are being asked.',
  'migration.unsettled':
    'This agent ended while the VM was on its way; its hypervisors and the agents that are left settle it.',
  'migration.unaccounted':
    'A migration that no action of drover accounts for makes no progress; an operator decides, and its hosts wait.',
  'migration.refused': 'The hypervisor did not begin the migration; the VM runs where it was.',
  'migration.stalled': 'The migration made no progress and was broken off; the VM runs where it was.',
  'migration.timeout':
    'The migration took far longer than expected and was broken off; the VM runs where it was.',
  'migration.slow': 'The migration takes longer than expected; if it takes far longer, it is broken off.',
  'resume.failed': 'The VM has arrived and is paused; the hypervisor did not let it run, and is asked again.',
  'peer.stranger': 'An agent without the cluster key, or not on the list, was refused.',
  'peer.silent':
    'A connection was closed that did not prove in time that it has the cluster key: of a stranger, or of a host that is slow.',
  'peer.uri_refused':
    "The other host names a migration URI that is not of the form of this host's own; it is not opened.",
  'peer.outdated':
    'The other host speaks as an earlier life of itself: it is not heard, is told so, and will go on as a later one.',
  'wire.garbage': 'Something arrived that could not be read.',
  'wire.not_understood':
    'The other host says something that only a later version knows: it runs one, and this message is left aside.',
  'wire.unwritable': 'A message of our own could not be written; it was not sent.',
  'wire.too_large': 'A message of our own was larger than a message may be; it was not sent.',
  wounded: 'A partition with a more severe need took the host.',
  lapsed: 'The lease ended before it was renewed.',
  unknown: 'It is not known how it ended; both ends are being asked.',
} as const satisfies Record<string, string>

export type ReasonCode = keyof typeof reasons

declare const foreign: unique symbol
/** A code that another program chose: a hypervisor driver, the solver, an agent of another version. It need not be one of these. */
export type ForeignCode = string & { readonly [foreign]: true }
/** What stands in a record or a message. What this program says itself is a `ReasonCode`: a typo does not compile. */
export type AnyCode = ReasonCode | ForeignCode
/** Where such a code comes in. */
export const codeFrom = (text: string): AnyCode => text as AnyCode

export const isReasonCode = (code: string): code is ReasonCode => Object.hasOwn(reasons, code)

/** The sentence of a code; a code of a newer agent (or of a driver of its own) stands for itself. */
export const reasonText = (code: string): string => (isReasonCode(code) ? reasons[code] : `(${code})`)
