/**
 * The helper's side of an indirect probe: which answer goes to which host. A host asks us to ping a target; when the
 * target's ack for *that* ping arrives, the asker gets it. Our own verdicts and score are not touched by it.
 */
import { limits } from '../data/config.ts'
import type { HostId } from '../data/ids.ts'

interface Relay {
  readonly requester: HostId
  /** The number under which the requester waits. */
  readonly sequence: number
  readonly target: HostId
}

export const createRelays = () => {
  /** By the sequence of our own ping; oldest first. */
  const relays = new Map<number, Relay>()
  return {
    open(ownSequence: number, relay: Relay): void {
      const oldest = relays.keys().next()
      if (relays.size >= limits.relaysMax && !oldest.done) relays.delete(oldest.value)
      relays.set(ownSequence, relay)
    },
    /** The relay that `from`'s ack answers, once; null when it answers none. */
    close(ownSequence: number, from: HostId): Relay | null {
      const relay = relays.get(ownSequence)
      if (relay?.target !== from) return null
      relays.delete(ownSequence)
      return relay
    },
  }
}
