/** How a migration begins: what the hypervisors refuse, and the request that a busy one reads late. */
import type { DeathFault, MigrationFault } from './faults.ts'
import {
  type Migration,
  type MigrationOrder,
  type MigrationsState,
  type Refusal,
  settle,
  truthOf,
} from './migration.ts'
import { breakOff } from './migration-end.ts'
import { enter, isDeath, perform } from './migration-phases.ts'
import { putRequest } from './requests.ts'
import { change, isActive, memoryTakenMiB, newCopy, putCopy, reaches, type State } from './state.ts'

type Route = Pick<MigrationOrder, 'source' | 'to'>

const no = (code: string, detail: string): Refusal => ({ code, detail })

/** Why the destination will not have it now. */
const refusalThere = (world: State, { source, to }: Route): Refusal | null => {
  const { vm, host: from } = source
  if (!reaches(world, from, to) || to.daemon === 'down')
    return no('migration.failed', `unable to connect to ${to.spec.name}`)
  if (to.spec.cpuBaseline !== from.spec.cpuBaseline)
    return no('cpu.incompatible', `${to.spec.cpuBaseline} is not ${from.spec.cpuBaseline}`)
  if (to.copies.has(vm.spec.vm))
    return no('migration.failed', `${vm.spec.name} exists on ${to.spec.name} already`)
  if (memoryTakenMiB(to) + vm.memoryMiB > to.spec.capacity.memoryMiB)
    return no('capacity.mem', `cannot allocate ${vm.memoryMiB} MiB on ${to.spec.name}`)
  return null
}

const refusalOf = (migrations: MigrationsState, order: MigrationOrder): Refusal | null => {
  const { vm, host: from } = order.source
  if (migrations.inFlight.has(vm.spec.vm)) return no('vm.job_active', 'another migration of it is running')
  if (vm.fixed !== null) return no(vm.fixed, `${vm.spec.name} cannot be migrated`)
  if (order.to === from) return no('migration.failed', 'the destination is the source')
  return refusalThere(migrations.world, order)
}

const strikesWhileSending = (fault: MigrationFault | null): number | null => {
  if (fault?.kind === 'abort' || fault?.kind === 'hang') return fault.atPermille
  return isDeath(fault) && fault.phase === 'perform' ? (fault.atPermille ?? 500) : null
}

const newMigration = (world: State, order: MigrationOrder, fault: MigrationFault | null): Migration => {
  const { source, to } = order
  const { vm } = source
  const target = newCopy(vm, to, 'incoming')
  target.defined = false
  target.autostart = false
  const now = world.clock.now()
  const permille = strikesWhileSending(fault)
  const migration: Migration = {
    source,
    target,
    from: source.host,
    to,
    paused: order.paused,
    byHand: order.byHand ?? false,
    onEnd: order.onEnd,
    startedAt: now,
    settledAt: now,
    follow: () => settle(world, migration),
    was: { state: source.state, pausedBy: source.pausedBy },
    fault,
    faultAtMiB: permille === null ? null : (vm.memoryMiB * permille) / 1000,
    capMiBps: order.capMiBps,
    phase: 'begin',
    hung: false,
    sending: false,
    severed: false,
    stopping: null,
    toSendMiB: vm.memoryMiB,
    dirtiedMiB: 0,
    transferredMiB: 0,
    rateMiBps: 0,
    stoppedAt: 0,
    disarm: () => {},
    next: () => {},
  }
  return migration
}

/** The destination makes room, if it still will. */
const prepare = (migrations: MigrationsState, m: Migration): void => {
  const { world, phases } = migrations
  const refusal = refusalThere(world, m)
  if (refusal !== null) return breakOff(migrations, m, refusal.detail)
  change(world, [m.to], () => putCopy(m.target))
  enter(migrations, m, 'prepare', phases.prepareMs, () => perform(migrations, m))
}

const strikesEarly = (fault: MigrationFault | null): fault is DeathFault =>
  isDeath(fault) && (fault.phase === 'begin' || fault.phase === 'prepare')

const start = (
  migrations: MigrationsState,
  order: MigrationOrder,
  fault: MigrationFault | null,
): Refusal | null => {
  const { world, inFlight, phases } = migrations
  const { source, to, byHand = false } = order
  const where = { vm: source.vm.spec.vm, from: source.host.spec.name, to: to.spec.name }
  let refusal = refusalOf(migrations, order)
  if (fault?.kind === 'refuse')
    refusal = { code: 'migration.failed', detail: fault.detail ?? 'the destination will not have it' }
  if (refusal !== null) {
    const other = inFlight.get(where.vm)?.byHand ?? false
    world.emit({ kind: 'migration-refused', ...where, ...refusal, byHand: byHand || other })
    return refusal
  }
  const m = newMigration(world, order, fault)
  inFlight.set(where.vm, m)
  source.host.followers.add(m.follow)
  if (fault?.kind === 'timeout' && order.onTimeout !== undefined)
    world.clock.after(fault.afterMs, order.onTimeout)
  const atOnce = phases.beginMs + phases.prepareMs === 0 && to.daemon === 'up' && !strikesEarly(fault)
  if (atOnce) {
    change(world, [to], () => putCopy(m.target))
    perform(migrations, m)
  }
  world.emit({ kind: 'migration-started', migration: truthOf(m) })
  if (!atOnce) enter(migrations, m, 'begin', phases.beginMs, () => prepare(migrations, m))
  return null
}

/** The request lies unread for so long, whether its sender still lives or not. */
const startLate = (
  migrations: MigrationsState,
  order: MigrationOrder,
  fault: MigrationFault | null,
  delayMs: number,
): void => {
  const { world, unread } = migrations
  const { vm, host } = order.source
  const { vm: id } = vm.spec
  unread.add(id)
  putRequest(world, host, delayMs, {
    read() {
      unread.delete(id)
      const here = host.copies.get(id) === order.source && isActive(order.source)
      const refusal = here ? start(migrations, order, fault) : { detail: `no active VM ${id} here` }
      if (refusal !== null) order.onEnd({ error: refusal.detail, transferredMiB: 0, downtimeMs: null })
    },
    lost: () => void unread.delete(id),
  })
}

/** Null = it has begun, or its request waits to be read. */
export const begin = (migrations: MigrationsState, order: MigrationOrder): Refusal | null => {
  const { source, to } = order
  const { host } = source
  const fault =
    refusalOf(migrations, order) === null
      ? migrations.faults.take(source.vm.spec.vm, host.spec.name, to.spec.name)
      : null
  const lateMs = (fault?.kind === 'late' ? fault.delayMs : 0) + host.slowMs
  if (lateMs === 0 && host.daemon === 'up') return start(migrations, order, fault)
  startLate(migrations, order, fault, lateMs)
  return null
}
