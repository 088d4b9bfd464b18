/**
 * Tells the observer what the agents of one host are told, ask for, write and send. It stands between the agent and its ports, and
 * changes nothing: a message counts as sent, a record as written, a VM as acted upon only when that truly happens.
 */
import type { Hypervisor, Immediate, Journal, JournalStore, Transport } from '@drover/agent/runtime'
import type { Effect, HostId, LoadSummary, Message, Peer, PeerInit } from '@drover/protocol'
import type { AgentEvent, AgentFeed } from '../invariants/agent-feed.ts'

type Told = AgentEvent extends infer E ? (E extends AgentEvent ? Omit<E, 'host'> : never) : never

export interface AgentWitness {
  store(store: JournalStore): Pick<JournalStore, 'open' | 'checkpoint' | 'full'>
  transport(transport: Transport): Transport
  hypervisor(driver: Immediate<Hypervisor>): Immediate<Hypervisor>
  /** The core of a new agent. */
  peer(peer: Peer, init: PeerInit): Peer
  /** The next effect, which is about to be carried out. */
  effect(effect: Effect): void
  ended(): void
  damaged(damage: 'lost' | 'torn', records?: number): void
}

export interface Clocks {
  readonly wallNow: () => number
  /** When the process of the agent gets to what it does now: `AgentEvent`, `stepped`. */
  readonly getsThereAt: () => number
}

const performing = ['migrate', 'start', 'shutdown', 'save', 'restore'] as const

/** A record counts as written until it turns out that it had not reached the disk when its agent died. */
const watchedStore = (
  store: JournalStore,
  tell: (told: Told) => void,
): Pick<JournalStore, 'open' | 'checkpoint' | 'full'> => {
  let written = 0
  return {
    get full() {
      return store.full
    },
    set full(full) {
      store.full = full
    },
    open() {
      const opened = store.open()
      const append: Journal['append'] = (record) => {
        opened.append(record)
        written += 1
        tell({ kind: 'written', record })
      }
      return { ...opened, append }
    },
    checkpoint() {
      const back = store.checkpoint()
      const before = written
      return () => {
        back()
        tell({ kind: 'journal', damage: 'unwritten', records: written - before })
        written = before
      }
    },
  }
}

/** `called`: it is asked to change a VM. */
const watchedDriver = (driver: Immediate<Hypervisor>, called: () => void): Immediate<Hypervisor> => {
  const watched: Immediate<Hypervisor> = Object.create(driver)
  for (const call of performing) {
    const real = driver[call].bind(driver) as (...args: readonly unknown[]) => unknown
    Object.defineProperty(watched, call, {
      value: (...args: readonly unknown[]) => {
        called()
        return real(...args)
      },
    })
  }
  return watched
}

export const createAgentWitness = (
  feed: AgentFeed,
  host: HostId,
  name: string,
  clocks: Clocks,
): AgentWitness => {
  const tell = (told: Told): void => feed.emit({ host, ...told } as AgentEvent)
  let sending: { readonly to: HostId; readonly message: Message } | null = null
  let publishing: LoadSummary | null = null
  let perform: Extract<Effect, { readonly kind: 'perform' }> | null = null

  const watchCall = (): void => {
    if (perform !== null) tell({ kind: 'effect', effect: perform })
    perform = null
  }

  return {
    store: (store) => watchedStore(store, tell),
    transport: (transport) => ({
      ...transport,
      send(to, bytes) {
        if (sending !== null) tell({ kind: 'sent', ...sending, bytes: bytes.length })
        sending = null
        transport.send(to, bytes)
      },
      publish(bytes) {
        if (publishing !== null) tell({ kind: 'published', summary: publishing, bytes: bytes.length })
        publishing = null
        transport.publish(bytes)
      },
    }),
    hypervisor: (driver) => watchedDriver(driver, watchCall),
    peer(peer, { incarnation, restored }) {
      tell({ kind: 'born', name, incarnation, restored, wallMs: clocks.wallNow() })
      return {
        ...peer,
        step(now, input) {
          tell({ kind: 'input', input })
          const effects = peer.step(now, input)
          tell({ kind: 'stepped', lease: peer.lease(), at: clocks.getsThereAt() })
          return effects
        },
      }
    },
    effect(effect) {
      sending = null
      publishing = null
      perform = null
      switch (effect.kind) {
        case 'send':
          sending = { to: effect.to, message: effect.message }
          return
        case 'publish':
          publishing = effect.summary
          return
        case 'perform':
          perform = effect
          return
        case 'wake':
          return tell({ kind: 'carried' })
        case 'persist':
        case 'abort':
        case 'inspect':
        case 'resume':
        case 'report':
          return tell({ kind: 'effect', effect })
      }
    },
    ended: () => tell({ kind: 'ended' }),
    damaged: (damage, records = 0) => tell({ kind: 'journal', damage, records }),
  }
}
