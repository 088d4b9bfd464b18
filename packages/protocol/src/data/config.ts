/**
 * Policy: what operators choose. Limits: what keeps everything bounded (S14). Each number states its unit, its
 * default and the failure that it prevents. Over a limit is an outcome, never a crash.
 */

export interface Policy {
  /** Demand above capacity − reserve must last this long, ms. Against reacting to a blip. Default 60,000. */
  readonly overloadHoldMs: number
  /** An overload is over, and a cure must bring it to, this share of the usable capacity, permille. Default 950. Against flapping at the edge. */
  readonly clearPermille: number
  /**
   * A migration that prevents an overload must be expected to save at least so much overload, ms; null = never act early.
   * Default 3,500. Against moves that would not have been needed.
   */
  readonly forecastGainMsMin: number | null
  /**
   * A VM that was moved rests this long, ms: it leaves an overloaded host only, and does not go back. Binds drover's own ideas
   * alone, no order, drain or rule. Default 1,800,000. Against ping-pong (Q1).
   */
  readonly cooldownMs: number
  /** A relief plan of drover's own must lower the total excess by this share, permille; a drain need not. Default 100. Against moves that help nobody. */
  readonly gainMinPermille: number
  /** Concurrent migrations that leave, and enter, one host. Default 1 each. Against herding (Q2). */
  readonly migrationsOutMax: number
  readonly migrationsInMax: number
  /** MiB/s per migration, or null for the hypervisor's own; also the estimate of durations (`linkMiBpsOf`). */
  readonly bandwidthMiBps: number | null
  /** A guest that rewrites memory faster than the link carries it is slowed down until it can leave. Default true. Against migrations that never end. */
  readonly autoConverge: boolean
  /** How often a summary is published without a change, ms. Default 5,000. */
  readonly gossipMs: number
  /** A second failure of one VM's migration keeps it still this long, doubling, ms. Default 60,000. */
  readonly quarantineMs: number
}

export const presets = {
  conservative: {
    overloadHoldMs: 120_000,
    clearPermille: 930,
    forecastGainMsMin: 6_000,
    cooldownMs: 3_600_000,
    gainMinPermille: 200,
    migrationsOutMax: 1,
    migrationsInMax: 1,
  },
  balanced: {
    overloadHoldMs: 60_000,
    clearPermille: 950,
    forecastGainMsMin: 3_500,
    cooldownMs: 1_800_000,
    gainMinPermille: 100,
    migrationsOutMax: 1,
    migrationsInMax: 1,
  },
  aggressive: {
    overloadHoldMs: 10_000,
    clearPermille: 970,
    forecastGainMsMin: 1_500,
    cooldownMs: 600_000,
    gainMinPermille: 50,
    migrationsOutMax: 2,
    migrationsInMax: 2,
  },
} as const
export type Preset = keyof typeof presets

export const policyOf = (preset: Preset, changes: Partial<Policy> = {}): Policy => ({
  ...presets[preset],
  bandwidthMiBps: null,
  autoConverge: true,
  gossipMs: 5_000,
  quarantineMs: 60_000,
  ...changes,
})

/** What one migration's link is assumed to carry, MiB/s: a gigabit where nothing else is said. */
export const linkMiBpsOf = (policy: Policy): number => policy.bandwidthMiBps ?? 125

export const limits = {
  /** Hosts in one partition. Against one problem swallowing the ring (DVMS grew to 60). */
  partitionHostsMax: 16,
  /** Actions of one plan. Against plans that outlive their snapshots. */
  planActionsMax: 256,
  /** VMs in one snapshot. Against a message that no one can check. */
  snapshotVmsMax: 1_024,
  /** Labels of one VM, and characters of one. Against a message that no one can check; what is beyond does not count. */
  vmLabelsMax: 16,
  labelCharsMax: 64,
  /** Bytes of one encoded message. Garbage is refused before it is read. */
  messageBytesMax: 1_048_576,
  /** Hosts whose summaries one agent keeps. */
  viewHostsMax: 1_024,
  /** Decisions kept in memory for `explain`; the journal keeps more. */
  decisionsMax: 256,
  /** A lease lives this long without renewal, ms: longer than a solve and several round trips, shorter than patience. */
  leaseMs: 5_000,
  /** How long a leader waits for answers to `reserve`, ms. */
  reserveMs: 1_000,
  /** How long a source waits for `admitted`, and how long that stays valid, ms. */
  admitMs: 2_000,
  admitValidMs: 4_000,
  /**
   * A hypervisor may begin a migration so long after its destination promised room, ms: `admitValidMs`, and 30 s in which a
   * busy daemon has not read the request. Against taking a VM that still runs for one that stayed, and a promise for unused.
   */
  lateStartMs: 34_000,
  /** The solver's budget, and when its answer is stale, ms. */
  solveBudgetMs: 200,
  solveStaleMs: 5_000,
  /** Ended actions that each host remembers, for peers that missed the news. */
  closedActionsMax: 256,
  /** A sample older than this, ms, is no ground for a promise. */
  sampleAgeMsMax: 15_000,
  /** A VM's demand that was last measured or promised longer ago, ms, is no ground for a promise either. */
  demandAgeMsMax: 60_000,
  /**
   * A sample surprises, and is looked at twice, when what the host's VMs want together changes by more than this share of what
   * is usable, permille; and whenever it begins an overload. Against acting on one wrong answer.
   */
  surprisePermille: 50,
  /** So does a change of one VM's CPU demand by the same share, but by no less and no more than this, cpuMilli, … */
  surpriseMilliMin: 100,
  surpriseMilliMax: 500,
  /** … of its memory by this share of it, permille, and of what it rewrites of it by this, MiB/s. */
  surpriseMemoryPermille: 125,
  surpriseDirtyMiBps: 50,
  /** A second look is asked for at most so often, ms. Against looking without end where demand jumps all the time. */
  secondLookMs: 200,
  /** How long a source waits for the word that its VM runs, ms, before it says again that the VM is gone, and sees to it itself. */
  handOverMs: 300,
  /** How often it says so before it lets go: the destination is dead or cut off, and will ask when it is back. */
  handOverTriesMax: 10,
  /** Words to silent peers that are kept until they are heard. Against a journal that grows with every host that dies for good. */
  dutiesMax: 256,
  /**
   * How often such a word is said again, ms: to a peer that speaks, and to one that is silent. The first ends a VM's pause
   * soon after its host is back; the second only fills the network.
   */
  dutyMsMin: 5_000,
  dutyMsMax: 60_000,
  /** A VM paused by a migration that no action accounts for is an alarm after so long, ms: longer than a hand-over between two looks. */
  alarmAfterMs: 10_000,
  /** A standing alarm is said again so often, ms. Against scrolling out of the log that people look at. */
  alarmAgainMs: 300_000,
  /**
   * How often both ends of an unfinished action are asked, ms; and how long a round waits at most when answers are missing, ms:
   * longer than a hypervisor may take over a call, so that a slow one is heard at all.
   */
  settlePollMs: 1_000,
  settleRoundMsMax: 6_000,
  /**
   * A migration is broken off after so many times what is expected of it, but not before so many ms: connecting and starting
   * take time, too. Against one that never ends and holds two hosts (others: oVirt 64 s per GiB, which is about eight times).
   */
  migrationTimesMax: 4,
  migrationMsMin: 60_000,
  /** A link that is seen to be slower than assumed counts as slow as it is, up to so many times. Against breaking off all migrations over a slow link. */
  linkSlownessMax: 8,
  /** A migration that sends nothing for so long is broken off, ms: longer than a switch needs to recover. */
  migrationStallMs: 30_000,
  /** How long to wait for the end of a migration that the hypervisor was asked to stop, ms, before it is asked again. */
  stopAgainMs: 10_000,
  /**
   * How long an agent that is stopped waits for a migration of its own, ms, before it stops that, too; and for everything, before
   * it ends whatever happens. Against a VM that stays paused when the agents of both ends are stopped, and against a stop
   * that takes for ever: `TimeoutStopSec` of drover.service is longer than the second, with 5 s for the connections.
   */
  leaveMoveMs: 30_000,
  leaveMs: 45_000,
  /** How long it stays after its last migration was settled, ms: its last words have to arrive (`handOverMs` and a round trip). */
  lastWordMs: 500,
  /** First and last pause before a leader tries again, ms; doubling, with jitter. */
  backOffMsMin: 100,
  backOffMsMax: 10_000,
  /** The first pause when nobody could even be asked, ms: each try is a decision on record. */
  aloneBackOffMsMin: 1_000,
  /** The same after a decision that moved nothing because nothing could be done, or because mode is observe. */
  idleBackOffMsMin: 5_000,
  idleBackOffMsMax: 300_000,
  /** Probe of one ring neighbour: period and time-out, ms (SWIM). */
  probeMs: 1_000,
  probeTimeoutMs: 300,
  suspicionMs: 3_000,
  /** A summary older than this many gossip periods no longer offers headroom; older than `forgetGossips` it is dropped. */
  staleGossips: 3,
  forgetGossips: 60,
} as const
export type Limits = { readonly [K in keyof typeof limits]: number }
