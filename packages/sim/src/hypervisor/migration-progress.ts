/** The way of a migration from its first byte to its end: rounds of pre-copy, then the last pages with the guest stopped. */
import { type Migration, type MigrationsState, settle } from './migration.ts'
import { endMigration } from './migration-end.ts'
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
  if (m.fault?.kind === 'hang') {
    m.hung = true
    m.faultAtMiB = null
    migrations.links.leave(m)
    m.rateMiBps = 0
  } else endMigration(migrations, m, 'stayed', 'migration broke off: the connection was reset', 'stayed')
}

const stopAndCopy = (migrations: MigrationsState, m: Migration): void => {
  const { world, links, finishMs } = migrations
  links.leave(m)
  m.phase = 'finishing'
  m.stoppedAt = world.clock.now()
  m.disarm()
  const lastMs = (m.dirtiedMiB / m.rateMiBps) * 1000
  m.transferredMiB += m.dirtiedMiB
  change(world, [m.source.host], () => {
    if (m.source.state === 'running') m.source.pausedBy = 'migration'
    m.source.state = 'paused'
  })
  m.disarm = world.clock.after(lastMs + finishMs, () => complete(migrations, m))
}

const complete = (migrations: MigrationsState, m: Migration): void => {
  const { fault } = m
  if (fault?.kind === 'fail-after-success')
    endMigration(migrations, m, 'moved', 'operation failed: lost contact while finishing', 'moved')
  else if (fault?.kind === 'grey')
    endMigration(migrations, m, 'grey', 'end of migration not learnt', fault.destination)
  else if (fault?.kind === 'split')
    endMigration(migrations, m, 'split', 'connection lost while finishing', 'running')
  else endMigration(migrations, m, 'moved', null, 'moved')
}
