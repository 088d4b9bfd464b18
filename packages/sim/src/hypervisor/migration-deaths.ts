/**
 * Which migrations a death or a cut ends, and how: it depends on the phase. libvirt's truth, as in docs/adr/004: only a source
 * that knows how Finish ended drops its copy, and one that cannot know keeps it paused or goes on.
 */
import { hasLanded, isInFlight, type Migration, type MigrationsState } from './migration.ts'
import { breakOff, endMigration, isCopyOf } from './migration-end.ts'
import { resumePhase } from './migration-phases.ts'
import { type Copy, type HostRecord, reaches } from './state.ts'

/** All that satisfy the condition one after another; a listener to one end may have ended another. */
const forThose = (
  migrations: MigrationsState,
  which: (m: Migration) => boolean,
  how: (m: Migration) => void,
): void => {
  for (const m of [...migrations.inFlight.values()].filter(which)) if (isInFlight(migrations, m)) how(m)
}

/** Its owner destroyed one of the two copies. */
export const copyDestroyed = (migrations: MigrationsState, copy: Copy): void =>
  forThose(
    migrations,
    (m) => isCopyOf(m, copy),
    (m) => {
      if (m.source === copy)
        endMigration(
          migrations,
          m,
          'lost',
          'the VM was destroyed by its owner',
          hasLanded(m) ? 'running' : 'gone',
        )
      else if (!hasLanded(m)) breakOff(migrations, m, 'the copy was destroyed on the destination')
    },
  )

/** The source's connection to the destination is gone, and it knows. */
const peerLost = (migrations: MigrationsState, m: Migration, why: string): void => {
  if (m.phase === 'begin' || m.phase === 'confirm') return
  if (m.phase === 'finished') endMigration(migrations, m, 'split', `${why} while finishing`, 'running')
  else breakOff(migrations, m, why)
}

/** The other end is silent; it takes the source's hypervisor some time to find out. Until then nothing moves. */
const sever = (migrations: MigrationsState, m: Migration, why: string): void => {
  const { world, phases, links } = migrations
  if (phases.noticeMs === 0 || m.phase === 'begin' || m.phase === 'confirm')
    return peerLost(migrations, m, why)
  if (m.severed) return
  if (m.sending) links.leave(m)
  m.sending = false
  m.rateMiBps = 0
  m.severed = true
  m.disarm()
  m.disarm = world.clock.after(phases.noticeMs, () => peerLost(migrations, m, why))
}

export const hostDied = (migrations: MigrationsState, host: HostRecord): void => {
  forThose(
    migrations,
    (m) => m.source.host === host,
    (m) => {
      // What the destination has let go lives on; the source's definition is back with its host.
      if (hasLanded(m)) endMigration(migrations, m, 'grey', 'the source host died', 'running')
      else endMigration(migrations, m, 'lost', 'the source host died', 'gone')
    },
  )
  forThose(
    migrations,
    (m) => m.target.host === host,
    (m) => sever(migrations, m, 'the destination host died'),
  )
}

const sourceDaemonDied = (migrations: MigrationsState, m: Migration): void => {
  const why = 'the source hypervisor died while finishing'
  switch (m.phase) {
    case 'begin':
    case 'prepare':
    case 'perform':
      // When it is back it cancels what it had begun; the destination drops what it got from a connection that broke.
      return breakOff(migrations, m, 'connection to a hypervisor lost')
    case 'finish':
      return endMigration(migrations, m, 'grey', why, 'gone')
    case 'finished':
      return endMigration(migrations, m, 'grey', why, 'running')
    case 'confirm':
      return endMigration(migrations, m, 'moved', 'the source hypervisor died when all was done', 'moved')
    default:
      return m.phase satisfies never
  }
}

export const daemonDied = (migrations: MigrationsState, host: HostRecord): void => {
  forThose(
    migrations,
    (m) => m.source.host === host,
    (m) => sourceDaemonDied(migrations, m),
  )
  forThose(
    migrations,
    (m) => m.target.host === host,
    (m) => peerLost(migrations, m, 'connection to a hypervisor lost'),
  )
}

/** After a cut, or the end of one. */
export const linksChanged = (migrations: MigrationsState): void => {
  const { world } = migrations
  const reached = (m: Migration): boolean => reaches(world, m.source.host, m.target.host)
  forThose(
    migrations,
    (m) => m.severed && reached(m) && m.target.host.copies.get(m.target.vm.spec.vm) === m.target,
    (m) => resumePhase(migrations, m),
  )
  forThose(
    migrations,
    (m) => !m.severed && !reached(m),
    (m) => sever(migrations, m, 'connection to the destination lost'),
  )
}
