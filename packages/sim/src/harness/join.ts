/** How the agents of a harness come up: a few at a time, each told of its neighbours, until all know each other. */
import { type HarnessState, viewsOf } from './harness-state.ts'
import type { Member } from './member.ts'
import { calm, waitUntil } from './wait.ts'

export interface JoinProgress {
  readonly started: number
  readonly known: number
  readonly hosts: number
}

/** How often the views of all agents are looked at while they join: each look costs as many views as there are agents. */
const joinPollMs = 250

/** An agent that knows so many others can act; in a larger cluster the rest follows with the gossip. */
const acquaintances = 24

/** Addresses that a starting agent is told. */
const bootstrapMax = 4

/** Agents started at a time. */
const startsMax = 2

/** So many agents make one process so busy that it has to rest between two starts. */
export const crowd = 16

/**
 * Addresses of the nearest others in the ring as it is now, as an operator would configure those of the same rack:
 * the neighbours that it will probe at once. One that must be dialled first answers late, and is doubted for it.
 */
export const bootstrapOf = ({ members }: HarnessState, self: Member): readonly string[] => {
  const ring = members.filter((m) => m === self || (m.agent !== null && m.addresses.length > 0))
  const at = ring.indexOf(self)
  const away = (index: number): number => Math.min(Math.abs(index - at), ring.length - Math.abs(index - at))
  return ring
    .map((m, index) => ({ addresses: m.addresses, away: away(index) }))
    .filter((m) => m.away > 0)
    .sort((a, b) => a.away - b.away)
    .slice(0, bootstrapMax)
    .flatMap((m) => m.addresses)
}

/** How many agents are able to act and know all others, or enough of them. */
const ready = (harness: HarnessState): number => {
  const all = viewsOf(harness)
  const want = Math.min(all.length, acquaintances)
  return all.filter(
    (v) => v.able && v.members.filter((m) => m.state === 'alive' || m.state === 'self').length >= want,
  ).length
}

/** Starts all agents. Throws when one cannot start, or WaitError when they do not know each other in time. */
export const joinAll = async (
  harness: HarnessState,
  joinMs: number,
  onProgress: (progress: JoinProgress) => void,
): Promise<void> => {
  const { members } = harness
  const hosts = members.length
  const joinBy = performance.now() + joinMs
  const leftMs = (): number => Math.max(0, joinBy - performance.now())
  for (let i = 0; i < hosts; i += i === 0 ? 1 : startsMax) {
    const wave = members.slice(i, i === 0 ? 1 : i + startsMax)
    onProgress({ started: i, known: 0, hosts })
    await Promise.all(wave.map((m) => m.start(bootstrapOf(harness, m))))
    // All at once would dial so much that every dial runs out of time, and doubt each other for being slow.
    const wanted = Math.min(i, bootstrapMax)
    await waitUntil(
      () => wave.every((m) => (m.agent?.status().peersConnected ?? 0) >= wanted),
      leftMs(),
      `${wave.map((m) => m.name).join(', ')} to be connected`,
    )
    if (i >= crowd) await calm(600, 2_000)
  }
  await waitUntil(
    () => {
      const known = ready(harness)
      onProgress({ started: hosts, known, hosts })
      return known === hosts
    },
    leftMs(),
    'all agents to know each other and be able',
    () => `${ready(harness)} of ${hosts} do`,
    joinPollMs,
  )
}
