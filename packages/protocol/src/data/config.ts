/**
 * The numbers of the protocol. Policy: what operators choose. Limits: what keeps everything bounded (S14). Each number states
 * its unit, its default and the failure that it prevents. To be over a limit is an outcome, never a crash.
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
  /** A relief plan of drover's own must lower the total excess by this share, permille; a drain need not. Default 100. Against moves that hardly help. */
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
  /** A second failure of one VM's migration keeps it still this long, ms; doubling, at most `quarantineMsMax`. Default 60,000. Against moving in vain. */
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

export const limits = {
  // ---- sizes: messages, memory and journal stay bounded (S14)

  /** Hosts in one partition. Against one problem swallowing the ring (DVMS grew to 60). */
  partitionHostsMax: 16,
  /** Actions of one plan. Against plans that outlive their snapshots. */
  planActionsMax: 256,
  /** VMs in one snapshot. Against a message that no one can check. */
  snapshotVmsMax: 1_024,
  /** Labels of one VM, and characters of one. Against a message that no one can check; what is beyond does not count. */
  vmLabelsMax: 16,
  labelCharsMax: 64,
  /**
   * The most of one dimension that a VM wants or a host has: 4 PiB, four million cores. Against sums over all VMs of a partition that
   * are no exact integers any more, and that no other agent reads.
   */
  amountMax: 2 ** 32,
  /** Bytes of one encoded message. Garbage is refused before it is read. */
  messageBytesMax: 1_048_576,
  /**
   * Of the bytes of a message, counted before they are decoded: levels, keys of one map (ours have twenty; a later version may add some),
   * and items: of a message with a problem, snapshot or decision, of any other (`admit`, the largest, has a hundred), and of a kind that
   * only a later version knows. Against messages that cost far more than they say.
   */
  wireDepthMax: 32,
  wireKeysMax: 128,
  wireItemsMax: 131_072,
  wireSmallItemsMax: 512,
  wireUnknownItemsMax: 16_384,
  /** Bytes of one encoded load summary; it has about 500. Against gossip that swells with one odd host. */
  summaryBytesMax: 15_360,
  /**
   * Bytes of one encoded problem: its plan and the decision go to the members in the same message. Against a plan that no member
   * ever gets. A host that has too many VMs for it, with their labels and rules, is left out.
   */
  problemBytesMax: 524_288,
  /**
   * VMs and hosts that all rules of one problem name: as many as fit into it where a name is a UUID. Against a plan that takes its
   * members seconds to check.
   */
  ruleNamesMax: 16_384,
  /** Hosts whose summaries one agent keeps. Against memory and probes that grow with the data centre. */
  viewHostsMax: 1_024,
  /** So many hosts are named in the text of a decision; the others are counted. */
  namesShownMax: 5,
  /** Decisions kept in memory for `explain`; the journal keeps more. Of those, what one other host led; and those that one explanation lists. */
  decisionsMax: 256,
  decisionsOfPeerMax: 32,
  decisionsShownMax: 10,
  /** Warnings kept for the status. Against a status too long to read. */
  warningsMax: 64,
  /** The same warning is said again after so long, ms. Against a log that shows one trouble only. */
  warningAgainMs: 60_000,
  /** Kinds of warnings whose times are kept. Against memory that grows with every VM that ever was in trouble. */
  warningKeysMax: 1_000,
  /** Characters of an id: a peer id has 52, an action id about 80. Against garbage. */
  idCharsMax: 200,
  /** Characters of text that means something (a location, a code): longer is refused. Against garbage. */
  textCharsMax: 1_000,
  /** Characters of text for people only: longer is clipped. Against losing a message to a talkative error. */
  proseCharsMax: 1_000,
  /** Characters of a migration URI; a host name has 253 at most. Against garbage that libvirt would have to parse. */
  uriCharsMax: 300,

  // ---- partitions

  /** What is asked of helpers, as a share of the excess, permille. VMs are lumps, and demand moves on. Against asking twice. */
  marginPermille: 1_250,
  /** So far round the ring is looked for one host that suffices alone. Against combining several where one would do. */
  windowHosts: 8,
  /** An operator's order or question waits so long for a busy host, ms, and is then refused. Against being forgotten. */
  commandWaitMs: 10_000,
  /** A lease lives this long without renewal, ms: longer than a solve and several round trips, shorter than patience. */
  leaseMs: 5_000,
  /**
   * … and with it, without a plan, so long from its grant, ms: longer than all rounds of asking and solving together. With one as
   * long as its actions may take, one after the other, but no longer than the second. Against a leader that keeps a host for ever.
   */
  leasePlanlessMsMax: 60_000,
  leaseLifeMsMax: 3_600_000,
  /**
   * A leader may hold a host so long in vain, ms; of that so much is forgiven with time, permille of it. Against a leader that asks again
   * as soon as its lease is over.
   */
  vainMsMax: 60_000,
  vainPermilleMax: 100,
  /** First and last wait of a leader whose lease has lapsed, for the next one, ms; doubling. Against the same. */
  lapsedMsMin: 1_000,
  lapsedMsMax: 300_000,
  /**
   * A leader takes a host from another one when it says no graver overload than this, permille, beside twice what its summary shows:
   * demand moves on before a summary comes. Against a rank above all others that is invented.
   */
  severitySlackPermille: 100,
  /** How long a leader waits for answers to `reserve`, ms. Against one silent host that holds up all others. */
  reserveMs: 1_000,
  /** How long a source waits for `admitted`, and how long that stays valid, ms. Against room that is promised for ever. */
  admitMs: 2_000,
  admitValidMs: 4_000,
  /**
   * A hypervisor may begin a migration so long after its destination promised room, ms: `admitValidMs`, and 30 s in which a
   * busy daemon has not read the request. Against taking a VM that still runs for one that stayed, and a promise for unused.
   */
  lateStartMs: 34_000,
  /** The solver's budget, and when its answer is stale, ms. Against hosts that wait, leased, for a perfect plan. */
  solveBudgetMs: 200,
  solveStaleMs: 5_000,
  /** A guest that was asked to shut down may take so long, ms: a clean stop takes some 25 s. Against waiting for one that does not listen. */
  shutdownMs: 120_000,
  /** A start, stop, suspend or resume without an end is told to operators after so long, ms: as long as a driver waits for its call. */
  operationSlowMs: 600_000,
  /** Ended actions that each host remembers, for peers that missed the news. Against a journal without end. */
  closedActionsMax: 256,

  // ---- samples

  /**
   * Above this share of what is usable, permille, the hypervisor is asked more often: so many times as often, but not before so
   * many ms, over which CPU time says little about demand. Against an overload that begins unseen between two looks.
   */
  nearlyFullPermille: 950,
  closerLookTimes: 4,
  samplePeriodMsMin: 200,
  /** Samples that may have been under way when a VM came or went. Against a late one that undoes it. */
  samplesInFlight: 2,
  /** Samples in a row that may lack a VM which was here: it counts until the next. Against one that shows fewer VMs than there are. */
  samplesLacked: 1,
  /** A measurement may exceed all vCPUs by so much, permille: clocks are read one after the other. Above it, it is not believed. */
  measuredPermilleMax: 1_250,
  /** Memory that a VM is assumed to rewrite until that is measured, permille of it per second: a busy server's. Against plans on 0. */
  dirtyPermille: 50,
  /**
   * Time in which nothing changed goes into the demand histories when it is more than one such part of all time: less would
   * change no forecast by more, and forecasts are not cheap. Or after so long, s, before it counts as a gap.
   */
  steadyParts: 32,
  steadySMax: 60,
  /**
   * A sample older than this, ms, is no ground for a promise; nor is one that measured over a longer time. Against promising what is
   * used by now.
   */
  sampleAgeMsMax: 15_000,
  /**
   * Looks closer together than this, ms, say little about CPU demand, however finely the counters tick: a guest works in bursts. The later
   * one tells what the earlier one told.
   */
  measuredOverMsMin: 1_000,
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

  // ---- load and its forecast

  /**
   * The excess of one dimension counts for no more than this, permille of what is usable. Against a host with nothing usable whose
   * severity is infinite: it stays an integer on the wire.
   */
  excessPermilleMax: 1_000_000,
  /** Expected overload, ms, from which an overload is no blip: ten seconds, of which 15 % count. Against waiting out the hold time. */
  lastingOverloadMsMin: 1_500,
  /** How often a host notes what it foresees, ms, to score it later. Against keeping more notes than one horizon needs. */
  forecastNoteMs: 10_000,
  /** What of the scores is left when the next note is scored: one of half an hour ago counts half. Against judging by a past load. */
  forecastFade: 255 / 256,
  /**
   * A forecast is believed when it scores at most so much of what "as it is now" scores, permille. A right spread alone makes it
   * 700. Against early moves on a forecast that is no better than none.
   */
  forecastScorePermilleMax: 950,
  /**
   * … and when the squared error of the host is at most so many times those of its VMs added up. Independent errors make it one,
   * and chance seldom two. Ten VMs that rise together make it ten. Against early moves in a wave (ADR 14).
   */
  forecastTogetherMax: 2,

  // ---- migrations

  /** What a migration's link is assumed to carry where no bandwidth is set, MiB/s: a gigabit. Against estimates of nothing. */
  assumedLinkMiBps: 125,
  /** A VM whose migrations fail is left alone for a day at most, ms. Against giving it up for good. */
  quarantineMsMax: 86_400_000,
  /** Questions and hand-overs of peers that wait for the hypervisor's answer; the oldest is dropped. Against a flood of them. */
  unclaimedMax: 64,
  /** Looks at the hypervisor for one peer, about actions that are not between it and this host, in `settlePollMs`. Against a flood of them. */
  looksForPeerMax: 16,
  /** Before a copy without a sure record runs, all others deny that they have the VM in so many rounds. After so many, silent hosts are left out. */
  deniedRounds: 2,
  unansweredRoundsMax: 5,
  /** A copy that a peer has handed over twice in vain is taken up again after so long, ms: doubling, up to the second. Against a peer that holds the host so. */
  adoptAgainMsMin: 30_000,
  adoptAgainMsMax: 3_600_000,
  /** How long a source waits for the word that its VM runs, ms, before it says again that the VM is gone, and sees to it itself. */
  handOverMs: 300,
  /** How often it says so before it lets go: the destination is dead or cut off, and will ask when it is back. */
  handOverTriesMax: 10,
  /**
   * A source may ask its destination's hypervisor to let a VM run for so long after its own hypervisor last showed that VM, ms: as long
   * as its tries take, with a slow look before each. Against a request for a VM that has run there, and left again since (S1).
   */
  letRunThereMs: 30_000,
  /** Words to silent peers that are kept until they are heard. Against a journal that grows with every host that dies for good. */
  dutiesMax: 256,
  /**
   * How often such a word is said again, ms: to a peer that speaks, and to one that is silent. The first ends a VM's pause
   * soon after its host is back; the second only fills the network.
   */
  dutyMsMin: 5_000,
  dutyMsMax: 60_000,
  /**
   * How soon it is tried again, ms, to have a VM that has arrived start with its host: after the first failure, and at most. What
   * the hypervisor refuses now it may refuse for long; until the host loses its power nothing depends on it.
   */
  autostartAgainMsMin: 1_000,
  autostartAgainMsMax: 60_000,
  /** A VM paused by a migration that no action accounts for is an alarm after so long, ms: longer than a hand-over between two looks. */
  alarmAfterMs: 10_000,
  /** A standing alarm is said again so often, ms. Against scrolling out of the log that people look at. */
  alarmAgainMs: 300_000,
  /**
   * How often both ends of an unfinished action are asked, ms; and how long a round waits at most when answers are missing, ms:
   * longer than a hypervisor may take over a call, so that a slow one is heard at all.
   */
  settlePollMs: 1_000,
  /**
   * Rounds in a row in which the agent of a source has said that its copy is paused, as the destination's is: it would have given that up
   * after three, if its journal had the action. Against a host that is held for good by an action of which the other has no record.
   */
  givenUpRounds: 10,
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

  // ---- pauses

  /** First and last pause before a leader tries again, ms; doubling, with jitter. Against two leaders that collide for ever. */
  backOffMsMin: 100,
  backOffMsMax: 10_000,
  /** The first pause when no host could even be asked, ms: each try is a decision on record. Against a log of equal decisions. */
  aloneBackOffMsMin: 1_000,
  /** The same after a decision that moved nothing because nothing could be done, or because mode is observe. Against a log of equal decisions. */
  idleBackOffMsMin: 5_000,
  idleBackOffMsMax: 300_000,
  /**
   * Nor is such a pause longer than so many times the first one and the hold time together. Against an overload that was incurable and
   * is not any more, and that lasts far longer than its host takes to call it one: not all that changes elsewhere is announced.
   */
  idleBackOffTimesMax: 5,

  // ---- the ring

  /** A greater start count is no one's: a thousand epochs for each are still counted exactly. Against a number that no later life can pass. */
  startCountMax: 2 ** 42,
  /**
   * A host that was told by which start it is known passes that by up to so much, at random. Against the start count of a life that the
   * host which told it has missed: no other host could tell the two apart.
   */
  missedStartsMax: 1_000_000,
  /** No peer makes a host go on as a later start than this one: its own later starts need numbers, too. Against a peer that uses them up. */
  toldStartMax: 2 ** 40,
  /** A peer says that this host is known by a later start: it is believed again after so long, ms, doubling up to the second. Against one that ends all that this host leads. */
  outdatedBelievedMsMin: 60_000,
  outdatedBelievedMsMax: 86_400_000,
  /** A host that speaks as an earlier life of itself is told so at most so often, ms. Against an answer to each of its messages. */
  outdatedAgainMs: 1_000,

  /** Probe of one ring neighbour: period and time-out, and the longest suspicion, ms (SWIM). Against a dead host that is asked. */
  probeMs: 1_000,
  probeTimeoutMs: 300,
  suspicionMs: 3_000,
  /** Direct ring neighbours on either side that are probed in turn. Against a dead neighbour that goes unnoticed. */
  neighboursPerSide: 2,
  /** Other hosts are probed in every such period only: of 100 known ones, a dead distant one is noticed in minutes. */
  probeOthersEvery: 4,
  /** Probes of this host, and for other hosts, that may be under way. Against a storm of them when a switch dies. */
  probesMax: 32,
  relaysMax: 64,
  /** Confirmations that bring a suspicion to its shortest, and hosts that an indirect probe asks. Against one wrong accuser. */
  confirmationsMax: 3,
  /** A host that is slow itself waits longer for others: up to so much (S in Lifeguard; time-outs grow ninefold at most). */
  slownessMax: 8,
  /** At most one summary out of turn in this time, ms. Against a storm of them while partitions come and go. */
  summaryOutOfTurnMs: 500,
  /** A demand that moved by this share of the usable capacity, permille, is told at once. Against choosing by old numbers. */
  notablePermille: 50,
  /** A summary older than this many gossip periods no longer offers headroom; older than `forgetGossips` it is dropped. */
  staleGossips: 3,
  forgetGossips: 60,
} as const

/** What one migration's link is assumed to carry, MiB/s. */
export const linkMiBpsOf = (policy: Pick<Policy, 'bandwidthMiBps'>): number =>
  policy.bandwidthMiBps ?? limits.assumedLinkMiBps

export type Limits = { readonly [K in keyof typeof limits]: number }
