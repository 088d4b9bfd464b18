/** What happens in the world, as an all-seeing observer hears it: each event after the world has changed, never between. */
import type { VmId } from '@drover/protocol'

/**
 * How far a migration is. `begin`: the source's hypervisor connects to the other. `prepare`: the destination makes room, and its
 * copy is there. `perform`: the memory is sent, and the guest runs on the source. `finish`: the guest is stopped, and the
 * destination has not let its copy go. `finished`: it has, and the source does not know. `confirm`: the source knows, and has
 * still to drop its copy.
 */
export type MigrationPhase = 'begin' | 'prepare' | 'perform' | 'finish' | 'finished' | 'confirm'

/** A VM on the move. */
export interface MigrationTruth {
  readonly vm: VmId
  readonly from: string
  readonly to: string
  readonly phase: MigrationPhase
  readonly transferredMiB: number
  /** Of this round and, roughly, of what was rewritten meanwhile. */
  readonly remainingMiB: number
  readonly memoryMiB: number
  /** Now; less than asked for when a link is shared. */
  readonly rateMiBps: number
  readonly startedAt: number
  /** The copy will wait for its hand-over (rule R2). */
  readonly paused: boolean
  /** Its owner's doing: no agent asked for it. */
  readonly byHand: boolean
}

/** How a migration truly ended, whatever its hypervisor reported. */
export type MigrationEnd =
  | 'moved' // the source has let go of it
  | 'stayed' // as if nothing had been
  | 'lost' // the source died: its host, or by its owner's hand
  | 'grey' // source paused; the destination has a copy, or not
  | 'split' // the source went on although the destination has a copy

/**
 * `hung`: it answers nothing, and reads what is sent to it when it is up again. `stuck`: all its workers wait for something; it
 * says what it knows, and carries nothing out until it is up again. `down`: dead; what it had not read is lost.
 */
export type DaemonState = 'up' | 'down' | 'hung' | 'stuck'

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
      /** Of a resume by an agent: when it asked, ms. A busy hypervisor reads that late. */
      readonly askedAt?: number
    }
  /** Its definition there says from now on that it starts with its host, or that it does not. */
  | {
      readonly kind: 'autostart-set'
      readonly vm: VmId
      readonly host: string
      readonly autostart: boolean
      /** When an agent asked for it, ms: a busy hypervisor reads that late. Null = its owner's doing. */
      readonly askedAt: number | null
    }
  | { readonly kind: 'migration-started'; readonly migration: MigrationTruth }
  /** The destination has let its copy go, and the source does not know it yet. */
  | { readonly kind: 'migration-finished'; readonly migration: MigrationTruth }
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
      /** This one, or the migration that is in its way, is the owner's doing. */
      readonly byHand: boolean
    }
  | { readonly kind: 'host'; readonly host: string; readonly alive: boolean }
  | { readonly kind: 'daemon'; readonly host: string; readonly daemon: DaemonState }
  | { readonly kind: 'links' }
  /** An administrator is about to do this by hand: what comes of it is an event of its own. */
  | {
      readonly kind: 'by-hand'
      readonly vm: VmId
      readonly host: string
      readonly what: 'start' | 'resume' | 'pause' | 'stop' | 'destroy' | 'define' | 'abort'
    }

export type WorldEvent = { readonly at: number } & WorldChange
