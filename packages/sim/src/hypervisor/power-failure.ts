/** Hosts and their daemons die and come back. */
import type { DaemonState } from './events.ts'
import type { Migrations } from './migrations.ts'
import { loseRequests, readAll } from './requests.ts'
import {
  change,
  dropCopy,
  hostNamed,
  incarnate,
  isActive,
  regrant,
  runsElsewhere,
  type State,
} from './state.ts'

export const killHost = (state: State, migrations: Migrations, name: string): void => {
  const host = hostNamed(state, name)
  if (!host.alive) return
  change(state, [host], () => {})
  host.alive = false
  host.daemon = 'down'
  loseRequests(host)
  migrations.hostDied(host)
  for (const copy of host.copies.values()) {
    if (copy.state === 'incoming' || !copy.defined) dropCopy(copy)
    copy.ranAtDeath = isActive(copy)
    copy.state = 'shut'
    copy.pausedBy = null
    copy.grantedMilli = 0
  }
  state.emit({ kind: 'host', host: name, alive: false })
}

export const bootHost = (state: State, name: string): void => {
  const host = hostNamed(state, name)
  if (host.alive) return
  host.alive = true
  host.daemon = 'up'
  host.accountedAt = state.clock.now()
  for (const copy of host.copies.values()) {
    if (copy.ranAtDeath && copy.autostart) {
      // The lock manager of its disks keeps it from running twice.
      copy.ranAtDeath = false
      if (copy.vm.spec.diskLocked && runsElsewhere(copy)) continue
      // Nothing keeps a pause across a power failure: that it starts by itself is its owner's choice, too.
      if (copy.vm.wanted === 'paused' && ![...copy.vm.copies].some(isActive)) copy.vm.wanted = 'running'
      copy.state = 'running'
      incarnate(copy)
    } else if (copy.ranAtDeath && ![...copy.vm.copies].some(isActive)) copy.vm.wanted = 'shut' // its owner's choice, not our doing
    copy.ranAtDeath = false
  }
  regrant(host)
  state.emit({ kind: 'host', host: name, alive: true })
}

export const setDaemon = (state: State, migrations: Migrations, name: string, daemon: DaemonState): void => {
  const host = hostNamed(state, name)
  if (!host.alive || host.daemon === daemon) return
  host.daemon = daemon
  if (daemon === 'down') {
    loseRequests(host)
    migrations.daemonDied(host)
  }
  state.emit({ kind: 'daemon', host: name, daemon })
  if (daemon === 'up') readAll(host)
}
