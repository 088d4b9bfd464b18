/** What the local API shows of all migrations of this host. */
import type { Instant } from '../data/ids.ts'
import type { PeerView } from '../data/view.ts'
import { type MigrationParts, promisesOf } from './migration-parts.ts'

export const viewOf = (
  parts: MigrationParts,
  now: Instant,
): Pick<PeerView, 'migrations' | 'duties' | 'alarms'> => ({
  duties: parts.duties.view(now),
  alarms: parts.alarms.view(now),
  migrations: [
    ...[...parts.outgoing.all.values()].map((one) => ({
      action: one.action,
      vm: one.vm,
      name: parts.host.vms.get(one.vm)?.name ?? one.vm,
      direction: 'out' as const,
      peer: one.to,
      phase: one.phase,
      sinceMs: now - one.since,
    })),
    ...promisesOf(parts).map((one) => ({
      action: one.action,
      vm: one.vm,
      name: one.snapshot.name === '' ? one.vm : one.snapshot.name,
      direction: 'in' as const,
      peer: one.from,
      phase: one.adopted ? 'found' : one.taking ? 'resuming' : 'promised',
      sinceMs: now - one.since,
    })),
  ],
})
