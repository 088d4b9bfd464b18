/** How a migration ends: what becomes of both copies. */
import type { MigrationEnd } from './events.ts'
import { hasLanded, type Migration, type MigrationsState, settle, truthOf } from './migration.ts'
import { type Copy, change, dropCopy, incarnate } from './state.ts'

/** What becomes of the destination's copy; a paused hand-over (R2) overrules `running`. */
export type TargetFate = 'moved' | 'stayed' | 'running' | 'paused' | 'gone'

/** The copy at the destination is a VM of its own from now on. */
export const land = (m: Migration, asPaused: boolean): void => {
  const { target: copy } = m
  const hold = m.was.state === 'running' && (asPaused || m.paused)
  copy.state = hold ? 'paused' : m.was.state
  copy.pausedBy = hold ? 'migration' : m.was.pausedBy
  copy.defined = true
  incarnate(copy)
}

/** The copy that came will not be used. For a while it may still be seen. */
const abandonTarget = ({ world, phases }: MigrationsState, m: Migration): void => {
  const { target: copy } = m
  const { host } = copy
  const lingersMs = m.source.host.alive ? phases.lingerMs : phases.noticeMs
  if (lingersMs === 0 || copy.state !== 'incoming' || !host.alive) return dropCopy(copy)
  world.clock.after(lingersMs, () => {
    if (host.copies.get(copy.vm.spec.vm) !== copy || copy.state !== 'incoming') return
    change(world, [host], () => dropCopy(copy))
    world.emit({ kind: 'vm', vm: copy.vm.spec.vm, host: host.spec.name, what: 'removed' })
  })
}

const settleCopies = (
  migrations: MigrationsState,
  m: Migration,
  how: MigrationEnd,
  target: TargetFate,
): void => {
  const { source } = m
  if (how === 'moved') {
    dropCopy(source)
    // Its owner has taken that away: no hypervisor carries it with a migration.
    if (m.byHand) source.vm.autostart = m.target.autostart
    if (!hasLanded(m)) land(m, false)
    return
  }
  if (target === 'stayed' || target === 'gone') abandonTarget(migrations, m)
  else if (!hasLanded(m)) land(m, target === 'paused')
  if (how !== 'stayed' && how !== 'split') return
  source.state = m.was.state
  source.pausedBy = m.was.pausedBy
}

/** The lock manager of the disks keeps the source from going on while the copy runs. */
const lockedOut = ({ source, target, was, paused }: Migration, fate: TargetFate): boolean =>
  source.vm.spec.diskLocked &&
  was.state === 'running' &&
  (target.state === 'running' || (target.state === 'incoming' && fate === 'running' && !paused))

/** `error` is what its hypervisor reports, whatever is true. */
export const endMigration = (
  migrations: MigrationsState,
  m: Migration,
  asked: MigrationEnd,
  error: string | null,
  target: TargetFate,
): void => {
  const { world, inFlight, links } = migrations
  const { host } = m.source
  const how = asked === 'split' && lockedOut(m, target) ? 'grey' : asked
  settle(world, m)
  const last = truthOf(m)
  m.disarm()
  inFlight.delete(m.source.vm.spec.vm)
  host.followers.delete(m.follow)
  if (m.sending) links.leave(m)
  m.sending = false
  change(world, [host, m.target.host], () => settleCopies(migrations, m, how, target))
  const downtimeMs = m.stoppedAt > 0 ? world.clock.now() - m.stoppedAt : null
  world.emit({ kind: 'migration-ended', migration: last, end: how, detail: error ?? '' })
  m.onEnd({ error, transferredMiB: m.transferredMiB, downtimeMs })
}

/** It broke off: the VM goes on where it was. */
export const breakOff = (migrations: MigrationsState, m: Migration, why: string): void =>
  endMigration(migrations, m, 'stayed', why, 'stayed')

export const isCopyOf = (m: Migration, copy: Copy): boolean => m.source === copy || m.target === copy
