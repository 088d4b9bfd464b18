/**
 * The agents' transport in virtual time, over the model of the network: messages in order per destination, gossip to
 * all by whatever way there is, and a word when a connection is lost, as libp2p would say it.
 */
import { type Clock, createTally, type Transport, type TransportHandlers } from '@drover/agent/runtime'
import type { HostId, LoadSummary } from '@drover/protocol'
import type { Network } from './model.ts'
import { createOutboxes, type OutboxesInit } from './outboxes.ts'
import { createSummaryReader } from './shared-summaries.ts'
import { createStillness, type Stillness } from './stillness.ts'

export interface VirtualNetworkInit {
  readonly clock: Clock
  readonly model: Network
  /** Every end, in the order of the model's numbers. */
  readonly ids: readonly HostId[]
  /** So long a dead host or a cut goes unnoticed by those it was connected to, ms. Default 3,000, as libp2p's probes. */
  readonly silenceMs?: number
  /** Hears of every message and summary that an agent hands over, before the network decides what becomes of it. */
  readonly onSend?: (from: HostId, to: HostId | null, bytes: Uint8Array) => void
  /** What is said to a peer whose connection is lost waits in the outbox of `from`. */
  readonly onWait?: OutboxesInit['onWait']
  /** An agent could not read what another had sent: in a world without garbage that is a fault of the codec. */
  readonly onGarbage?: (from: HostId, to: HostId, bytes: Uint8Array) => void
}

export interface VirtualNetwork {
  /** The transport of one life of an agent. */
  transport(self: HostId): Transport
  /** How its agents read a summary: all that hear it share the object, which is frozen. */
  summaryOf(bytes: Uint8Array): LoadSummary | null
  /** Power failure: its connections are not closed, they fall silent. Say it before the agent is killed. */
  fallSilent(self: HostId): void
  /** Its process stands still, or goes on: what waits long for it loses its connection. */
  still(self: HostId, still: boolean): void
  /** Both are told that their connection is lost, later. `oneWay`: only what `a` says to `b` is lost. */
  cut(a: HostId, b: HostId, options?: { readonly oneWay?: boolean }): void
  /** What `from` says to `to` is held back so long. */
  clog(from: HostId, to: HostId, ms: number): void
  /** All cuts and clogs, or those between these two. */
  heal(a?: HostId, b?: HostId): void
}

/** Nothing is counted here. */
const tally = createTally()

interface Held {
  readonly from: HostId
  readonly to: HostId
  readonly cancel: () => void
  readonly deliver: () => void
}

/** What the ends of the network share. */
interface Wires {
  readonly clock: Clock
  readonly model: Network
  readonly end: (id: HostId) => number
  /** Of the agents that live. */
  readonly handlers: Map<HostId, TransportHandlers>
  readonly stillness: Stillness
  /** What clogged links hold back, in the order in which it was said. */
  readonly held: Set<Held>
  readonly onGarbage: NonNullable<VirtualNetworkInit['onGarbage']>
}

const carry = (
  { clock, model, end, handlers, stillness, held, onGarbage }: Wires,
  [from, to]: readonly [HostId, HostId],
  comesThrough: () => boolean,
  bytes: Uint8Array,
  gossip: boolean,
): void => {
  if (stillness.parts(from, to) || !comesThrough()) return
  const now = clock.now()
  const deliver = (): void => {
    const there = handlers.get(to)
    if (there === undefined || !comesThrough()) return
    if (!(gossip ? there.heard(from, bytes) : there.received(from, bytes))) onGarbage(from, to, bytes)
  }
  const clogged = model.isClogged(end(from), end(to), now)
  for (const at of model.arrivals(now, end(from), end(to))) {
    if (!clogged) {
      clock.after(at - now, deliver)
      continue
    }
    const cancel = clock.after(at - now, () => {
      held.delete(one)
      deliver()
    })
    const one: Held = { from, to, cancel, deliver }
    held.add(one)
  }
}

/** The links between these two, or all, carry again: what they have held back arrives at once. */
const release = ({ clock, held }: Wires, a?: HostId, b?: HostId): void => {
  const isBetween = ({ from, to }: Held): boolean => (from === a && to === b) || (from === b && to === a)
  for (const one of [...held]) {
    if (a !== undefined && b !== undefined && !isBetween(one)) continue
    held.delete(one)
    one.cancel()
    clock.after(0, one.deliver)
  }
}

/** All others that live hear that their connections to this one are lost. */
const lose = ({ clock, handlers }: Wires, self: HostId, afterMs: number, still: () => boolean): void => {
  for (const other of handlers.keys())
    if (other !== self)
      clock.after(afterMs, () => {
        if (still()) handlers.get(other)?.disconnected(self)
      })
}

export const createVirtualNetwork = (init: VirtualNetworkInit): VirtualNetwork => {
  const {
    clock,
    model,
    ids,
    silenceMs = 3_000,
    onSend = () => {},
    onWait = () => {},
    onGarbage = () => {},
  } = init
  const endOf = new Map(ids.map((id, end) => [id, end]))
  const end = (id: HostId): number => {
    const known = endOf.get(id)
    if (known === undefined) throw new RangeError(`no agent ${id} in this network`)
    return known
  }
  const handlers = new Map<HostId, TransportHandlers>()
  const silent = new Set<HostId>()
  const onBack = (self: HostId): void => outboxes.flush(self, (other) => !stillness.parts(self, other))
  const stillness = createStillness({ clock, silenceMs, onBack, handlers })
  const wires: Wires = { clock, model, end, handlers, stillness, held: new Set(), onGarbage }
  const alive = (): readonly number[] => [...handlers.keys()].map(end)

  const say = (from: HostId, to: HostId, bytes: Uint8Array): void =>
    carry(wires, [from, to], () => model.passes(end(from), end(to)), bytes, false)
  const outboxes = createOutboxes({ clock, carry: say, onWait })

  const transport = (self: HostId): Transport => {
    let mine: TransportHandlers | null = null
    const leave = (): void => {
      if (mine === null || handlers.get(self) !== mine) return
      handlers.delete(self)
      outboxes.close(self)
      stillness.forget(self)
      if (silent.delete(self)) lose(wires, self, silenceMs, () => !handlers.has(self))
      else lose(wires, self, model.weather.latencyMs, () => true)
    }
    return {
      self,
      addresses: () => [`/memory/${self}`],
      start(given) {
        mine = given
        handlers.set(self, given)
        outboxes.open(self)
      },
      send(to, bytes) {
        if (handlers.get(self) !== mine) return
        onSend(self, to, bytes)
        // A peer may name any host; one that is not there is not found, and the message is lost.
        if (!endOf.has(to)) return
        if (stillness.parts(self, to)) outboxes.put(self, to, bytes)
        else say(self, to, bytes)
      },
      publish(bytes) {
        if (handlers.get(self) !== mine) return
        onSend(self, null, bytes)
        for (const to of handlers.keys())
          if (to !== self)
            carry(wires, [self, to], () => model.reaches(end(self), end(to), alive), bytes, true)
      },
      introduce() {},
      peers: () => [...handlers.keys()].filter((id) => id !== self && model.passes(end(self), end(id))),
      counters: () => tally,
      async stop() {
        leave()
      },
      kill: leave,
    }
  }

  return {
    transport,
    still: stillness.set,
    summaryOf: createSummaryReader(),
    fallSilent: (self) => void silent.add(self),
    cut(a, b, options) {
      model.cut(end(a), end(b), options)
      clock.after(silenceMs, () => {
        if (model.passes(end(a), end(b))) return
        handlers.get(a)?.disconnected(b)
        handlers.get(b)?.disconnected(a)
      })
    },
    clog: (from, to, ms) => model.clog(end(from), end(to), clock.now() + ms),
    heal(a, b) {
      if (a === undefined || b === undefined) model.heal()
      else model.heal(end(a), end(b))
      release(wires, a, b)
    },
  }
}
