/** What the adoption of a copy, or of a job, asks of the other migrations of this host. */
import type { HostId } from '../data/ids.ts'
import type { Whereabouts } from '../data/message.ts'
import type { KnownVm } from '../snapshot/host.ts'
import type { AdoptionHooks } from './adoption.ts'
import { isOldJob } from './counterpart.ts'
import { accounts, type MigrationParts, startsWithHost } from './migration-parts.ts'

export const adoptionHooks = (parts: () => MigrationParts): AdoptionHooks => ({
  inMotion: (vm) => accounts(parts(), vm),
  isClosed(action) {
    const { closed } = parts()
    return closed.resultOf('departure', action) !== null || closed.resultOf('arrival', action) !== null
  },
  mayLack: () => parts().hooks.mayLack(),
  arrivedFrom: (action) => parts().closed.peerOf('arrival', action),
  isSent: (vm) => isOldJob(parts(), vm),
  adopt: (from, message, known) => parts().incoming.adopt(from, message, known),
  owesAutostart: ({ action, vm }) => parts().autostarts.take(action, vm),
  arrived: (from, { action, vm }) => parts().unread.arrived(action, vm, from),
  takeUp: (to, message, known) => takeUp(parts(), to, message, known),
})

/** Its hypervisors move a VM from here to this host by an action of which no record is left here. */
const takeUp = (
  parts: MigrationParts,
  to: HostId,
  { partition, epoch, action, vm }: Whereabouts,
  known: KnownVm,
): void => {
  const { context, hooks, outgoing } = parts
  context.warn(
    'migration.unknown',
    `VM ${known.name} leaves for ${to} by ${action}, of which no record is left here`,
    vm,
  )
  outgoing.takeUp({
    kind: 'departure',
    action,
    partition,
    epoch: 0,
    peerEpoch: epoch,
    vm,
    name: known.name,
    peer: to,
    peerUri: hooks.announced(to) ?? '',
    demand: known.demand,
    paused: !known.diskLocked,
    autostart: startsWithHost(parts, vm),
  })
}
