/**
 * The phases of a migration, as libvirt has them, and what strikes in each. A phase ends when its time is over, and both
 * hypervisors serve.
 */
import type { MigrationPhase } from './events.ts'
import type { DeathFault, MigrationFault } from './faults.ts'
import { isInFlight, type Migration, type MigrationsState, settle } from './migration.ts'
import { breakOff } from './migration-end.ts'

/** A phase that is over waits for a hypervisor that hangs: it is asked again after this time, ms. */
const againMs = 100

export const isDeath = (fault: MigrationFault | null): fault is DeathFault =>
  fault?.kind === 'daemon-dies' || fault?.kind === 'host-dies' || fault?.kind === 'link-dies'

/** The source's own worker goes on while others of its daemon are stuck. */
const served = ({ source, target }: Migration): boolean =>
  source.host.daemon !== 'hung' && target.host.daemon !== 'hung' && target.host.daemon !== 'stuck'

/** The present phase is over when its hypervisors say so. */
const leave = (migrations: MigrationsState, m: Migration): void => {
  if (!served(m)) {
    m.disarm = migrations.world.clock.after(againMs, () => leave(migrations, m))
    return
  }
  if (m.stopping !== null && (m.phase === 'begin' || m.phase === 'prepare'))
    return breakOff(migrations, m, m.stopping)
  m.next()
}

/** The fault strikes now; true = the migration goes on all the same. */
export const strikeDeath = (migrations: MigrationsState, m: Migration, fault: DeathFault): boolean => {
  m.fault = null
  m.faultAtMiB = null
  migrations.deaths.strike(fault, m.source.host, m.target.host)
  return isInFlight(migrations, m) && !m.severed
}

/** `next` comes when the phase is over. Never `perform`, which lasts as long as the memory does. */
export const enter = (
  migrations: MigrationsState,
  m: Migration,
  phase: Exclude<MigrationPhase, 'perform'>,
  lastsMs: number,
  next: () => void,
): void => {
  const { clock } = migrations.world
  m.phase = phase
  m.next = next
  const { fault } = m
  if (isDeath(fault) && fault.phase === phase) {
    m.disarm = clock.after(lastsMs / 2, () => {
      if (strikeDeath(migrations, m, fault)) m.disarm = clock.after(lastsMs / 2, () => leave(migrations, m))
    })
  } else if (lastsMs > 0) m.disarm = clock.after(lastsMs, () => leave(migrations, m))
  else leave(migrations, m)
}

/** It begins to send, or goes on after a silence. */
export const perform = (migrations: MigrationsState, m: Migration): void => {
  settle(migrations.world, m)
  m.phase = 'perform'
  m.sending = true
  migrations.links.join(m)
}

/** The other end is back before its silence was noticed. */
export const resumePhase = (migrations: MigrationsState, m: Migration): void => {
  m.severed = false
  m.disarm()
  if (m.phase !== 'perform') leave(migrations, m)
  else if (!m.hung) perform(migrations, m)
}
