/**
 * Tells the observer what the agents of one host are told, ask for, write and send. It stands between the agent and its ports, and
 * changes nothing: a step counts as made, a message as sent, a record as written, a VM as acted upon when that truly happens. What a
 * process does in the middle of a step in which it stands still is computed before, and told when it gets there.
 */
import type { Hypervisor, Immediate, Journal, JournalStore, Transport } from '@drover/agent/runtime'
import type { Effect, HostId, JournalRecord, LoadSummary, Message, Peer, PeerInit } from '@drover/protocol'
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

const performing = ['migrate', 'start', 'shutdown', 'save', 'restore'] as const

/** A record counts as written until it turns out that it had not reached the disk when its agent died. */
const watchedStore = (
  store: JournalStore,
  tell: (told: Told) => void,
  later: (fn: () => void) => void,
): Pick<JournalStore, 'open' | 'checkpoint' | 'full'> => {
  /** Records that were written, and that were told of. */
  let [written, known] = [0, 0]
  /** Those that are not told of, since their process has not got there, in their order. */
  let untold: JournalRecord[] = []
  const tellNext = (): void => {
    const record = untold.shift()
    if (record === undefined) return
    known += 1
    tell({ kind: 'written', record })
  }
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
        untold.push(record)
        later(tellNext)
      }
      return {
        ...opened,
        append,
        close() {
          // They are on disk, whether or not the process got any further.
          while (untold.length > 0) tellNext()
          opened.close()
        },
      }
    },
    checkpoint() {
      const back = store.checkpoint()
      const before = written
      return () => {
        back()
        if (known > before) tell({ kind: 'journal', damage: 'unwritten', records: known - before })
        written = before
        known = Math.min(known, before)
        untold = untold.slice(0, written - known)
      }
    },
  }
}

/** `called`: it is asked to change a VM. `told`: it has said which jobs run. */
const watchedDriver = (
  driver: Immediate<Hypervisor>,
  called: () => void,
  told: () => void,
): Immediate<Hypervisor> => {
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
  const jobs = driver.jobs.bind(driver)
  Object.defineProperty(watched, 'jobs', {
    value: () => {
      const answer = jobs()
      answer.then(told, () => {})
      return answer
    },
  })
  return watched
}

/** How an observer outside hears of what happens in a process. */
export interface WitnessedProcess {
  /** The world's, ms. */
  now(): number
  wallNow(): number
  /** Its thread still waits so long where it is, ms. */
  lagMs(): number
  /** Inputs that wait for the loop of its agent. */
  waiting(): number
  /** When its thread gets there; never, if it ends before. */
  later(fn: () => void): void
}

export const createAgentWitness = (
  feed: AgentFeed,
  host: HostId,
  name: string,
  process: WitnessedProcess,
): AgentWitness => {
  const tell = (told: Told): void => feed.emit({ host, ...told } as AgentEvent)
  let sending: { readonly to: HostId; readonly message: Message } | null = null
  let publishing: LoadSummary | null = null
  let perform: Extract<Effect, { readonly kind: 'perform' }> | null = null
  let jobsToldAt = 0

  const watchCall = (): void => {
    if (perform !== null) tell({ kind: 'effect', effect: perform })
    perform = null
  }

  return {
    store: (store) => watchedStore(store, tell, process.later),
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
    hypervisor: (driver) =>
      watchedDriver(driver, watchCall, () => {
        jobsToldAt = process.now()
      }),
    peer(peer, { incarnation, restored }) {
      tell({ kind: 'born', name, incarnation, restored, wallMs: process.wallNow() })
      return {
        ...peer,
        step(now, input) {
          const at = process.now() + process.lagMs()
          process.later(() => tell({ kind: 'input', input, asOf: input.kind === 'jobs' ? jobsToldAt : at }))
          const effects = peer.step(now, input)
          const told = { kind: 'stepped', lease: peer.lease(), at, waiting: process.waiting() } as const
          process.later(() => tell(told))
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
