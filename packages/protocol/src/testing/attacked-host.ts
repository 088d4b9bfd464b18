/** One host with one VM, and a peer with the cluster key that says to it what it likes. */
import { type ActionId, actionIdOf, type Plan, type Problem } from '@drover/placement'
import { asHostId, asVmId, type HostId, type PartitionId, partitionIdOf } from '../data/ids.ts'
import type { Effect, Input, ObservedVm, PeerInit } from '../data/io.ts'
import type { Message } from '../data/message.ts'
import type { HostSnapshot } from '../data/snapshot.ts'
import { usableOf } from '../data/usable.ts'
import { exampleDecision } from '../outcome/example.ts'
import { createPeer, type Peer } from '../peer.ts'
import { ordinaryHost, ordinaryVm } from './observed-vm.ts'
import { peerInit } from './peer-init.ts'

export const self = asHostId('self')
export const attacker = asHostId('attacker')
export const vm = asVmId('a')

/** `Omit` for each kind of a union. */
type Without<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never
/** What a message says, beside the life of the host that says it. */
export type Said = Without<Message, 'incarnation'>

export interface AttackedHost {
  readonly peer: Peer
  step(input: Input): readonly Effect[]
  /** What comes of it, 10 ms later. */
  say(message: Said, from?: HostId): readonly Effect[]
  /** So many ms later. */
  after(ms: number, input?: Input): readonly Effect[]
}

/** `described` and looked at, in mode auto: it grants a lease. */
export const attackedHost = (
  changes: Partial<PeerInit> = {},
  vms: readonly ObservedVm[] = [{ ...ordinaryVm, vm, name: 'a' }],
): AttackedHost => {
  const peer = createPeer(peerInit(self, { incarnation: 2, ...changes }))
  let now = 0
  const step = (input: Input): readonly Effect[] => peer.step(now, input)
  const after = (ms: number, input: Input = { kind: 'tick' }): readonly Effect[] => {
    now += ms
    return step(input)
  }
  for (let i = 0; i < 2; i++)
    step({
      kind: 'described',
      description: {
        ...ordinaryHost,
        capacity: { cpuMilli: 8_000, memoryMiB: 8_000 },
        migrationUri: 'qemu+tls://self/system',
      },
    })
  after(1, { kind: 'hypervisor', connected: true })
  for (const at of [2, 1_002, 2_002]) {
    now = at
    step({ kind: 'observed', askedAt: at, vms })
  }
  after(1, { kind: 'jobs', askedAt: now, outgoing: [], incoming: [] })
  return {
    peer,
    step,
    after,
    say: (message, from = attacker) =>
      after(10, { kind: 'received', from, message: { incarnation: 1, ...message } as Message }),
  }
}

export const sends = (effects: readonly Effect[]): readonly Message[] =>
  effects.flatMap((effect) => (effect.kind === 'send' ? [effect.message] : []))

/** What it answers to a leader that asks for its lease. */
export const leased = (host: AttackedHost, partition: PartitionId, from = attacker): Message | undefined =>
  sends(
    host.say(
      {
        kind: 'reserve',
        partition,
        epoch: 0,
        rank: { severity: 1_000, ageMs: 1, partition },
        reason: 'overload.cpu',
        intent: 'lease',
      },
      from,
    ),
  ).find(({ kind }) => kind === 'granted' || kind === 'declined')

export interface Planned {
  readonly partition: PartitionId
  readonly epoch: number
  readonly action: ActionId
}

/** The attacker leads a plan by which the VM is to come to it, and the host has read that plan. */
export const planned = (host: AttackedHost): Planned => {
  const partition = partitionIdOf(attacker, 1, 1)
  const granted = leased(host, partition)
  if (granted?.kind !== 'granted') throw new Error('it grants no lease')
  const { epoch, snapshot } = granted
  const action = actionIdOf(partition, 0)
  const problem = problemOf(snapshot)
  const plan: Plan = {
    actions: [
      { kind: 'migrate', id: action, vm, from: self, to: attacker, after: [] },
      {
        kind: 'migrate',
        id: actionIdOf(partition, 1),
        vm: leaving,
        from: drained,
        to: attacker,
        after: [action],
      },
    ],
    makespanMs: 1,
  }
  const decision = { ...exampleDecision, id: partition, leader: attacker }
  host.say({ kind: 'assign', partition, epoch, problem, plan, epochs: {}, decision })
  return { partition, epoch, action }
}

/** What its plan cures: a third host is emptied. */
const drained = asHostId('drained')
const leaving = asVmId('leaving')

const problemOf = (snapshot: HostSnapshot): Problem => {
  const usable = usableOf(snapshot)
  const host = {
    state: 'online' as const,
    limit: [usable.cpuMilli, usable.memoryMiB],
    cpuBaseline: snapshot.cpuBaseline,
    failureDomain: null,
  }
  return {
    dimensions: ['cpuMilli', 'memoryMiB'],
    hosts: [
      { id: self, ...host },
      { id: attacker, ...host },
      { id: drained, ...host, state: 'draining' },
    ],
    vms: [
      ...snapshot.vms.map((one) => ({ ...one, id: one.vm, host: self })),
      { id: leaving, host: drained, demand: { cpuMilli: 1, memoryMiB: 1 }, dirtyMiBps: 0 },
    ].map(({ id, host: at, demand, dirtyMiBps }) => ({
      id,
      host: at,
      state: 'running',
      wanted: 'running',
      demand: [demand.cpuMilli, demand.memoryMiB],
      memoryMiB: demand.memoryMiB,
      dirtyMiBps,
      movable: true,
    })),
    rules: [],
    bandwidthMiBps: 125,
    migrationsOutMax: 1,
    migrationsInMax: 1,
  }
}
