/**
 * Which peers may connect, and which of two connections between the same two peers stays. Both ends decide by the same rule:
 * when two peers dial each other at once, the dial of the smaller id wins.
 */
import { asHostId, type HostId } from '@drover/protocol'
import type { Connection, ConnectionGater, PeerId } from '@libp2p/interface'
import { bounds } from './bounds.ts'

export interface ConnectionGateInit {
  readonly self: HostId
  readonly allow: ReadonlySet<HostId> | null
  /** Open connections to a peer. */
  connections(id: HostId): readonly Connection[]
  /** The exchange of addresses with this peer has succeeded: it admits us, too. */
  isAdmitted(id: HostId): boolean
  refused(id: HostId, why: string): void
  /** A peer dials us although it counts as connected here: one of the two ends is mistaken. */
  doubt(): void
}

export interface ConnectionGate {
  allows(id: HostId): boolean
  /** Counts garbage; true = enough, its connection must go. */
  strike(id: HostId): boolean
  isBanned(id: HostId): boolean
  /** A connection of this peer has come up. */
  entered(id: HostId): void
  readonly dialling: Set<HostId>
  readonly gater: ConnectionGater
}

export const createConnectionGate = (init: ConnectionGateInit): ConnectionGate => {
  const { self, allow } = init
  const dialling = new Set<HostId>()
  const strikes = new Map<HostId, number[]>()
  const bannedUntil = new Map<HostId, number>()
  /** Peers that were let in and have no open connection yet, each with the end of its time, ms. */
  const entering = new Map<HostId, number>()

  const allows = (id: HostId): boolean => allow === null || allow.has(id)

  const isBanned = (id: HostId): boolean => {
    const until = bannedUntil.get(id)
    if (until === undefined) return false
    if (performance.now() < until) return true
    bannedUntil.delete(id)
    return false
  }

  const isEntering = (id: HostId): boolean => {
    const until = entering.get(id)
    if (until === undefined) return false
    if (performance.now() < until) return true
    entering.delete(id)
    return false
  }

  const drop = (id: HostId): void => {
    for (const connection of init.connections(id)) connection.abort(new Error('the other dial won'))
  }

  const denyInbound = (peer: PeerId): boolean => {
    const id = asHostId(peer.toString())
    if (!allows(id)) {
      init.refused(id, 'is not on the allow-list')
      return true
    }
    if (isBanned(id)) return true
    if (init.connections(id).length > 0) {
      if (init.isAdmitted(id) || id > self) {
        init.doubt()
        return true
      }
      drop(id)
    } else if (dialling.has(id) && id > self) return true
    if (entering.size < bounds.knownPeersMax) entering.set(id, performance.now() + bounds.enterMs)
    return false
  }

  const denyOutbound = (peer: PeerId): boolean => {
    const id = asHostId(peer.toString())
    if (!allows(id)) {
      init.refused(id, 'is not on the allow-list, but was dialled')
      return true
    }
    if (isBanned(id)) return true
    if (init.connections(id).length > 0) {
      if (init.isAdmitted(id) || self > id) return true
      drop(id)
      return false
    }
    return isEntering(id) && self > id
  }

  return {
    allows,
    isBanned,
    entered: (id) => void entering.delete(id),
    strike: (id) => {
      const now = performance.now()
      const recent = (strikes.get(id) ?? []).filter((at) => now - at < bounds.garbageWindowMs)
      recent.push(now)
      if (recent.length < bounds.garbageMax) {
        strikes.set(id, recent)
        return false
      }
      strikes.delete(id)
      bannedUntil.set(id, now + bounds.banMs)
      return true
    },
    dialling,
    gater: {
      denyDialPeer: (peer) => !allows(asHostId(peer.toString())) || isBanned(asHostId(peer.toString())),
      denyDialMultiaddr: () => false,
      denyInboundEncryptedConnection: denyInbound,
      denyOutboundEncryptedConnection: denyOutbound,
    },
  }
}
