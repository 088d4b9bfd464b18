/**
 * Processes that stand still, as their network sees them: their kernels keep the connections, but probes have no answer. After a
 * while those they were connected to cut them off. What is sent then waits as long as a message may, or is lost, until the process goes
 * on and has dialled.
 */
import type { Clock, TransportHandlers } from '@drover/agent/runtime'
import type { HostId } from '@drover/protocol'

export interface Stillness {
  /** It stands still from now on, or goes on. */
  set(self: HostId, still: boolean): void
  /** Its connections are gone with it. */
  forget(self: HostId): void
  /** Is one of them cut off? */
  parts(a: HostId, b: HostId): boolean
}

export interface StillnessInit {
  readonly clock: Clock
  readonly silenceMs: number
  /** Its lost connections are there again. */
  readonly onBack: (self: HostId) => void
  /** Of all that are connected. */
  readonly handlers: ReadonlyMap<HostId, Pick<TransportHandlers, 'disconnected'>>
}

/** A process that goes on has its lost connections again after this time, ms: the first pause of the dialler, and a greeting. */
const reconnectMs = 250

export const createStillness = ({ clock, silenceMs, onBack, handlers }: StillnessInit): Stillness => {
  /** Each with what ends the wait for it. */
  const still = new Map<HostId, () => void>()
  const cutOff = new Set<HostId>()

  const goOn = (self: HostId): void => {
    still.get(self)?.()
    still.delete(self)
    if (!cutOff.has(self)) return
    const mine = handlers.get(self)
    for (const other of handlers.keys()) if (other !== self) mine?.disconnected(other)
    clock.after(reconnectMs, () => {
      if (!still.has(self) && cutOff.delete(self)) onBack(self)
    })
  }

  return {
    set(self, stands) {
      if (!stands) return goOn(self)
      const breakOff = (): void => {
        cutOff.add(self)
        for (const [other, its] of handlers) if (other !== self) its.disconnected(self)
      }
      still.set(self, clock.after(silenceMs, breakOff))
    },
    forget(self) {
      still.get(self)?.()
      still.delete(self)
      cutOff.delete(self)
    },
    parts: (a, b) => cutOff.size > 0 && (cutOff.has(a) || cutOff.has(b)),
  }
}
