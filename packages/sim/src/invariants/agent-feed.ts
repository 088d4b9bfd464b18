/**
 * What an all-seeing observer hears of the agents: their births and ends, what each core is told and asks for, what is truly
 * written and sent. The world's own events (hypervisor/events.ts) tell the rest.
 */
import type {
  Effect,
  HostId,
  Input,
  JournalRecord,
  LoadSummary,
  Message,
  PeerView,
  Restored,
} from '@drover/protocol'

/** The effects that ask a hypervisor or a journal for something, and what people hear of. */
export type WatchedEffect = Extract<
  Effect,
  { readonly kind: 'persist' | 'perform' | 'abort' | 'inspect' | 'resume' | 'report' }
>

export type AgentEvent = { readonly host: HostId } & (
  | {
      readonly kind: 'born'
      /** Of the host, in the world. */
      readonly name: string
      readonly incarnation: number
      readonly restored: Restored
      /** What its wall clock shows, ms since 1970. */
      readonly wallMs: number
    }
  /** Killed, stopped, failed, or its host has no power. */
  | { readonly kind: 'ended' }
  /**
   * `lost`: all of it, when its agent ends; `torn`: the last records. `unwritten`: they were on their way to the disk when the
   * agent died, which its next life cannot notice.
   */
  | { readonly kind: 'journal'; readonly damage: 'lost' | 'torn' | 'unwritten'; readonly records: number }
  /** Its core is about to be told this. `asOf`: when it was so; an answer about jobs may have waited for its process. World's ms. */
  | { readonly kind: 'input'; readonly input: Input; readonly asOf: number }
  /**
   * Its core has made a step, of which nothing is carried out yet. `at`: when it read its clock for it, world's ms; it may have stood
   * still since. `waiting`: inputs that its loop has before it.
   */
  | {
      readonly kind: 'stepped'
      readonly lease: PeerView['lease']
      readonly at: number
      readonly waiting: number
    }
  /** This is about to be carried out. A `perform` whose record was not written never is. */
  | { readonly kind: 'effect'; readonly effect: WatchedEffect }
  /** All of that step is carried out. */
  | { readonly kind: 'carried' }
  /** It is on disk now. */
  | { readonly kind: 'written'; readonly record: JournalRecord }
  /** It leaves this host now, so many bytes long. */
  | { readonly kind: 'sent'; readonly to: HostId; readonly message: Message; readonly bytes: number }
  /** So much waits in its outbox for a connection to that peer. */
  | { readonly kind: 'waits'; readonly to: HostId; readonly messages: number; readonly bytes: number }
  | { readonly kind: 'published'; readonly summary: LoadSummary; readonly bytes: number }
)

/** Where the events of all agents come together. */
export interface AgentFeed {
  emit(event: AgentEvent): void
  listen(listener: (event: AgentEvent) => void): () => void
}

export const createAgentFeed = (): AgentFeed => {
  const listeners = new Set<(event: AgentEvent) => void>()
  return {
    emit(event) {
      for (const listener of listeners) listener(event)
    },
    listen(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
  }
}
