/**
 * An observer that sees the whole world and all that the agents are told, ask for, write and send. It says which promise
 * (docs/architecture.md, Promises) was broken, when and how. It judges at each event, changes nothing, and shares no code with
 * what it judges: each promise, or pair of them, is a file of its own.
 */
import type { HostId, PeerView, Policy, Resources, Rule } from '@drover/protocol'
import type { WorldEvent } from '../hypervisor/events.ts'
import type { World } from '../hypervisor/world.ts'
import { type AccountCheck, createAccountCheck } from './account-check.ts'
import { createAdmissionCheck } from './admission-check.ts'
import type { AgentEvent, AgentFeed } from './agent-feed.ts'
import { createAnswerCheck } from './answer-check.ts'
import { type AutostartCheck, createAutostartCheck } from './autostart-check.ts'
import { createBoundsCheck } from './bounds-check.ts'
import { createBrakeCheck } from './brake-check.ts'
import { type CopiesCheck, createCopiesCheck } from './copies-check.ts'
import { createDeathCheck } from './death-check.ts'
import { createDoubtCheck } from './doubt-check.ts'
import { createDutyCheck, type DutyCheck } from './duty-check.ts'
import { createFindings, type Findings, type Violation } from './findings.ts'
import { createHoldCheck } from './hold-check.ts'
import { type HostBook, newBook, note } from './host-book.ts'
import { createLeaseCheck } from './lease-check.ts'
import { createLeaseLifeCheck } from './lease-life-check.ts'
import { createMotionCheck } from './motion-check.ts'
import { createPingPongCheck } from './ping-pong-check.ts'
import { createPlanCheck } from './plan-check.ts'
import { createQuarantineCheck } from './quarantine-check.ts'
import { createQuietCheck } from './quiet-check.ts'
import { createRingCheck, type RingCheck } from './ring-check.ts'
import { createRuleCheck } from './rule-check.ts'
import type { Check, Scene } from './scene.ts'
import { createSupervisionCheck, type SupervisionCheck } from './supervision-check.ts'
import { createToldRoomCheck } from './told-room-check.ts'
import { createUnrecordedCheck } from './unrecorded-check.ts'
import { createViewCheck, type ViewCheck } from './view-check.ts'
import { createWordCheck } from './word-check.ts'

export type { Invariant, Violation } from './findings.ts'

export interface CheckerInit {
  readonly world: World
  /** capacity − reserve of a host, as its agent is configured. */
  readonly usable: (host: string) => Resources
  /** What the agents do. Left out: only the world is judged, and the views. */
  readonly agents?: Pick<AgentFeed, 'listen'>
  /** The views of the agents that live now, for what only these tell. Default: none. */
  readonly views?: () => readonly PeerView[]
  /** The same of some of them, in turn: they need not be looked at all at once. Default: all. */
  readonly someViews?: () => readonly PeerView[]
  /** As the agents are configured; without it what depends on their policy is not judged. */
  readonly policy?: Policy
  readonly rules?: readonly Rule[]
  /** Q2. Default: the policy's, or 1 each. */
  readonly migrationsOutMax?: number
  readonly migrationsInMax?: number
  /**
   * How old the measurement behind an admission may be, ms: a demand that rose within that time excuses an overfull
   * destination (S9). Default 6000: sampling, plus the time that an `admitted` stays valid.
   */
  readonly staleMs?: number
  /** Looks at views so often, ms of the world's clock; null = only when asked. Default 250. */
  readonly everyMs?: number | null
  readonly onViolation?: (violation: Violation) => void
}

export interface Checker {
  /** Looks at everything now. */
  check(): readonly Violation[]
  /**
   * The same, and what must hold once all faults are healed and nothing moves: every VM runs exactly once (S2, R1),
   * and starts with its host where it did (S3).
   */
  checkAtRest(): readonly Violation[]
  /** All so far, in order; each breach once. */
  violations(): readonly Violation[]
  /** What the observer has noted of that host, over all lives of its agent; null = it never had one. */
  bookOf(host: HostId): HostBook | null
  close(): void
}

interface CheckerState {
  readonly init: CheckerInit
  readonly findings: Findings
  readonly copies: CopiesCheck
  readonly ring: RingCheck
  readonly leases: ViewCheck
  readonly accounts: AccountCheck
  readonly supervision: SupervisionCheck
  readonly duties: DutyCheck
  readonly autostarts: AutostartCheck
}

const sceneOf = (init: CheckerInit, findings: Findings, books: Map<HostId, HostBook>): Scene => {
  const byName = new Map<string, HostBook>()
  return {
    world: init.world,
    findings,
    usable: init.usable,
    books,
    named(host) {
      if (byName.size !== books.size) for (const book of books.values()) byName.set(book.name, book)
      return byName.get(host) ?? null
    },
    policy: init.policy ?? null,
    rules: init.rules ?? [],
  }
}

const checksOf = (scene: Scene, init: CheckerInit): readonly Check[] => {
  const { policy, staleMs = 6_000 } = init
  const { migrationsOutMax = policy?.migrationsOutMax ?? 1, migrationsInMax = policy?.migrationsInMax ?? 1 } =
    init
  return [
    createMotionCheck(scene),
    createAdmissionCheck(scene, { migrationsOutMax, migrationsInMax, staleMs }),
    createToldRoomCheck(scene),
    createLeaseCheck(scene),
    createLeaseLifeCheck(scene),
    createBrakeCheck(scene),
    createBoundsCheck(scene),
    createUnrecordedCheck(scene),
    createWordCheck(scene),
    createHoldCheck(scene),
    createDoubtCheck(scene),
    createAnswerCheck(scene),
    createDeathCheck(scene),
    createPlanCheck(scene),
    createRuleCheck(scene),
    createPingPongCheck(scene),
    createQuarantineCheck(scene),
    createQuietCheck(scene),
  ]
}

/** What only views tell. */
const look = (state: CheckerState, all: boolean): void => {
  const { init, ring, leases, accounts, supervision, duties } = state
  const { views = () => [], someViews = views } = init
  for (const view of all ? views() : someViews()) {
    ring.judge(view)
    accounts.judge(view)
    if (init.agents === undefined) leases.judge([view])
  }
  supervision.look()
  duties.look()
}

/** It watches from now on, until it is closed. */
export const createChecker = (init: CheckerInit): Checker => {
  const { world, onViolation = () => {}, everyMs = 250 } = init
  const findings = createFindings(world.clock, onViolation)
  const books = new Map<HostId, HostBook>()
  const scene = sceneOf(init, findings, books)
  const [accounts, supervision] = [createAccountCheck(scene), createSupervisionCheck(scene)]
  const duties = createDutyCheck(scene)
  const autostarts = createAutostartCheck(scene)
  const checks = [...checksOf(scene, init), accounts, supervision, duties, autostarts]
  const inWorld = checks.filter((check) => check.world !== undefined)
  const ofAgents = checks.filter((check) => check.agent !== undefined)
  const copies = createCopiesCheck(scene)
  const state: CheckerState = {
    init,
    findings,
    copies,
    ring: createRingCheck(findings),
    leases: createViewCheck(findings),
    accounts,
    supervision,
    duties,
    autostarts,
  }
  const unlisten = world.events((event: WorldEvent) => {
    copies.world(event)
    for (const check of inWorld) check.world?.(event)
  })
  const deafen = init.agents?.listen((event: AgentEvent) => {
    let book = books.get(event.host)
    if (book === undefined) {
      book = newBook(event.host, event.kind === 'born' ? event.name : event.host)
      books.set(event.host, book)
    }
    for (const check of ofAgents) check.agent?.(event, book)
    note(book, event, world.clock.now())
  })
  let cancel = (): void => {}
  const repeat = (): void => {
    look(state, false)
    if (everyMs !== null) cancel = world.clock.after(everyMs, repeat)
  }
  const check = (): readonly Violation[] => {
    copies.judgeAll()
    look(state, true)
    return findings.found
  }
  copies.judgeAll()
  repeat()
  return {
    check,
    checkAtRest() {
      check()
      copies.judgeAtRest()
      autostarts.judgeAtRest()
      return findings.found
    },
    violations: () => findings.found,
    bookOf: (host) => books.get(host) ?? null,
    close() {
      unlisten()
      deafen?.()
      cancel()
    },
  }
}
