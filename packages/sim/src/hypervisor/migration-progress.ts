/** The way of a migration from its first byte to its end: rounds of pre-copy, then the last pages with the guest stopped. */
import { isInFlight, type Migration, type MigrationsState, settle, truthOf } from './migration.ts'
import { endMigration, land } from './migration-end.ts'
import { enter, isDeath, strikeDeath } from './migration-phases.ts'
import { converged, nextRound, tinyMiB, untilFaultMiB } from './precopy.ts'
import { change } from './state.ts'

/** Sets the timer for its next event at its present rate; call after either changed. */
const arm = (migrations: MigrationsState, m: Migration): void => {
  m.disarm()
  m.disarm = () => {}
  if (m.rateMiBps <= 0) return
  const untilMiB = Math.min(m.toSendMiB, untilFaultMiB(m) ?? m.toSendMiB)
  m.disarm = migrations.world.clock.after((untilMiB / m.rateMiBps) * 1000, () => turn(migrations, m))
}

/** The links have given it another rate. */
export const setRate = (migrations: MigrationsState, m: Migration, rateMiBps: number): void => {
  settle(migrations.world, m)
  m.rateMiBps = rateMiBps
  arm(migrations, m)
}

/** Something is due: a round's end, or a fault. */
const turn = (migrations: MigrationsState, m: Migration): void => {
  settle(migrations.world, m)
  const untilFault = untilFaultMiB(m)
  // A fault beyond the last byte strikes at the end.
  if (untilFault !== null && (untilFault <= tinyMiB || converged(m))) strike(migrations, m)
  else if (converged(m)) stopAndCopy(migrations, m)
  else {
    nextRound(m)
    arm(migrations, m)
  }
}

const strike = (migrations: MigrationsState, m: Migration): void => {
  const { fault } = m
  if (isDeath(fault)) {
    if (strikeDeath(migrations, m, fault)) arm(migrations, m)
  } else if (fault?.kind === 'hang') {
    m.hung = true
    m.faultAtMiB = null
    m.sending = false
    migrations.links.leave(m)
    m.rateMiBps = 0
  } else endMigration(migrations, m, 'stayed', 'migration broke off: the connection was reset', 'stayed')
}

const stopAndCopy = (migrations: MigrationsState, m: Migration): void => {
  const { world, links, phases } = migrations
  links.leave(m)
  m.sending = false
  m.stoppedAt = world.clock.now()
  m.disarm()
  const lastMs = (m.dirtiedMiB / m.rateMiBps) * 1000
  m.transferredMiB += m.dirtiedMiB
  m.phase = 'finish'
  change(world, [m.source.host], () => {
    if (m.source.state === 'running') m.source.pausedBy = 'migration'
    m.source.state = 'paused'
  })
  enter(migrations, m, 'finish', lastMs + phases.finishMs, () => finish(migrations, m))
}

const finish = (migrations: MigrationsState, m: Migration): void => {
  const { fault } = m
  if (fault?.kind === 'fail-after-success')
    endMigration(migrations, m, 'moved', 'operation failed: lost contact while finishing', 'moved')
  else if (fault?.kind === 'grey')
    endMigration(migrations, m, 'grey', 'end of migration not learnt', fault.destination)
  else if (fault?.kind === 'split')
    endMigration(migrations, m, 'split', 'connection lost while finishing', 'running')
  else finished(migrations, m)
}

/** The destination lets its copy go; the source hears of it, and drops its own. */
const finished = (migrations: MigrationsState, m: Migration): void => {
  const { world, phases } = migrations
  const end = (): void => endMigration(migrations, m, 'moved', null, 'moved')
  if (phases.finishedMs + phases.confirmMs === 0 && !isDeath(m.fault)) return end()
  change(world, [m.target.host], () => land(m, false))
  m.phase = 'finished'
  world.emit({ kind: 'migration-finished', migration: truthOf(m) })
  if (!isInFlight(migrations, m)) return
  enter(migrations, m, 'finished', phases.finishedMs, () =>
    enter(migrations, m, 'confirm', phases.confirmMs, end),
  )
}
