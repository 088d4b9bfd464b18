/**
 * The network model around real sockets: wraps the agents' transports, so that real libp2p runs underneath and a cut
 * shows by silence alone. Only what a model can take away is taken: real sockets have their own delays.
 */
import type { Transport, TransportHandlers } from '@drover/agent/runtime'
import type { HostId } from '@drover/protocol'
import { createNetwork } from '../network/model.ts'
import type { Random } from '../random.ts'

export interface Cuts {
  /** `oneWay`: only what `a` says to `b` is lost. */
  cut(a: HostId, b: HostId, options?: { readonly oneWay?: boolean }): void
  /** All cuts, or those between these two. */
  heal(a?: HostId, b?: HostId): void
  /** Share of the messages (not of the gossip) that is lost, permille, from now on. */
  lose(permille: number): void
  /** The transport of one agent, cut wherever this says. */
  wrap(transport: Transport): Transport
}

export const createCuts = (random: (concern: string) => Random, alive: () => readonly HostId[]): Cuts => {
  const network = createNetwork({ random })
  const ends = new Map<HostId, number>()
  const endOf = (id: HostId): number => {
    const known = ends.get(id)
    if (known !== undefined) return known
    ends.set(id, ends.size)
    return ends.size - 1
  }

  return {
    cut: (a, b, options) => network.cut(endOf(a), endOf(b), options),
    heal(a, b) {
      if (a === undefined || b === undefined) network.heal()
      else network.heal(endOf(a), endOf(b))
    },
    lose(permille) {
      network.weather.drop = permille / 1_000
    },
    wrap(transport) {
      const { self } = transport
      const end = endOf(self)
      const cutting = (handlers: TransportHandlers): TransportHandlers => ({
        ...handlers,
        received: (from, bytes) => !network.passes(endOf(from), end) || handlers.received(from, bytes),
        // Gossip crosses a cut where a living agent passes it on.
        heard: (from, bytes) =>
          !network.reaches(endOf(from), end, () => alive().map(endOf)) || handlers.heard(from, bytes),
      })
      return {
        self,
        addresses: () => transport.addresses(),
        start: (handlers) => transport.start(cutting(handlers)),
        send(to, bytes) {
          const there = endOf(to)
          if (network.passes(end, there) && network.arrivals(0, end, there).length > 0)
            transport.send(to, bytes)
        },
        publish: (bytes) => transport.publish(bytes),
        introduce: (addresses) => transport.introduce(addresses),
        peers: () => transport.peers(),
        counters: () => transport.counters(),
        stop: () => transport.stop(),
        kill: () => transport.kill(),
      }
    },
  }
}
