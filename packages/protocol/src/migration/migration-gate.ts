/** The gate that each migration must pass before it begins: at its source, at its destination, and for every URI that is opened. */

import type { Migrate } from '@drover/placement'
import type { Assigned } from '../actions/assigned-action.ts'
import type { Refusal } from '../actions/refusal.ts'
import { limits } from '../data/config.ts'
import type { HostId, PeerUri, VmId } from '../data/ids.ts'
import type { Admit, Begin } from '../data/message.ts'
import { peerUri, quoted } from '../data/peer-uri.ts'
import type { AnyCode } from '../data/reasons.ts'
import type { HostState } from '../snapshot/host.ts'
import { checkPromised } from '../snapshot/ledger.ts'
import type { StepContext } from '../step-context.ts'
import { mayArrive, mayLeave } from './admission.ts'
import {
  type MigrationHooks,
  type MigrationParts,
  migrationsIn,
  migrationsOut,
  startsWithHost,
} from './migration-parts.ts'

/** The gate of every URI that a peer names or the journal kept: what does not pass is never opened. */
const reachable = (
  context: StepContext,
  { description }: HostState,
  announced: string | null,
  peer: HostId,
  said: string,
  vm: VmId,
): PeerUri | null => {
  // Neither told, nor anything to compare it with yet.
  if (said === '' || description === null) return null
  const judged = peerUri(description.migrationUri, announced, said)
  if (typeof judged === 'string') return judged
  context.warn(
    'peer.uri_refused',
    `${peer} names ${quoted(said)} as its migration URI, which ${judged.why}: it is not opened`,
    vm,
  )
  return null
}

export const reachOf =
  (context: StepContext, host: HostState, hooks: MigrationHooks): MigrationParts['reach'] =>
  (peer, said, vm, isNew = false) => {
    const announced = hooks.announced(peer)
    return reachable(context, host, isNew ? (announced ?? '') : announced, peer, said, vm)
  }

const ownUri = ({ description }: HostState): string => description?.migrationUri ?? ''

/** Null = it is under way. */
export const beginMigration = (
  parts: MigrationParts,
  from: HostId,
  message: Begin,
  assigned: Assigned,
  migrate: Migrate,
): Refusal | null => {
  const { context, host, hooks, closed, outgoing } = parts
  const may = mayLeave(host, assigned, migrate, closed, context.self, context.now())
  if ('code' in may) return may
  const trouble = hooks.trouble()
  if (trouble !== null) return { code: trouble, text: 'this host begins nothing now' }
  const { vm, toEpoch, paused } = may
  if ([...outgoing.all.values()].some((one) => one.vm === vm.vm) || hooks.operates(vm.vm))
    return { code: 'vm.job_active', text: 'the VM is in motion already' }
  if (migrationsOut(parts) >= context.policy.migrationsOutMax)
    return { code: 'limit.out', text: 'as many migrations leave as may' }
  const autostart = startsWithHost(parts, vm.vm)
  outgoing.begin(from, message, migrate, toEpoch, vm, paused, autostart, ownUri(host))
  return null
}

export const admit = (parts: MigrationParts, from: HostId, message: Admit): void => {
  const { context, host, hooks, incoming } = parts
  const { partition, epoch, action } = message
  // Asked again: the answer was lost. The promise stands.
  if (incoming.all.get(action)?.from === from) {
    if (context.isOwed(action)) return
    const answer = { uri: ownUri(host), validMs: limits.admitValidMs }
    return context.send(from, { kind: 'admitted', partition, epoch, action, ...answer })
  }
  if (parts.early.keep(from, message)) return
  const code = notAdmitted(parts, from, message)
  if (code !== null) return context.send(from, { kind: 'not-admitted', partition, epoch, action, code })
  hooks.admitted()
  incoming.admit(from, message, ownUri(host))
  checkPromised(host, hooks.coming(), action)
}

/** Why it may not come, as a code, or null. */
const notAdmitted = (parts: MigrationParts, from: HostId, message: Admit): AnyCode | null => {
  const { context, host, hooks, closed, incoming, reach } = parts
  const { action, migrate, vm, sourceUri } = message
  // What another host may say by mistake: of an action that is open here, or of another VM or host than it names.
  if (incoming.all.has(action)) return 'vm.job_active'
  const isPlain =
    migrate.id === action && migrate.vm === vm.vm && migrate.to === context.self && migrate.from === from
  if (!isPlain) return 'plan.malformed'
  const trouble = hooks.trouble()
  if (trouble !== null) return trouble
  const entering = { now: migrationsIn(parts), max: context.policy.migrationsInMax }
  const refused = mayArrive(host, hooks.lease(), hooks.coming(), vm, message, closed, context.self, entering)
  if (refused !== null) return refused.code
  return sourceUri === '' || reach(from, sourceUri, vm.vm, true) !== null ? null : 'peer.uri_refused'
}
