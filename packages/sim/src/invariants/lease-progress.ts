/** L1: what the actions of a leased host come to, and what holds it that no agent can end. */
import type { HostId, PeerView } from '@drover/protocol'
import type { LivenessInit } from './liveness.ts'

interface Seen {
  readonly host: number
  readonly name: string
  readonly view: PeerView | null
}

/** What the partition's actions have come to: it changes as long as one of them makes progress. */
export const progressOf = (
  { world, ids }: Pick<LivenessInit, 'world' | 'ids'>,
  hosts: readonly Seen[],
  members: ReadonlySet<HostId>,
): string => {
  const inside = hosts.filter(({ host }) => members.has(ids[host]!))
  const names = new Set(inside.map(({ name }) => name))
  const phases = inside.flatMap(
    ({ view }) => view?.migrations.map(({ action, phase }) => `${action} ${phase}`) ?? [],
  )
  const sent = world
    .migrations()
    .filter(({ from, to }) => names.has(from) && names.has(to))
    .map(({ vm, transferredMiB }) => `${vm} ${Math.floor(transferredMiB)}`)
  return [...phases, ...sent].join(',')
}

/** A migration of an owner's own touches the host: it is held as long as that takes, whatever its agent is told (S5). */
export const isHeldByOwner = ({ world }: Pick<LivenessInit, 'world'>, name: string): boolean =>
  world.migrations().some(({ byHand, from, to }) => byHand && (from === name || to === name))
