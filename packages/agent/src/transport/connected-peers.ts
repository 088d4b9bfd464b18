/** Open connections, and which of their peers take part: those that have exchanged addresses with us, so both sides agree. */
import { asHostId, type HostId } from '@drover/protocol'
import type { Connection } from '@libp2p/interface'

export interface ConnectedPeers {
  /** Takes part. */
  has(id: HostId): boolean
  ids(): readonly HostId[]
  /** Open connections to this peer, whether it takes part or not. */
  connections(id: HostId): readonly Connection[]
  /** The connection over which to talk to a peer that takes part; else null. */
  connection(id: HostId): Connection | null
  /** False = it took part already, or its connection is gone. */
  add(id: HostId): boolean
  /** False = it did not take part. */
  remove(id: HostId): boolean
  clear(): void
}

/** The peer at the other end, as noise has authenticated it. */
export const peerIdOf = (connection: Connection): HostId => asHostId(connection.remotePeer.toString())

export const createConnectedPeers = (allConnections: () => readonly Connection[]): ConnectedPeers => {
  const connected = new Set<HostId>()
  const connections = (id: HostId): readonly Connection[] =>
    allConnections().filter((one) => one.status === 'open' && peerIdOf(one) === id)
  return {
    has: (id) => connected.has(id),
    ids: () => [...connected],
    connections,
    connection: (id) => (connected.has(id) ? (connections(id)[0] ?? null) : null),
    add(id) {
      if (connected.has(id) || connections(id).length === 0) return false
      connected.add(id)
      return true
    },
    remove: (id) => connected.delete(id),
    clear: () => connected.clear(),
  }
}
