/**
 * An observer that sees the whole world and every agent's own view, and says which promise (docs/architecture.md, Promises)
 * was broken, when and how. It looks at each event of the world and periodically, changes nothing, and shares no code with
 * what it judges.
 */
import type { PeerView, Resources, VmId } from '@drover/protocol'
import type { MigrationEnd, WorldEvent } from '../hypervisor/events.ts'
import type { World } from '../hypervisor/world.ts'
import { type AdmissionCheck, createAdmissionCheck } from './admission-check.ts'
import { breachAtRest, breachesOf } from './copies-check.ts'
import { createFindings, type Findings, type Violation } from './findings.ts'
import { createLeaseCheck, type LeaseCheck } from './lease-check.ts'

export type { Invariant, Violation } from './findings.ts'

export interface CheckerInit {
  readonly world: World
  /** capacity − reserve of a host, as its agent is configured. */
  readonly usable: (host: string) => Resources
  /** The views of the agents that live now. Default: none. */
  readonly views?: () => readonly PeerView[]
  /** Q2. Default 1 each. */
  readonly migrationsOutMax?: number
  readonly migrationsInMax?: number
  /**
   * How old the measurement behind an admission may be, ms: a demand that rose within that time excuses an overfull
   * destination (S9). Default 6000: sampling, plus the time that an `admitted` stays valid.
   */
  readonly staleMs?: number
  /** Looks at everything so often, ms of the world's clock; null = only on events and when asked. Default 250. */
  readonly everyMs?: number | null
  readonly onViolation?: (violation: Violation) => void
}

export interface Checker {
  /** Looks at everything now. */
  check(): readonly Violation[]
  /** The same, and what must hold once all faults are healed and nothing moves: every VM runs exactly once (S2, R1). */
  checkAtRest(): readonly Violation[]
  /** All so far, in order; each breach once. */
  violations(): readonly Violation[]
  close(): void
}

interface CheckerState {
  readonly world: World
  readonly views: () => readonly PeerView[]
  readonly findings: Findings
  readonly admissions: AdmissionCheck
  readonly leases: LeaseCheck
  /** How the last migration of each VM truly ended. */
  readonly lastEnds: Map<VmId, MigrationEnd>
}

const judgeVm = ({ world, findings, lastEnds }: CheckerState, id: VmId, moving: boolean): void =>
  findings.judge(id, breachesOf(world.vm(id), moving, lastEnds.get(id)))

const hear = (checker: CheckerState, event: WorldEvent): void => {
  const { world, admissions, findings, lastEnds } = checker
  switch (event.kind) {
    case 'demand':
      admissions.remember(event.vm, event)
      return
    case 'vm': {
      admissions.see(event.vm)
      const moving = world.migrations().some((m) => m.vm === event.vm)
      judgeVm(checker, event.vm, moving)
      return
    }
    case 'migration-started': {
      const { vm, from, to } = event.migration
      judgeVm(checker, vm, true)
      admissions.begun(vm, from, to)
      return
    }
    case 'migration-finished':
      judgeVm(checker, event.migration.vm, true)
      return
    case 'migration-ended':
      lastEnds.set(event.migration.vm, event.end)
      judgeVm(checker, event.migration.vm, false)
      return
    case 'migration-refused':
      if (event.code === 'vm.job_active' && !event.byHand)
        findings.tell(
          'S8',
          `${event.from} began a second migration of ${world.vm(event.vm).name}, to ${event.to}`,
        )
      return
    case 'host':
      for (const vm of world.vms())
        if (vm.copies.some((c) => c.host === event.host)) judgeVm(checker, vm.vm, false)
      return
    case 'daemon':
    case 'links':
      return
    default:
      return event satisfies never
  }
}

const check = ({ world, findings, leases, views, lastEnds }: CheckerState): readonly Violation[] => {
  const moving = new Set(world.migrations().map((m) => m.vm))
  for (const vm of world.vms()) findings.judge(vm.vm, breachesOf(vm, moving.has(vm.vm), lastEnds.get(vm.vm)))
  leases.judge(views())
  return findings.found
}

const checkAtRest = (checker: CheckerState): readonly Violation[] => {
  const { world, findings, lastEnds } = checker
  check(checker)
  for (const vm of world.vms()) {
    const breach = breachAtRest(vm, lastEnds.get(vm.vm))
    if (breach !== null) findings.once(`rest ${vm.vm}`, 'S2', breach)
  }
  for (const m of world.migrations())
    findings.once(`rest ${m.vm}`, 'S2', `${world.vm(m.vm).name} is still on its way to ${m.to}`)
  return findings.found
}

/** It watches from now on, until it is closed. */
export const createChecker = (init: CheckerInit): Checker => {
  const { world, usable, views = () => [], onViolation = () => {}, everyMs = 250 } = init
  const { migrationsOutMax = 1, migrationsInMax = 1, staleMs = 6_000 } = init
  const findings = createFindings(world.clock, onViolation)
  const checker: CheckerState = {
    world,
    views,
    findings,
    admissions: createAdmissionCheck({
      world,
      findings,
      usable,
      migrationsOutMax,
      migrationsInMax,
      staleMs,
    }),
    leases: createLeaseCheck(findings),
    lastEnds: new Map(),
  }
  for (const vm of world.vms()) checker.admissions.remember(vm.vm, vm)
  const unlisten = world.events((event) => hear(checker, event))
  let cancel = (): void => {}
  const look = (): void => {
    check(checker)
    if (everyMs !== null) cancel = world.clock.after(everyMs, look)
  }
  look()
  return {
    check: () => check(checker),
    checkAtRest: () => checkAtRest(checker),
    violations: () => findings.found,
    close() {
      unlisten()
      cancel()
    },
  }
}
