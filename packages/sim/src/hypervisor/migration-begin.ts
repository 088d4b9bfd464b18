/** How a migration begins: what the hypervisors refuse, and the request that a busy one reads late. */
import type { MigrationFault } from './faults.ts'
import {
  type Migration,
  type MigrationOrder,
  type MigrationsState,
  type Refusal,
  settle,
  truthOf,
} from './migration.ts'
import { change, isActive, memoryTakenMiB, newCopy, putCopy, reaches, type State } from './state.ts'

/** A daemon that hangs when the request is due is asked again after this time. */
const unreadAgainMs = 100

const refusalOf = (migrations: MigrationsState, { source, to }: MigrationOrder): Refusal | null => {
  const { vm, host: from } = source
  const no = (code: string, detail: string): Refusal => ({ code, detail })
  if (migrations.inFlight.has(vm.spec.vm)) return no('vm.job_active', 'another migration of it is running')
  if (vm.fixed !== null) return no(vm.fixed, `${vm.spec.name} cannot be migrated`)
  if (to === from) return no('migration.failed', 'the destination is the source')
  if (!reaches(migrations.world, from, to) || to.daemon !== 'up')
    return no('migration.failed', `unable to connect to ${to.spec.name}`)
  if (to.spec.cpuBaseline !== from.spec.cpuBaseline)
    return no('cpu.incompatible', `${to.spec.cpuBaseline} is not ${from.spec.cpuBaseline}`)
  if (to.copies.has(vm.spec.vm))
    return no('migration.failed', `${vm.spec.name} exists on ${to.spec.name} already`)
  if (memoryTakenMiB(to) + vm.memoryMiB > to.spec.capacity.memoryMiB)
    return no('capacity.mem', `cannot allocate ${vm.memoryMiB} MiB on ${to.spec.name}`)
  return null
}

/** At its first byte. */
const newMigration = (world: State, order: MigrationOrder, fault: MigrationFault | null): Migration => {
  const { source, to } = order
  const { vm } = source
  const target = newCopy(vm, to, 'incoming')
  target.defined = false
  const now = world.clock.now()
  const migration: Migration = {
    source,
    target,
    from: source.host,
    to,
    paused: order.paused,
    onEnd: order.onEnd,
    startedAt: now,
    settledAt: now,
    follow: () => settle(world, migration),
    was: { state: source.state, pausedBy: source.pausedBy },
    fault,
    faultAtMiB:
      fault?.kind === 'abort' || fault?.kind === 'hang' ? (vm.memoryMiB * fault.atPermille) / 1000 : null,
    capMiBps: order.capMiBps,
    phase: 'copying',
    hung: false,
    toSendMiB: vm.memoryMiB,
    dirtiedMiB: 0,
    transferredMiB: 0,
    rateMiBps: 0,
    stoppedAt: 0,
    disarm: () => {},
  }
  return migration
}

const start = (
  migrations: MigrationsState,
  order: MigrationOrder,
  fault: MigrationFault | null,
): Refusal | null => {
  const { world, inFlight, links } = migrations
  const { source, to } = order
  const where = { vm: source.vm.spec.vm, from: source.host.spec.name, to: to.spec.name }
  let refusal = refusalOf(migrations, order)
  if (fault?.kind === 'refuse')
    refusal = { code: 'migration.failed', detail: fault.detail ?? 'the destination will not have it' }
  if (refusal !== null) {
    world.emit({ kind: 'migration-refused', ...where, ...refusal })
    return refusal
  }
  const migration = newMigration(world, order, fault)
  change(world, [to], () => putCopy(migration.target))
  inFlight.set(where.vm, migration)
  source.host.followers.add(migration.follow)
  links.join(migration)
  world.emit({ kind: 'migration-started', migration: truthOf(migration) })
  return null
}

/** The request lies unread for so long, whether its sender still lives or not. */
const startLate = (migrations: MigrationsState, order: MigrationOrder, delayMs: number): void => {
  const { world, unread } = migrations
  const { vm, host } = order.source
  unread.set(vm.spec.vm, host)
  world.clock.after(delayMs, () => {
    if (host.daemon === 'hung') return startLate(migrations, order, unreadAgainMs)
    if (!unread.delete(vm.spec.vm)) return
    const here = host.copies.get(vm.spec.vm) === order.source && isActive(order.source)
    const refusal = here ? start(migrations, order, null) : { detail: `no active VM ${vm.spec.vm} here` }
    if (refusal !== null) order.onEnd({ error: refusal.detail, transferredMiB: 0, downtimeMs: null })
  })
}

/** Null = it has begun, or its request waits to be read. */
export const begin = (migrations: MigrationsState, order: MigrationOrder): Refusal | null => {
  const { source, to } = order
  const fault =
    refusalOf(migrations, order) === null
      ? migrations.faults.take(source.vm.spec.vm, source.host.spec.name, to.spec.name)
      : null
  if (fault?.kind !== 'late') return start(migrations, order, fault)
  startLate(migrations, order, fault.delayMs)
  return null
}
