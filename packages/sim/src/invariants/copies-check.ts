/** S1, S2, S3: what must hold for the copies of one VM at any instant, and what must hold at rest. */
import type { VmId } from '@drover/protocol'
import type { MigrationEnd, WorldEvent } from '../hypervisor/events.ts'
import type { CopyTruth, VmTruth } from '../hypervisor/truth.ts'
import type { Breach } from './findings.ts'
import type { Scene } from './scene.ts'

export const running = (copies: readonly CopyTruth[]): readonly CopyTruth[] =>
  copies.filter((c) => c.state === 'running')

/** What of one VM was done by its owner, or by hypervisors that lost the end of a migration: no agent is to blame for that. */
interface Excused {
  /** Hosts whose definition of it may stand beside another one, until one of them leaves properly. */
  readonly defined: Set<string>
  /** Hosts where it was started without us, or to which such a copy has moved since, until one copy only is active. */
  readonly started: Set<string>
  /** Its owner destroyed its active copy. */
  destroyed: boolean
  /**
   * Its owner's last pause could not last: it was on its way, and hypervisors forget that at its end; or a hypervisor had not read yet
   * what an agent had asked for before, that it be let run after a move, and nothing takes such a request back.
   */
  pauseUndone: boolean
  /** When its owner paused it last, ms. */
  pausedAt: number
}

export interface CopiesCheck {
  world(event: WorldEvent): void
  judgeAll(): void
  judgeAtRest(): void
}

type EventOf<K extends WorldEvent['kind']> = Extract<WorldEvent, { readonly kind: K }>

export const createCopiesCheck = ({ world, findings }: Pick<Scene, 'world' | 'findings'>): CopiesCheck => {
  const excuses = new Map<VmId, Excused>()
  /** How the last migration of each VM truly ended. */
  const lastEnds = new Map<VmId, MigrationEnd>()
  const isMoving = (vm: VmId): boolean => world.migrations().some((m) => m.vm === vm)

  const excusedOf = (vm: VmId): Excused => {
    let excused = excuses.get(vm)
    if (excused === undefined) {
      excused = { defined: new Set(), started: new Set(), destroyed: false, pauseUndone: false, pausedAt: 0 }
      excuses.set(vm, excused)
    }
    return excused
  }

  const judge = (vm: VmTruth, moving: boolean): void => {
    const excused = excuses.get(vm.vm)
    if (excused !== undefined) forget(vm, excused)
    findings.judge(vm.vm, breachesOf(vm, moving, excused ?? null))
  }

  const byHand = ({ at, vm, host, what }: EventOf<'by-hand'>): void => {
    const excused = excusedOf(vm)
    const copy = world.vm(vm).copies.find((one) => one.host === host)
    if (what === 'define' || what === 'start') excused.defined.add(host)
    if (what === 'start' || what === 'resume') excused.started.add(host)
    if (what === 'pause') {
      excused.pauseUndone = isMoving(vm)
      excused.pausedAt = at
    }
    if (what === 'destroy') excused.destroyed ||= copy?.state === 'running' || copy?.state === 'paused'
  }

  const changed = ({ vm, what, askedAt }: EventOf<'vm'>): void => {
    const excused = excuses.get(vm)
    if (excused !== undefined && what === 'resumed' && askedAt !== undefined && askedAt <= excused.pausedAt)
      excused.pauseUndone = true
    judge(world.vm(vm), isMoving(vm))
  }

  const ended = ({ migration, end }: EventOf<'migration-ended'>): void => {
    const { vm, from, to } = migration
    lastEnds.set(vm, end)
    if (end === 'grey' || end === 'split') {
      excusedOf(vm).defined.add(from).add(to)
      // Its owner moved it without a paused hand-over: two copies may run.
      if (migration.byHand) excusedOf(vm).started.add(from).add(to)
    }
    const excused = excuses.get(vm)
    if (end !== 'moved' || excused === undefined) return
    excused.defined.delete(from)
    excused.defined.delete(to)
    if (excused.started.delete(from)) excused.started.add(to)
  }

  const booted = (host: string): void => {
    for (const vm of world.vms()) {
      const here = vm.copies.find((one) => one.host === host)
      if (here === undefined) continue
      // A definition that was left there starts by itself.
      if (here.state === 'running' && excuses.get(vm.vm)?.defined.has(host) === true)
        excusedOf(vm.vm).started.add(host)
      judge(vm, isMoving(vm.vm))
    }
  }

  return {
    world(event) {
      switch (event.kind) {
        case 'by-hand':
          return byHand(event)
        case 'vm':
          return changed(event)
        case 'migration-started':
        case 'migration-finished':
          return judge(world.vm(event.migration.vm), true)
        case 'migration-ended':
          ended(event)
          return judge(world.vm(event.migration.vm), false)
        case 'host':
          return booted(event.host)
      }
    },
    judgeAll() {
      const moving = new Set(world.migrations().map((m) => m.vm))
      for (const vm of world.vms()) judge(vm, moving.has(vm.vm))
    },
    judgeAtRest() {
      for (const vm of world.vms()) {
        const breach = breachAtRest(vm, lastEnds.get(vm.vm), excuses.get(vm.vm)?.destroyed === true)
        if (breach !== null) findings.once(`rest ${vm.vm}`, 'S2', breach)
      }
      for (const m of world.migrations())
        findings.once(`rest ${m.vm}`, 'S2', `${world.vm(m.vm).name} is still on its way to ${m.to}`)
    },
  }
}

/** An excuse lasts as long as what it excuses. */
const forget = ({ copies }: VmTruth, excused: Excused): void => {
  for (const host of excused.defined) if (!copies.some((c) => c.host === host)) excused.defined.delete(host)
  const active = copies.filter((c) => c.state === 'running' || c.state === 'paused').map((c) => c.host)
  for (const host of excused.started)
    if (active.length < 2 || !active.includes(host)) excused.started.delete(host)
  if (copies.some((c) => c.state === 'running')) excused.destroyed = false
}

const isKept = ({ wanted, copies }: VmTruth, excused: Excused | null): boolean =>
  copies.some((c) => {
    if (wanted === 'managed') return c.state !== 'paused'
    if (wanted === 'shut') return c.state === 'shut'
    if (wanted === 'paused' && c.state === 'running' && excused?.pauseUndone === true) return true
    return wanted === c.state || c.lostWithHost || c.pausedBy === 'migration'
  })

const breachesOf = (vm: VmTruth, moving: boolean, excused: Excused | null): readonly Breach[] => {
  const breaches: Breach[] = []
  const on = running(vm.copies).map((c) => c.host)
  const ours = on.length > 1 && excused !== null ? on.filter((host) => !excused.started.has(host)) : on
  if (ours.length > 1) breaches.push(['S1', `${vm.name} runs on ${on.join(' and ')}`])

  if (excused?.destroyed !== true && !isKept(vm, excused)) {
    const found = vm.copies.map((c) => `${c.state} on ${c.host}`).join(', ') || 'nowhere'
    breaches.push(['S2', `${vm.name} should be ${vm.wanted} and is ${found}`])
  }
  if (vm.copies.length < 2 || moving) return breaches
  const defined = vm.copies.filter((c) => c.defined).map((c) => c.host)
  const unexcused = excused === null ? defined : defined.filter((host) => !excused.defined.has(host))
  if (unexcused.length > 1) breaches.push(['S3', `${vm.name} is defined on ${defined.join(' and ')}`])
  return breaches
}

/** Once all faults are healed and nothing moves, every VM that should run does; null = this one is as it should be. */
const breachAtRest = (
  { name, wanted, copies }: VmTruth,
  lastEnd: MigrationEnd | undefined,
  destroyed: boolean,
): string | null => {
  if (wanted !== 'running' || copies.some((c) => c.lostWithHost)) return null
  // Two copies left by a hypervisor, none running: only an operator may choose between them.
  const undecided = copies.length > 1 && lastEnd === 'grey'
  if (running(copies).length > 0 || undecided) return null
  if (destroyed && !copies.some((c) => c.pausedBy === 'migration')) return null
  const found = copies.map((c) => `${c.state} on ${c.host}`).join(', ') || 'nowhere'
  return `${name} is still not running: ${found}`
}
