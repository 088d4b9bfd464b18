/** One channel per peer that was ever spoken to, bounded in number: idle ones go first. */
import type { HostId } from '@drover/protocol'
import type { Connection } from '@libp2p/interface'
import { bounds } from './bounds.ts'
import { type Channel, createChannel } from './channel.ts'
import type { Tally } from './traffic-counters.ts'

export interface Channels {
  send(to: HostId, bytes: Uint8Array): void
  /** This peer takes part now: what waits for it can go. */
  wake(id: HostId): void
  /** The last connection to this peer has gone. */
  drop(id: HostId): void
  /** For good. */
  close(): void
}

export interface ChannelsInit {
  readonly tally: Tally
  connection(id: HostId): Connection | null
  /** Asks for a connection. False = none can be hoped for. */
  dial(id: HostId): boolean
}

export const createChannels = ({ tally, connection, dial }: ChannelsInit): Channels => {
  const channels = new Map<HostId, Channel>()

  const makeRoom = (): void => {
    for (const [id, one] of channels) {
      if (channels.size < bounds.knownPeersMax) return
      if (one.isIdle) channels.delete(id)
    }
  }

  const channelTo = (id: HostId): Channel => {
    const known = channels.get(id)
    if (known !== undefined) return known
    makeRoom()
    const fresh = createChannel(
      () => connection(id),
      () => dial(id),
      tally,
    )
    channels.set(id, fresh)
    return fresh
  }

  return {
    send: (to, bytes) => channelTo(to).send(bytes),
    wake: (id) => channels.get(id)?.wake(),
    drop: (id) => channels.get(id)?.drop(),
    close() {
      for (const one of channels.values()) one.close()
    },
  }
}
