/**
 * What goes into `peer.step` and what comes out. The caller's contract:
 *
 * 1. Call `step(now, input)` for one input at a time; it is synchronous and never throws on input.
 * 2. Carry out the effects in their order: a `persist` is on disk before the `send` or `perform` behind it.
 * 3. If a `persist` fails, drop the rest of that step's `send`s, answer each of its `perform`s with
 *    `finished … refused journal.full`, and say `journal healthy: false` before any other input; say `true` when all records
 *    that are owed are written.
 * 4. Call `step` again with `tick` at (or soon after) the last `wake`.
 */

import type { ActionResult, Labelled, PartitionProblem, Resources, Rule, Solution } from '@drover/placement'
import type { Policy } from './config.ts'
import type { Decision } from './decision.ts'
import type { ActionId, HostId, Instant, PartitionId, PeerUri, VmId } from './ids.ts'
import type { Message, Presence } from './message.ts'
import type { AnyCode, ReasonCode } from './reasons.ts'
import type { LoadSummary, Mode } from './summary.ts'

/** One active VM as its host measured it. */
export interface ObservedVm extends Labelled {
  readonly vm: VmId
  readonly name: string
  readonly state: 'running' | 'paused'
  /** Whose doing a pause is; null while it runs. */
  readonly pausedBy: 'migration' | 'owner' | null
  readonly incarnation: string
  /**
   * Null while there are not two samples between which it ran all the time (just started, just arrived, just resumed):
   * what was last known or promised stands in (`snapshot/belief.ts`).
   */
  readonly cpuMilli: number | null
  /** 0 = not told: what was last known of it stands, as of its memory. */
  readonly vcpus: number
  readonly memoryMiB: number
  readonly dirtyMiBps: number | null
  /** Why it cannot be migrated, or null; a driver may have codes of its own. */
  readonly fixed: AnyCode | null
  readonly diskLocked: boolean
  /** Its definition here says that it starts with its host. */
  readonly autostart: boolean
}

/** A migration away from here that runs now, and how much it has sent so far; null = the hypervisor does not say. */
export interface OutgoingJob {
  readonly vm: VmId
  readonly sentMiB: number | null
}

/** A migration to this host that runs now, and how large its VM is; null = the hypervisor does not say. */
export interface IncomingJob {
  readonly vm: VmId
  readonly memoryMiB: number | null
  readonly vcpus: number | null
}

/** Facts about this host that change rarely: told at the start, and again when they change. */
export interface HostDescription {
  readonly name: string
  readonly location: string
  readonly capacity: Resources
  readonly reserve: Resources
  readonly cpuBaseline: string
  readonly failureDomain: string | null
  readonly migrationUri: string
  readonly version: string
}

/** One end of a migration that the journal had open when the agent last ended. */
export interface OpenMigration extends Labelled {
  /** A VM that leaves this host, or that comes to it. */
  readonly kind: 'departure' | 'arrival'
  readonly action: ActionId
  readonly partition: PartitionId
  /** Of this host's lease, and of that of the other end (0 where it was not told). */
  readonly epoch: number
  readonly peerEpoch: number
  readonly vm: VmId
  /** The VM's name, for people. */
  readonly name: string
  /** The other end, and its migration URI. */
  readonly peer: HostId
  readonly peerUri: string
  readonly demand: Resources
  readonly paused: boolean
  /** Memory that the guest rewrote when it began to leave, MiB/s; absent where that is not known. */
  readonly dirtyMiBps?: number
  /** How long ago it was written down when the agent started again, ms, by the wall clock; absent = just now, or not known. */
  readonly ageMs?: number
  /** It started with its host where it comes from, and is to do so at the other end. Journals of before do not say it: false. */
  readonly autostart?: boolean
  /** The journal may have lost what came after it, or it was made anew from a word of the other end: by itself it lets no copy run. */
  readonly uncertain?: boolean
}

/** A start, stop, suspend or resume of a VM on this host that the journal had open. */
export interface OpenLifecycle extends Labelled {
  readonly kind: LifecycleKind
  readonly action: ActionId
  readonly partition: PartitionId
  /** Of this host's lease. */
  readonly epoch: number
  readonly vm: VmId
  /** The VM's name, for people; '' = not known here. */
  readonly name: string
  /** What it wants when it runs. */
  readonly demand: Resources
}

/** What the journal had open when the agent last ended: settled before any lease is granted (S5, S12). */
export type OpenAction = OpenMigration | OpenLifecycle

/**
 * How an action ended on this host: one end of a migration, or a start, stop, suspend or resume. Of each the last
 * `limits.closedActionsMax` are kept, also across restarts: the other end may have missed the news, and what the
 * hypervisor says later may be about a later life of the VM.
 */
export interface ClosedAction {
  readonly action: ActionId
  readonly vm: VmId
  readonly end: 'departure' | 'arrival' | 'lifecycle'
  readonly result: ActionResult
  /** The other end of a migration; absent = there is none, or a journal of before does not say it. */
  readonly peer?: HostId
}

/**
 * A word about an ended outgoing migration that its destination has not confirmed. The host is free and the action is over, but a VM
 * may wait for this word: it is kept until it is heard, also across restarts.
 */
export interface Duty {
  readonly action: ActionId
  readonly partition: PartitionId
  /** Of the destination's lease. */
  readonly epoch: number
  readonly vm: VmId
  readonly peer: HostId
  readonly word: 'hand-over' | 'cancelled'
  /** Null: it may have been confirmed, and this agent know nothing of that. A destination without a record of the VM does not let it run. */
  readonly demand: Resources | null
  /** As of an open migration. */
  readonly autostart?: boolean
}

/**
 * A VM that has come here, and whose definition here does not say yet that it starts with its host, as it did where it comes
 * from. No hypervisor carries that with a migration: it is set here, by whichever life of this agent.
 */
export interface OwedAutostart {
  /** By which it came. */
  readonly action: ActionId
  readonly vm: VmId
}

/** By which start count another host is known: it may have lost its journal, and must not go back behind it (S6). */
export interface StartCount {
  readonly host: HostId
  readonly incarnation: number
}

export type JournalRecord =
  /** The highest epoch this host ever granted; durable before the grant leaves (S6). */
  | { readonly kind: 'epoch'; readonly epoch: number }
  | { readonly kind: 'opened'; readonly open: OpenAction }
  /** `duty`: what is still to be said of it, written together with its end. */
  | ({ readonly kind: 'closed'; readonly duty: Duty | null } & ClosedAction)
  /** The duty of this action is done. */
  | { readonly kind: 'discharged'; readonly action: ActionId }
  /** This VM is to start with this host: one record for each VM, the newest. */
  | ({ readonly kind: 'autostart-owed' } & OwedAutostart)
  /** It does, or is not here any more. */
  | { readonly kind: 'autostart-set'; readonly vm: VmId }
  | ({ readonly kind: 'met' } & StartCount)
  /** This host goes on with this start count: by another one it was known already. */
  | { readonly kind: 'renumbered'; readonly incarnation: number }
  /** Nothing from before this journal can be in force any more: from now on it is intact. */
  | { readonly kind: 'settled' }
  /** A journal of an earlier life was lost, or its end: other hosts may know of actions of which there is no record here (ADR 27). */
  | { readonly kind: 'lacking' }
  /** Operator's will survives a restart. */
  | { readonly kind: 'draining'; readonly draining: boolean }
  | { readonly kind: 'mode'; readonly mode: Mode }
  /** A VM that arrived rests for so long from the time of writing on. */
  | { readonly kind: 'cooldown'; readonly vm: VmId; readonly from: HostId; readonly remainingMs: number }

/** What the restarted agent found: journal and hypervisor. */
export interface Restored {
  readonly epoch: number
  /** False = the journal was lost or new: this host promises and begins nothing until nothing of before can be in force (S5, S6, S8). */
  readonly journalIntact: boolean
  /** Records of an earlier life were lost once. */
  readonly lacking: boolean
  readonly open: readonly OpenAction[]
  /** Oldest first. */
  readonly closed: readonly ClosedAction[]
  /** Oldest first. */
  readonly duties: readonly Duty[]
  readonly autostarts: readonly OwedAutostart[]
  /** Those heard of longest ago first, at most `limits.viewHostsMax`. */
  readonly met: readonly StartCount[]
  readonly draining: boolean
  readonly mode: Mode | null
  readonly cooldowns: readonly { readonly vm: VmId; readonly from: HostId; readonly remainingMs: number }[]
}

/** What an operator asks of this host's agent. `request` names the answer (`replied`). */
export type Command =
  /** `abort`: nothing is begun while some VM cannot leave. `skip`: it stays, and the others leave. A dry run only tells. */
  | { readonly kind: 'drain'; readonly onBlocker: 'abort' | 'skip'; readonly dryRun: boolean }
  | { readonly kind: 'undrain' }
  | { readonly kind: 'mode'; readonly mode: Mode }
  /** To a host, or to the best one. */
  | { readonly kind: 'migrate'; readonly vm: VmId; readonly to: HostId | null }
  /** What would be done now? Forms a partition that only observes. */
  | { readonly kind: 'plan' }

export type Input =
  | { readonly kind: 'tick' }
  | { readonly kind: 'received'; readonly from: HostId; readonly message: Message }
  /** A message of a later version, about this partition if any: `what` is not known here. */
  | {
      readonly kind: 'not-understood'
      readonly from: HostId
      readonly what: string
      readonly partition: PartitionId | null
    }
  | { readonly kind: 'heard'; readonly summary: LoadSummary }
  /** The transport lost its connection to a host (a hint, never a proof). */
  | { readonly kind: 'disconnected'; readonly host: HostId }
  /** `askedAt`: when the hypervisor was asked. An agent that stood still meanwhile gets what was so before. */
  | { readonly kind: 'observed'; readonly askedAt: Instant; readonly vms: readonly ObservedVm[] }
  /** The running migrations, as the hypervisor tells; the first one after the start opens the door to grants (S5). */
  | {
      readonly kind: 'jobs'
      readonly askedAt: Instant
      readonly outgoing: readonly OutgoingJob[]
      readonly incoming: readonly IncomingJob[]
    }
  /** One answer of the hypervisor, judged by the core: told at each connection, and for each `describe`. */
  | { readonly kind: 'described'; readonly description: HostDescription }
  | { readonly kind: 'hypervisor'; readonly connected: boolean }
  | { readonly kind: 'journal'; readonly healthy: boolean }
  | {
      readonly kind: 'solved'
      readonly partition: PartitionId
      readonly round: number
      /** Its plan, where there is one, is checked before anything of it is done. */
      readonly solution: Solution
    }
  /**
   * A `perform` has ended. Of a migration, `done` and `refused` are what its driver has seen. Of another operation they are
   * only what the hypervisor answered: whether it is so is found by looking.
   */
  | { readonly kind: 'finished'; readonly action: ActionId; readonly result: ActionResult }
  /** The answer to the `inspect` of this round; null = that hypervisor did not answer. */
  | {
      readonly kind: 'inspected'
      readonly action: ActionId
      readonly round: number
      readonly at: 'here' | 'there'
      readonly presence: Presence | null
    }
  /** The answer to a `resume`. */
  | {
      readonly kind: 'resumed'
      readonly action: ActionId
      readonly at: 'here' | 'there'
      readonly ok: boolean
      readonly detail: string
    }
  /** The answer to a `set-autostart`. `code`: why it could not be set, as the hypervisor's driver says; null = it is. */
  | {
      readonly kind: 'autostart-set'
      readonly action: ActionId
      readonly vm: VmId
      readonly code: AnyCode | null
      readonly detail: string
    }
  | { readonly kind: 'commanded'; readonly request: string; readonly command: Command }
  /** The agent is to end, in order: say so to the others, start nothing more, and say `leave` when it may end. */
  | { readonly kind: 'leaving' }

/** Live migration of a VM that is here. */
export interface MigrateOperation {
  readonly kind: 'migrate'
  readonly vm: VmId
  /** The destination, and its migration URI. */
  readonly to: HostId
  readonly uri: PeerUri
  /** The copy arrives paused, and waits for its hand-over (R2). */
  readonly paused: boolean
  readonly bandwidthMiBps: number | null
  readonly autoConverge: boolean
  /**
   * The destination's promise may be used until then. A process that stood still in the middle of this step, longer than
   * that, hands nothing to its hypervisor: it answers `finished` with `lateAdmission`.
   */
  readonly notAfter: Instant
}

/** A change of a VM's run state on this host. */
export interface LifecycleOperation {
  /** `suspend`: its whole state is saved to storage, and its memory is free. `resume` brings it back from there. */
  readonly kind: LifecycleKind
  readonly vm: VmId
}
export type LifecycleKind = 'start' | 'stop' | 'suspend' | 'resume'

/** What a `perform` asks of this host's hypervisor. Each kind names its own subject: a VM now, a host where its power is meant. */
export type Operation = MigrateOperation | LifecycleOperation

export type Effect =
  | { readonly kind: 'persist'; readonly record: JournalRecord }
  | { readonly kind: 'send'; readonly to: HostId; readonly message: Message }
  | { readonly kind: 'publish'; readonly summary: LoadSummary }
  /** Solve it and put the moves in order elsewhere (a worker), then come back with `solved`. */
  | {
      readonly kind: 'solve'
      /** The plan's actions are named after it: `<partition>/<index>`. */
      readonly partition: PartitionId
      readonly round: number
      readonly problem: PartitionProblem
      readonly budgetMs: number
    }
  /** Begin what an action asks of this host's hypervisor; its end comes back as `finished`. */
  | { readonly kind: 'perform'; readonly action: ActionId; readonly operation: Operation }
  /** Ask this host's hypervisor to stop a migration of this host. How that ended is seen, not answered: it may be too late. */
  | { readonly kind: 'abort'; readonly action: ActionId; readonly vm: VmId }
  /** Ask a hypervisor where a VM is: that of this host (`at` null), or another one by its URI. The answer gives `round` back. */
  | {
      readonly kind: 'inspect'
      readonly action: ActionId
      readonly round: number
      readonly vm: VmId
      readonly at: PeerUri | null
    }
  /** Let a paused VM run: here, or at another's hypervisor. Only by R1 and R2. */
  | {
      readonly kind: 'resume'
      readonly action: ActionId
      readonly vm: VmId
      readonly at: PeerUri | null
      /** Asked for later than this, it is not asked at all; null = there is no such time. */
      readonly notAfter: Instant | null
    }
  /** Have the definition of a VM that has come here say that it starts with its host. Said again, it does no harm. */
  | { readonly kind: 'set-autostart'; readonly action: ActionId; readonly vm: VmId }
  /** Look at the hypervisor now (`observed` and `jobs` follow) instead of at the next sampling time. */
  | { readonly kind: 'sample' }
  /** Ask the hypervisor once more what this host has (`described` follows): in the look under way, or with the next one. */
  | { readonly kind: 'describe' }
  | { readonly kind: 'wake'; readonly at: Instant }
  /** A decision began, changed or ended: keep it, log it, count it. */
  | { readonly kind: 'report'; readonly decision: Decision }
  /** Something an operator should hear of. `code` is stable. */
  | { readonly kind: 'warn'; readonly code: ReasonCode; readonly text: string; readonly vm: VmId | null }
  | { readonly kind: 'reply'; readonly request: string; readonly reply: Reply }
  /** After `leaving`: the agent may end now. Every VM of its own migrations runs, or was named in a warning. */
  | { readonly kind: 'leave' }

/** A VM that cannot leave a host that is to be drained, and why. */
export interface DrainBlocker {
  readonly vm: VmId
  readonly name: string
  readonly code: AnyCode
}

/** Both lists are sorted by name. */
export interface DrainOutlook {
  readonly leaving: readonly { readonly vm: VmId; readonly name: string }[]
  readonly blockers: readonly DrainBlocker[]
}

export type Reply =
  | { readonly kind: 'ok'; readonly text: string; readonly decision: PartitionId | null }
  /** By a safety check: exit code 5. */
  | {
      readonly kind: 'refused'
      readonly code: AnyCode
      readonly text: string
      /** Only of a drain that was not to begin beside them. */
      readonly blockers?: readonly DrainBlocker[]
    }
  /** What leaves and what is in the way, before anything moves. Begun: it was no dry run. */
  | ({ readonly kind: 'drain'; readonly begun: boolean } & DrainOutlook)

/** Fixed for the life of one agent process. */
export interface PeerInit {
  readonly host: HostId
  readonly incarnation: number
  /** For jitter only. */
  readonly seed: number
  readonly policy: Policy
  readonly mode: Mode
  readonly rules: readonly Rule[]
  /** VMs that were put in drover's care: it may start, stop, suspend and resume these. Every other VM it only moves. */
  readonly managed: ReadonlySet<VmId>
  readonly policyHash: string
  readonly restored: Restored
}
