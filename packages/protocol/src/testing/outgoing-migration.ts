/** An outgoing migration on its own: its source's side of it, with what it asks for in words. */
import type { ActionResult } from '@drover/placement'
import { createClosedActions } from '../actions/closed-actions.ts'
import { policyOf } from '../data/config.ts'
import { actionIdOf, asHostId, type PeerUri, partitionIdOf } from '../data/ids.ts'
import type { OpenMigration, OutgoingJob } from '../data/io.ts'
import type { Admitted, Begin, TookOver } from '../data/message.ts'
import type { ReasonCode } from '../data/reasons.ts'
import { createDuties } from '../migration/duties.ts'
import { createOutgoing } from '../migration/outgoing.ts'
import { createStepContext } from '../step-context.ts'
import { vmSnapshot } from './vm-snapshot.ts'

export const [self, there] = [asHostId('self'), asHostId('there')]
export const partition = partitionIdOf(self, 1, 1)
export const action = actionIdOf(partition, 0)
export const vm = vmSnapshot('web')
export const begin: Begin = { kind: 'begin', incarnation: 1, partition, epoch: 3, action }
export const admitted: Admitted = {
  kind: 'admitted',
  incarnation: 1,
  partition,
  epoch: 9,
  action,
  uri: 'sim://there',
  validMs: 4_000,
}
export const tookOver: TookOver = {
  kind: 'took-over',
  incarnation: 1,
  partition,
  epoch: 9,
  action,
  vm: vm.vm,
}

/** As the journal keeps it. */
export const departure: OpenMigration = {
  kind: 'departure',
  action,
  partition,
  epoch: 3,
  peerEpoch: 9,
  vm: vm.vm,
  name: 'web',
  peer: there,
  peerUri: 'sim://there',
  demand: vm.demand,
  paused: true,
}

/** `begins`: its leader has asked for it. */
export const outgoingMigration = (begins = true) => {
  const context = createStepContext(self, 1, 1, policyOf('balanced'))
  const log: string[] = []
  const said: { hindrance: ReasonCode | null } = { hindrance: null }
  const outgoing = createOutgoing(context, createClosedActions([]), createDuties(context), {
    hindrance: () => said.hindrance,
    started: () => void log.push('started'),
    asked: () => {},
    gone: () => void log.push('gone'),
    reach: (_peer, uri) => uri as PeerUri,
    ended: (_, result: ActionResult) =>
      void log.push(`ended ${result.kind === 'done' ? 'done' : `${result.kind} ${result.code}`}`),
  })
  const migrate = { kind: 'migrate', id: action, vm: vm.vm, from: self, to: there, after: [] } as const
  if (begins) outgoing.begin(self, begin, migrate, 9, vm, true, false, 'sim://self')
  /** Effects since the last look, in words, and what the hooks heard. */
  const happened = (): readonly string[] => {
    const effects = context.takeEffects().map((effect) => {
      if (effect.kind === 'send') return `send ${effect.message.kind}`
      if (effect.kind === 'persist') return `persist ${effect.record.kind}`
      if (effect.kind === 'inspect' || effect.kind === 'resume')
        return `${effect.kind} ${effect.at ?? 'here'}`
      return effect.kind
    })
    return [...effects, ...log.splice(0)]
  }
  const later = (ms: number) => {
    context.setTime(context.now() + ms)
    outgoing.tick()
  }
  /** The number of the round under way. */
  const round = () => outgoing.all.get(action)?.rounds.number ?? 0
  /** As a look shows that has just been asked for. */
  const told = (jobs: readonly OutgoingJob[]) => outgoing.told(jobs, context.now())
  return { outgoing, happened, later, round, told, said, effects: context.takeEffects }
}

/** In doubt from the first look on. */
export const migrationInDoubt = () => {
  const story = outgoingMigration()
  story.outgoing.admitted(there, admitted)
  story.outgoing.finished(action, { kind: 'unknown', code: 'hypervisor.unreachable' })
  story.happened()
  return story
}
