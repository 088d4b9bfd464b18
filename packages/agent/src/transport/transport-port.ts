/** How agents reach each other: over libp2p, or over a simulated network. */
import type { HostId } from '@drover/protocol'

export interface TransportHandlers {
  /** One message from an authenticated, admitted peer. False = garbage: it is counted and the stream closed. */
  received(from: HostId, bytes: Uint8Array): boolean
  /** One gossiped summary; false = garbage. `from` is the authenticated author. */
  heard(from: HostId, bytes: Uint8Array): boolean
  connected(host: HostId): void
  disconnected(host: HostId): void
  /** A peer without the cluster key, or not on the allow-list, was refused. `who` is a peer id or an address. */
  stranger(who: string, why: string): void
  /** From this address a connection came that has proven nothing in time: a stranger, or a host that is slow. */
  silent(who: string): void
}

export interface TransportCounters {
  readonly messagesIn: number
  readonly messagesOut: number
  readonly bytesIn: number
  readonly bytesOut: number
  readonly garbage: number
  readonly strangers: number
  /** Messages that could not be delivered (no connection, queue full). The core tolerates loss. */
  readonly undelivered: number
}

export interface Transport {
  readonly self: HostId
  /** Full multiaddrs with `/p2p/…`, once started. */
  addresses(): readonly string[]
  /** A transport without sockets has started when this returns, and returns nothing. */
  start(handlers: TransportHandlers): Promise<void> | void
  /** In order per destination, at most once, never throws; opens the one long-lived stream when there is none. */
  send(to: HostId, bytes: Uint8Array): void
  /** To every agent of this arc (a single one for now). */
  publish(bytes: Uint8Array): void
  /** Dial these too (multiaddrs). */
  introduce(addresses: readonly string[]): void
  peers(): readonly HostId[]
  /** Since the start. */
  counters(): TransportCounters
  /** Says goodbye and closes. */
  stop(): Promise<void>
  /** As a crash: sockets destroyed at once, nothing said. For the harness. */
  kill(): void
}
