/** What happens in the world, as an all-seeing observer hears it: each event after the world has changed, never between. */
import type { VmId } from '@drover/protocol'

/** A VM on the move. */
export interface MigrationTruth {
  readonly vm: VmId
  readonly from: string
  readonly to: string
  /** `copying`: the guest runs on the source; `finishing`: it is stopped, the last pages are on their way. */
  readonly phase: 'copying' | 'finishing'
  readonly transferredMiB: number
  /** Of this round and, roughly, of what was rewritten meanwhile. */
  readonly remainingMiB: number
  readonly memoryMiB: number
  /** Now; less than asked for when a link is shared. */
  readonly rateMiBps: number
  readonly startedAt: number
  /** The copy will wait for its hand-over (rule R2). */
  readonly paused: boolean
}

/** How a migration truly ended, whatever its hypervisor reported. */
export type MigrationEnd =
  | 'moved' // the source has let go of it
  | 'stayed' // as if nothing had been
  | 'lost' // the source died: its host, or by its owner's hand
  | 'grey' // source paused; the destination has a copy, or not
  | 'split' // the source went on although the destination has a copy

export type DaemonState = 'up' | 'down' | 'hung'

export type WorldChange =
  | { readonly kind: 'demand'; readonly vm: VmId; readonly cpuMilli: number; readonly memoryMiB: number }
  | {
      readonly kind: 'vm'
      readonly vm: VmId
      readonly host: string
      readonly what:
        | 'defined'
        | 'started'
        | 'stopped'
        | 'paused'
        | 'resumed'
        | 'saved'
        | 'restored'
        | 'removed'
    }
  | { readonly kind: 'migration-started'; readonly migration: MigrationTruth }
  | {
      readonly kind: 'migration-ended'
      readonly migration: MigrationTruth
      readonly end: MigrationEnd
      readonly detail: string
    }
  /** A hypervisor refused to begin; nothing had changed. */
  | {
      readonly kind: 'migration-refused'
      readonly vm: VmId
      readonly from: string
      readonly to: string
      readonly code: string
      readonly detail: string
    }
  | { readonly kind: 'host'; readonly host: string; readonly alive: boolean }
  | { readonly kind: 'daemon'; readonly host: string; readonly daemon: DaemonState }
  | { readonly kind: 'links' }

export type WorldEvent = { readonly at: number } & WorldChange
