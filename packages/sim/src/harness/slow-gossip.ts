/**
 * Holds back an agent's gossip to one summary per period, the latest: an agent alone on its host may tell every change at
 * once, but each telling costs the one process of a large cluster as much as there are agents.
 */
import type { Transport } from '@drover/agent/runtime'

export const slowGossip = (transport: Transport, everyMs: number): Transport => {
  let saidAt = Number.NEGATIVE_INFINITY
  let waiting: Uint8Array | null = null
  let timer: NodeJS.Timeout | undefined
  const say = (): void => {
    if (waiting === null) return
    saidAt = performance.now()
    transport.publish(waiting)
    waiting = null
  }
  const end = (): void => {
    clearTimeout(timer)
    waiting = null
  }
  return {
    self: transport.self,
    addresses: () => transport.addresses(),
    start: (handlers) => transport.start(handlers),
    send: (to, bytes) => transport.send(to, bytes),
    publish(bytes) {
      const pending = waiting !== null
      waiting = bytes
      const leftMs = saidAt + everyMs - performance.now()
      if (leftMs <= 0) say()
      else if (!pending) timer = setTimeout(say, leftMs)
    },
    introduce: (addresses) => transport.introduce(addresses),
    peers: () => transport.peers(),
    counters: () => transport.counters(),
    stop() {
      end()
      return transport.stop()
    },
    kill() {
      end()
      transport.kill()
    },
  }
}
