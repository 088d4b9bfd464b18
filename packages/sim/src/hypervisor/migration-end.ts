/** How a migration ends: what becomes of both copies, and which migrations a death or a cut ends. */
import type { MigrationEnd } from './events.ts'
import { type Migration, type MigrationsState, settle, truthOf } from './migration.ts'
import { type Copy, change, dropCopy, type HostRecord, incarnate, reaches } from './state.ts'

/** What becomes of the destination's copy; a paused hand-over (R2) overrules `running`. */
type TargetFate = 'moved' | 'stayed' | 'running' | 'paused' | 'gone'

/** The copy at the destination is a VM of its own from now on. */
const land = (m: Migration, asPaused: boolean): void => {
  const { target: copy } = m
  const hold = m.was.state === 'running' && (asPaused || m.paused)
  copy.state = hold ? 'paused' : m.was.state
  copy.pausedBy = hold ? 'migration' : m.was.pausedBy
  copy.defined = true
  incarnate(copy)
}

const settleCopies = (m: Migration, how: MigrationEnd, target: TargetFate): void => {
  const { source } = m
  if (how === 'moved') {
    dropCopy(source)
    land(m, false)
    return
  }
  if (target === 'stayed' || target === 'gone') dropCopy(m.target)
  else land(m, target === 'paused')
  if (how !== 'stayed' && how !== 'split') return
  source.state = m.was.state
  source.pausedBy = m.was.pausedBy
}

/** `error` is what its hypervisor reports, whatever is true. */
export const endMigration = (
  { world, inFlight, links }: MigrationsState,
  m: Migration,
  how: MigrationEnd,
  error: string | null,
  target: TargetFate,
): void => {
  const { host } = m.source
  settle(world, m)
  const last = truthOf(m)
  m.disarm()
  inFlight.delete(m.source.vm.spec.vm)
  host.followers.delete(m.follow)
  if (m.phase === 'copying' && !m.hung) links.leave(m)
  change(world, [host, m.target.host], () => settleCopies(m, how, target))
  const downtimeMs = m.phase === 'finishing' ? world.clock.now() - m.stoppedAt : null
  world.emit({ kind: 'migration-ended', migration: last, end: how, detail: error ?? '' })
  m.onEnd({ error, transferredMiB: m.transferredMiB, downtimeMs })
}

/** It broke off: the VM goes on where it was. */
export const breakOff = (migrations: MigrationsState, m: Migration, why: string): void =>
  endMigration(migrations, m, 'stayed', why, 'stayed')

/** Ends all that satisfy the condition one after another; a listener to one end may have ended another. */
const endThose = (
  { inFlight }: MigrationsState,
  which: (m: Migration) => boolean,
  how: (m: Migration) => void,
): void => {
  for (const m of [...inFlight.values()].filter(which)) if (inFlight.get(m.source.vm.spec.vm) === m) how(m)
}

const forgetUnread = ({ unread }: MigrationsState, host: HostRecord): void => {
  for (const [vm, at] of [...unread]) if (at === host) unread.delete(vm)
}

const concerns =
  (host: HostRecord) =>
  (m: Migration): boolean =>
    m.source.host === host || m.target.host === host

/** Its owner destroyed one of the two copies. */
export const copyDestroyed = (migrations: MigrationsState, copy: Copy): void =>
  endThose(
    migrations,
    (m) => m.source === copy || m.target === copy,
    (m) =>
      m.source === copy
        ? endMigration(migrations, m, 'lost', 'the VM was destroyed by its owner', 'gone')
        : breakOff(migrations, m, 'the copy was destroyed on the destination'),
  )

export const hostDied = (migrations: MigrationsState, host: HostRecord): void => {
  forgetUnread(migrations, host)
  endThose(migrations, concerns(host), (m) =>
    m.source.host === host
      ? endMigration(migrations, m, 'lost', 'the source host died', 'gone')
      : breakOff(migrations, m, 'the destination host died'),
  )
}

/**
 * libvirt's managed part dies with it. Early, the copy is dropped and the guest never noticed; late, a source that cannot be
 * told leaves its copy paused.
 */
export const daemonDied = (migrations: MigrationsState, host: HostRecord): void => {
  forgetUnread(migrations, host)
  endThose(migrations, concerns(host), (m) =>
    m.phase === 'finishing' && m.source.host === host
      ? endMigration(migrations, m, 'grey', 'the source hypervisor died while finishing', 'running')
      : breakOff(migrations, m, 'connection to a hypervisor lost'),
  )
}

/** After a cut: breaks the migrations that cross it. */
export const linksChanged = (migrations: MigrationsState): void =>
  endThose(
    migrations,
    (m) => !reaches(migrations.world, m.source.host, m.target.host),
    (m) =>
      m.phase === 'finishing'
        ? endMigration(migrations, m, 'split', 'connection lost while finishing', 'running')
        : breakOff(migrations, m, 'connection to the destination lost'),
  )
