/** What agents have said to peers that they have lost: it waits for the connection, in the product's own outboxes. */
import { type Clock, createOutbox, type Outbox } from '@drover/agent/runtime'
import type { HostId } from '@drover/protocol'

export interface OutboxesInit {
  readonly clock: Clock
  /** It can go now. */
  readonly carry: (from: HostId, to: HostId, bytes: Uint8Array) => void
  /** So much waits, the message that was just handed over included. */
  readonly onWait: (from: HostId, to: HostId, waits: Pick<Outbox, 'messages' | 'bytes'>) => void
}

export interface Outboxes {
  /** A life of that agent begins. */
  open(self: HostId): void
  /** It ends, and what it has said with it. */
  close(self: HostId): void
  put(from: HostId, to: HostId, bytes: Uint8Array): void
  /** What waits there, either way, goes to those that it is connected to again. */
  flush(self: HostId, connected: (other: HostId) => boolean): void
}

export const createOutboxes = ({ clock, carry, onWait }: OutboxesInit): Outboxes => {
  /** By sender, and by the peer that it has lost. */
  const all = new Map<HostId, Map<HostId, Outbox>>()

  const send = (from: HostId, to: HostId): void => {
    const waiting = all.get(from)?.get(to)
    waiting?.expire(clock.now())
    while (waiting?.isEmpty === false) for (const bytes of waiting.take()) carry(from, to, bytes)
  }

  return {
    open: (self) => void all.set(self, new Map()),
    close: (self) => void all.delete(self),
    put(from, to, bytes) {
      const mine = all.get(from)
      const waiting = mine?.get(to) ?? createOutbox()
      mine?.set(to, waiting)
      waiting.expire(clock.now())
      waiting.put(bytes, clock.now())
      onWait(from, to, waiting)
    },
    flush(self, connected) {
      for (const other of all.keys()) {
        if (!connected(other)) continue
        send(self, other)
        send(other, self)
      }
    },
  }
}
