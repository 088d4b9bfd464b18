/** Every overload of the story, by the world's own truth: when it began, whether it could be cured, how it ended. */

import { scale } from '@drover/protocol'
import { certificates } from '../curable.ts'
import type { Cluster } from '../harness/cluster.ts'

export interface Episode {
  readonly host: string
  readonly beganAt: number
  /** A certificate was found while the host's agent lived: it could be cured. */
  curable: boolean
  /** Null while it lasts. `lost`: the host died with it. */
  ended: { readonly at: number; readonly how: 'cured' | 'lost' } | null
}

export interface Episodes {
  /** Looks at the world now. */
  look(): void
  readonly all: readonly Episode[]
  open(): readonly Episode[]
  /** Those which still could be cured, as things are now. */
  stillCurable(): readonly Episode[]
  stop(): void
}

export interface EpisodesInit {
  readonly cluster: Cluster
  /** Takes part in cures: its agent lives and is not cut off. */
  readonly able: (host: string) => boolean
  readonly onBegin: (episode: Episode, demandMilli: number) => void
  readonly onEnd: (episode: Episode) => void
}

export const followEpisodes = ({ cluster, able, onBegin, onEnd }: EpisodesInit): Episodes => {
  const { world, policy } = cluster
  const all: Episode[] = []
  const open = (): Episode[] => all.filter((one) => one.ended === null)
  const certified = (): Set<string> =>
    new Set(
      certificates(cluster.overloadedHosts(), {
        world,
        able,
        limit: (host) => scale(cluster.usable(host), policy.clearPermille),
      }).map((one) => one.host),
    )

  const look = (): void => {
    const at = world.clock.now()
    const now = new Set(cluster.overloadedHosts())
    for (const episode of open()) {
      if (now.has(episode.host)) continue
      episode.ended = { at, how: world.host(episode.host).alive ? 'cured' : 'lost' }
      onEnd(episode)
    }
    const known = new Set(open().map((one) => one.host))
    for (const host of now) {
      if (known.has(host)) continue
      const episode: Episode = { host, beganAt: at, curable: false, ended: null }
      all.push(episode)
      onBegin(episode, world.host(host).demand.cpuMilli)
    }
    const unproven = open().filter((one) => !one.curable)
    if (unproven.length === 0) return
    const proofs = certified()
    for (const episode of unproven) if (proofs.has(episode.host)) episode.curable = true
  }
  const unlisten = world.events((event) => {
    if (event.kind === 'demand' || event.kind === 'migration-ended' || event.kind === 'host') look()
  })
  return {
    look,
    all,
    open,
    stillCurable() {
      const proofs = certified()
      return open().filter((one) => proofs.has(one.host))
    },
    stop: unlisten,
  }
}
