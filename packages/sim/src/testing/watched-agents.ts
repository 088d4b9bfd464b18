/** A checker that hears what a test says of agents: `h1`'s is `H1`, and so on; their world is a small one. */
import {
  type ActionId,
  actionIdOf,
  asHostId,
  type Effect,
  type HostId,
  type Input,
  type JournalRecord,
  type Message,
  type OpenMigration,
  type PartitionId,
  type PeerUri,
  type PeerView,
  type Restored,
  type VmId,
} from '@drover/protocol'
import { nothingRestored } from '../../../protocol/src/testing/peer-init.ts'
import { type AgentEvent, createAgentFeed } from '../invariants/agent-feed.ts'
import { type Checker, type CheckerInit, createChecker } from '../invariants/checker.ts'
import { type SmallWorld, smallWorld } from './small-world.ts'

export interface WatchedAgents extends SmallWorld {
  readonly checker: Checker
  /** What was found so far, without its times. */
  found(): readonly string[]
  born(host: string, restored?: Partial<Restored>, incarnation?: number): void
  ended(host: string): void
  damaged(host: string, damage: 'lost' | 'torn'): void
  /** So many records were on their way to the disk. */
  unwritten(host: string, records: number): void
  /** One step: it is told that, has this lease after it, and does these in their order. */
  step(host: string, input: Input, lease: PeerView['lease'], ...does: readonly Deed[]): void
  leased(partition: PartitionId, epoch: number): PeerView['lease']
}

/** A record is asked for, and written; a message is sent. */
export type Deed = Effect | { readonly kind: 'unwritten'; readonly record: JournalRecord }

export const agentOf = (host: string): HostId => asHostId(host.toUpperCase())
/** Of the first life of that host's agent. */
export const partitionIdOf = (host: string, counter: number): PartitionId =>
  `${agentOf(host)}.1.${counter}` as PartitionId
export const actionOf = (partition: PartitionId, index = 0): ActionId => actionIdOf(partition, index)

export const tick: Input = { kind: 'tick' }
/** Its hypervisor has told that no migration runs there. */
export const jobs: Input = { kind: 'jobs', askedAt: 0, outgoing: [], incoming: [] }

/** From h1 to h2. */
export const openMigration = (
  kind: OpenMigration['kind'],
  partition: PartitionId,
  vm: VmId,
  changes: Partial<OpenMigration> = {},
): OpenMigration => ({
  kind,
  action: actionOf(partition),
  partition,
  epoch: 1,
  peerEpoch: 1,
  vm,
  name: String(vm),
  peer: agentOf(kind === 'departure' ? 'h2' : 'h1'),
  peerUri: 'sim://h2',
  demand: { cpuMilli: 600, memoryMiB: 1_024 },
  paused: true,
  ...changes,
})

export const opened = (open: OpenMigration): Effect => ({ kind: 'persist', record: { kind: 'opened', open } })
export const epoch = (number: number): Effect => ({
  kind: 'persist',
  record: { kind: 'epoch', epoch: number },
})
export const migrates = (partition: PartitionId, vm: VmId): Effect => ({
  kind: 'perform',
  action: actionOf(partition),
  operation: {
    kind: 'migrate',
    vm,
    to: agentOf('h2'),
    uri: 'sim://h2' as PeerUri,
    paused: true,
    bandwidthMiBps: null,
    autoConverge: true,
    notAfter: Number.MAX_SAFE_INTEGER,
  },
})
export const says = (
  to: string,
  message: Omit<Message, 'incarnation'> & { readonly kind: string },
): Effect => ({
  kind: 'send',
  to: agentOf(to),
  message: { incarnation: 1, ...message } as Message,
})
export const hears = (from: string, message: object, incarnation = 1): Input => ({
  kind: 'received',
  from: agentOf(from),
  message: { incarnation, ...message } as Message,
})

/** `planned`: the plans behind all that is performed are told, too; else it is not missed. */
export const watchedAgents = (
  hosts: number,
  changes: Partial<CheckerInit> = {},
  planned = false,
): WatchedAgents => {
  const small = smallWorld(hosts)
  const feed = createAgentFeed()
  const checker = createChecker({
    world: small.world,
    usable: () => ({ cpuMilli: 8_000, memoryMiB: 32_768 }),
    everyMs: null,
    agents: feed,
    ...changes,
  })
  const emit = (event: AgentEvent): void => feed.emit(event)
  const carryOut = (host: HostId, deed: Deed): void => {
    switch (deed.kind) {
      case 'persist':
        emit({ host, kind: 'effect', effect: deed })
        return emit({ host, kind: 'written', record: deed.record })
      case 'unwritten':
        return emit({ host, kind: 'effect', effect: { kind: 'persist', record: deed.record } })
      case 'send':
        return emit({ host, kind: 'sent', to: deed.to, message: deed.message, bytes: 100 })
      case 'publish':
        return emit({ host, kind: 'published', summary: deed.summary, bytes: 100 })
      case 'perform':
      case 'abort':
      case 'inspect':
      case 'resume':
      case 'report':
        return emit({ host, kind: 'effect', effect: deed })
    }
  }
  return {
    ...small,
    checker,
    found: () =>
      checker
        .violations()
        .map(({ invariant, text }) => `${invariant} ${text}`)
        .filter((text) => planned || !text.endsWith('no plan that it has got says so')),
    born(host, restored = {}, incarnation = 1) {
      const all = { ...nothingRestored, ...restored }
      emit({ host: agentOf(host), kind: 'born', name: host, incarnation, restored: all, wallMs: 0 })
    },
    ended: (host) => emit({ host: agentOf(host), kind: 'ended' }),
    damaged: (host, damage) => emit({ host: agentOf(host), kind: 'journal', damage, records: 1 }),
    unwritten: (host, records) =>
      emit({ host: agentOf(host), kind: 'journal', damage: 'unwritten', records }),
    step(name, input, lease, ...does) {
      const host = agentOf(name)
      emit({ host, kind: 'input', input, asOf: small.clock.now() })
      emit({ host, kind: 'stepped', lease, at: small.clock.now(), waiting: 0 })
      for (const deed of does) carryOut(host, deed)
      emit({ host, kind: 'carried' })
    },
    leased: (partition, number) => ({
      partition,
      epoch: number,
      leader: asHostId(partition.slice(0, partition.indexOf('.'))),
      executing: false,
    }),
  }
}
