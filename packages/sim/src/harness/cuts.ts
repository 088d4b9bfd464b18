/**
 * The network between agents, with scissors: wraps their transports, so that real libp2p runs underneath and nobody
 * notices a cut but by the silence. What a third party would pass on, gossip, crosses a cut where a way round it exists.
 */
import type { Transport, TransportHandlers } from '@drover/agent'
import type { HostId } from '@drover/protocol'
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

export const createCuts = (random: Random, alive: () => readonly HostId[]): Cuts => {
  const lost = new Set<string>()
  let lossPermille = 0
  const hears = (from: HostId, to: HostId): boolean => !lost.has(`${from}>${to}`)

  /** Over any living agents: how gossip travels. */
  const way = (from: HostId, to: HostId): boolean => {
    if (lost.size === 0 || hears(from, to)) return true
    const seen = new Set([from])
    const frontier = [from]
    for (let at = frontier.pop(); at !== undefined; at = frontier.pop())
      for (const next of alive()) {
        if (seen.has(next) || !hears(at, next)) continue
        if (next === to) return true
        seen.add(next)
        frontier.push(next)
      }
    return false
  }

  return {
    cut(a, b, { oneWay = false } = {}) {
      lost.add(`${a}>${b}`)
      if (!oneWay) lost.add(`${b}>${a}`)
    },
    heal(a, b) {
      if (a === undefined || b === undefined) lost.clear()
      else {
        lost.delete(`${a}>${b}`)
        lost.delete(`${b}>${a}`)
      }
    },
    lose(permille) {
      lossPermille = permille
    },
    wrap(transport) {
      const { self } = transport
      const cutting = (handlers: TransportHandlers): TransportHandlers => ({
        ...handlers,
        received: (from, bytes) => !hears(from, self) || handlers.received(from, bytes),
        heard: (from, bytes) => !way(from, self) || handlers.heard(from, bytes),
      })
      return {
        self,
        addresses: () => transport.addresses(),
        start: (handlers) => transport.start(cutting(handlers)),
        send(to, bytes) {
          if (!hears(self, to)) return
          if (lossPermille > 0 && random.integer(0, 999) < lossPermille) return
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
