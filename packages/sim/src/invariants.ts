/**
 * An observer that sees the whole world and every agent's own view, and says which promise (docs/architecture.md, Promises) was broken,
 * when and how. It looks at each event of the world and periodically, changes nothing, and shares no code with what it
 * judges.
 */
import { dimensions, type PeerView, type Resources, type VmId } from '@drover/protocol'
import type { MigrationEnd, WorldEvent } from './hypervisor/events.ts'
import type { CopyTruth, VmTruth } from './hypervisor/truth.ts'
import type { World } from './hypervisor/world.ts'

export type Invariant = 'S1' | 'S2' | 'S3' | 'S4' | 'S6' | 'S7' | 'S8' | 'S9' | 'Q2'

export interface Violation {
  readonly invariant: Invariant
  /** By the world's clock. */
  readonly atMs: number
  /** One sentence for people, with names and numbers. */
  readonly text: string
}

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

const running = (copies: readonly CopyTruth[]): readonly CopyTruth[] =>
  copies.filter((c) => c.state === 'running')

/** S1, S2, S3: what must hold for one VM at any instant. `lastEnd` = how its last migration truly ended. */
const breachesOf = (
  vm: VmTruth,
  moving: boolean,
  lastEnd: MigrationEnd | undefined,
): [Invariant, string][] => {
  const breaches: [Invariant, string][] = []
  const on = running(vm.copies).map((c) => c.host)
  if (on.length > 1) breaches.push(['S1', `${vm.name} runs on ${on.join(' and ')}`])

  const kept = vm.copies.some((c) =>
    vm.wanted === 'shut'
      ? c.state === 'shut'
      : vm.wanted === c.state || c.lostWithHost || c.pausedBy === 'migration',
  )
  if (!kept) {
    const found = vm.copies.map((c) => `${c.state} on ${c.host}`).join(', ') || 'nowhere'
    breaches.push(['S2', `${vm.name} should be ${vm.wanted} and is ${found}`])
  }
  // A hypervisor that lost the end of a migration leaves two definitions, and only an operator may remove one.
  const settled = lastEnd !== 'grey' && lastEnd !== 'split'
  const defined = vm.copies.filter((c) => c.defined).map((c) => c.host)
  if (defined.length > 1 && !moving && settled)
    breaches.push(['S3', `${vm.name} is defined on ${defined.join(' and ')}`])
  return breaches
}

export const createChecker = ({
  world,
  usable,
  views = () => [],
  migrationsOutMax = 1,
  migrationsInMax = 1,
  staleMs = 6_000,
  everyMs = 250,
  onViolation = () => {},
}: CheckerInit): Checker => {
  const found: Violation[] = []
  /** Breaches that hold now, so that each is told once; a healed one may be told again. */
  const standing = new Set<string>()
  const lastEnds = new Map<VmId, MigrationEnd>()
  const demands = new Map<VmId, { readonly at: number; readonly demand: Resources }[]>()
  const leases = new Map<string, { readonly epoch: number; readonly partition: string }>()

  const tell = (invariant: Invariant, text: string): void => {
    const violation = { invariant, atMs: Math.round(world.clock.now()), text }
    found.push(violation)
    onViolation(violation)
  }
  /** Tells the new ones of a subject's breaches, forgets the healed ones. */
  const judge = (subject: string, breaches: readonly [Invariant, string][]): void => {
    const now = new Set(breaches.map(([invariant]) => `${subject} ${invariant}`))
    for (const invariant of ['S1', 'S2', 'S3'] as const)
      if (!now.has(`${subject} ${invariant}`)) standing.delete(`${subject} ${invariant}`)
    for (const [invariant, text] of breaches) {
      const key = `${subject} ${invariant}`
      if (!standing.has(key)) tell(invariant, text)
      standing.add(key)
    }
  }
  const once = (key: string, invariant: Invariant, text: string): void => {
    if (standing.has(key)) return
    standing.add(key)
    tell(invariant, text)
  }

  const judgeVm = (id: VmId, moving: boolean): void =>
    judge(id, breachesOf(world.vm(id), moving, lastEnds.get(id)))

  const remember = (id: VmId, demand: Resources): void => {
    const now = world.clock.now()
    const past = demands.get(id) ?? []
    // Keep one entry from before the window: it says what held when the window began.
    while (past.length > 1 && (past[1]?.at ?? now) < now - staleMs) past.shift()
    past.push({ at: now, demand })
    demands.set(id, past)
  }
  /** The least that any measurement of the last `staleMs` could have said of it. */
  const lowest = (id: VmId, dimension: keyof Resources): number => {
    const { cpuMilli, memoryMiB } = world.vm(id)
    const since = world.clock.now() - staleMs
    const past = demands.get(id) ?? []
    const from = past.findLastIndex((entry) => entry.at <= since)
    return [...past.slice(Math.max(0, from)).map((entry) => entry.demand), { cpuMilli, memoryMiB }].reduce(
      (least, demand) => Math.min(least, demand[dimension]),
      Number.POSITIVE_INFINITY,
    )
  }

  const judgeArrival = (id: VmId, host: string): void => {
    const truth = world.host(host)
    const coming = world.migrations().filter((m) => m.to === host)
    for (const dimension of dimensions) {
      const own = truth.vms.filter(
        (vm) => dimension !== 'cpuMilli' || running(world.vm(vm).copies).some((c) => c.host === host),
      )
      const total = [...own, ...coming.map((m) => m.vm)].reduce((sum, vm) => sum + lowest(vm, dimension), 0)
      const room = usable(host)[dimension]
      if (total > room)
        tell(
          'S9',
          `${world.vm(id).name} was let in by ${host}: ${total} of ${room} ${dimension} usable, counting all promised`,
        )
    }
  }
  const judgeBudget = (host: string): void => {
    const all = world.migrations()
    const out = all.filter((m) => m.from === host).length
    const into = all.filter((m) => m.to === host).length
    if (out > migrationsOutMax)
      tell('Q2', `${out} migrations leave ${host} at once, ${migrationsOutMax} allowed`)
    if (into > migrationsInMax)
      tell('Q2', `${into} migrations enter ${host} at once, ${migrationsInMax} allowed`)
  }

  const heard = (event: WorldEvent): void => {
    switch (event.kind) {
      case 'demand':
        remember(event.vm, { cpuMilli: event.cpuMilli, memoryMiB: event.memoryMiB })
        return
      case 'vm':
        if (!demands.has(event.vm)) remember(event.vm, world.vm(event.vm))
        judgeVm(
          event.vm,
          world.migrations().some((m) => m.vm === event.vm),
        )
        return
      case 'migration-started':
        judgeVm(event.migration.vm, true)
        judgeArrival(event.migration.vm, event.migration.to)
        judgeBudget(event.migration.from)
        judgeBudget(event.migration.to)
        return
      case 'migration-ended':
        lastEnds.set(event.migration.vm, event.end)
        judgeVm(event.migration.vm, false)
        return
      case 'migration-refused':
        if (event.code === 'vm.job_active')
          tell('S8', `${event.from} began a second migration of ${world.vm(event.vm).name}, to ${event.to}`)
        return
      case 'host':
        for (const vm of world.vms()) if (vm.copies.some((c) => c.host === event.host)) judgeVm(vm.vm, false)
        return
      case 'daemon':
      case 'links':
        return
      default:
        return event satisfies never
    }
  }

  /** S4, S6, S7: what the agents say of their leases must go together, and with what they said before. */
  const judgeViews = (): void => {
    for (const { host, description, lease, migrations: motions } of views()) {
      const name = description?.name ?? host
      const partitions = [...new Set(motions.map((m) => m.action.slice(0, m.action.lastIndexOf('/'))))]
      if (partitions.length > 1)
        once(
          `S4 ${host} ${partitions.sort().join()}`,
          'S4',
          `${name} acts for ${partitions.join(' and ')} at once`,
        )
      if (lease === null) continue
      const { partition, epoch, leader } = lease
      if (!partition.startsWith(`${leader}.`))
        once(`S7 ${host} ${partition}`, 'S7', `${name} takes ${leader} for the leader of ${partition}`)
      const before = leases.get(host)
      if (before !== undefined && before.partition !== partition && epoch <= before.epoch)
        once(
          `S6 ${host} ${epoch} ${partition}`,
          epoch === before.epoch ? 'S4' : 'S6',
          `${name} leased epoch ${epoch} to ${partition} after epoch ${before.epoch} to ${before.partition}`,
        )
      const executing = partitions[0]
      if (executing !== undefined && executing !== partition && partitions.length === 1)
        once(
          `S4 ${host} ${executing} ${partition}`,
          'S4',
          `${name} is leased to ${partition} while it acts for ${executing}`,
        )
      leases.set(host, { epoch, partition })
    }
  }

  const check = (): readonly Violation[] => {
    const moving = new Set(world.migrations().map((m) => m.vm))
    for (const vm of world.vms()) judge(vm.vm, breachesOf(vm, moving.has(vm.vm), lastEnds.get(vm.vm)))
    judgeViews()
    return found
  }

  for (const vm of world.vms()) remember(vm.vm, vm)
  const unlisten = world.events(heard)
  let cancel = (): void => {}
  const look = (): void => {
    check()
    if (everyMs !== null) cancel = world.clock.after(everyMs, look)
  }
  look()

  return {
    check,
    checkAtRest() {
      check()
      for (const { vm, name, wanted, copies } of world.vms()) {
        if (wanted !== 'running' || copies.some((c) => c.lostWithHost)) continue
        // Two copies left by a hypervisor, none running: only an operator may choose between them.
        const undecided = copies.length > 1 && lastEnds.get(vm) === 'grey'
        if (running(copies).length === 0 && !undecided)
          once(`rest ${vm}`, 'S2', `${name} is still not running: ${copies[0]?.state} on ${copies[0]?.host}`)
      }
      for (const m of world.migrations())
        once(`rest ${m.vm}`, 'S2', `${world.vm(m.vm).name} is still on its way to ${m.to}`)
      return found
    },
    violations: () => found,
    close() {
      unlisten()
      cancel()
    },
  }
}
