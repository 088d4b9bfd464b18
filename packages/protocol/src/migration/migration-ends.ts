/** What a host notes when a migration has ended: of the VM, for how long it rests or is left alone; and which host hears of it. */
import type { ActionResult } from '@drover/placement'
import { leaderOf } from '../data/ids.ts'
import { arrive, countFailedMigration, type HostState, quarantine, rest } from '../snapshot/host.ts'
import type { StepContext } from '../step-context.ts'
import type { IncomingMigration } from './incoming-table.ts'
import { isBrokenOff } from './migration-job.ts'
import type { OutgoingMigration } from './outgoing-table.ts'

/** Codes that speak against the migration of this VM, not against the moment. */
const blameworthy = new Set(['migration.failed', 'migration.refused', 'hypervisor.refused'])

/** An outgoing migration is over: its VM may rest, its leader hears of it. */
export const leftOrStayed = (
  context: StepContext,
  host: HostState,
  migration: OutgoingMigration,
  result: ActionResult,
): void => {
  const { vm, since, partition, epoch, action } = migration
  const { quarantineMs } = context.policy
  // Others are tried meanwhile: one that had to be broken off has kept them waiting for long.
  if (result.kind === 'refused' && isBrokenOff(result.code))
    quarantine(host, vm, context.now(), Math.max(quarantineMs, context.now() - since))
  else if (result.kind === 'refused' && blameworthy.has(result.code))
    countFailedMigration(host, vm, context.now(), quarantineMs)
  context.send(migration.leader ?? leaderOf(partition), { kind: 'ended', partition, epoch, action, result })
  context.emit({ kind: 'sample' })
}

/** It runs here now, and rests: its source names for how long, and the shorter of two rests holds. */
export const hasArrived = (context: StepContext, host: HostState, migration: IncomingMigration): void => {
  const { vm, from, snapshot } = migration
  const cooldownMs = Math.min(migration.cooldownMs, context.policy.cooldownMs)
  arrive(host, { ...snapshot, autostart: migration.autostart })
  rest(host, vm, context.now() + cooldownMs, from)
  context.emit({ kind: 'persist', record: { kind: 'cooldown', vm, from, remainingMs: cooldownMs } })
}
