/** What may go wrong with a migration or another request, and the list of what will. */
import type { VmId } from '@drover/protocol'
import type { MigrationPhase } from './events.ts'

/** What changes something at a hypervisor; all but `migrate` change one copy at once. */
export type RequestKind =
  | 'migrate'
  | 'resume'
  | 'abort'
  | 'setAutostart'
  | 'start'
  | 'shutdown'
  | 'save'
  | 'restore'

/** Where in a migration a death strikes: in the middle of that phase. Without `backMs` nothing comes back by itself. */
interface Strike {
  readonly phase: MigrationPhase
  /** In `perform`: when so much of the memory is sent; default 500. */
  readonly atPermille?: number
  readonly backMs?: number
}

export type DeathFault =
  | ({ readonly kind: 'daemon-dies' | 'host-dies'; readonly end: 'source' | 'destination' } & Strike)
  /** The two hypervisors lose each other; their agents do not. */
  | ({ readonly kind: 'link-dies' } & Strike)

export type MigrationFault =
  /** The destination says no before anything is sent. */
  | { readonly kind: 'refuse'; readonly detail?: string }
  /** It breaks off when so much of the memory is sent (permille); the VM goes on where it is. */
  | { readonly kind: 'abort'; readonly atPermille: number }
  /** From there on no byte is sent. A deaf one ignores an abort, too. */
  | { readonly kind: 'hang'; readonly atPermille: number; readonly deaf?: boolean }
  /**
   * Its hypervisor is busy and reads the request only then, whether its sender still lives or not. `call`: which request;
   * default `migrate`.
   */
  | { readonly kind: 'late'; readonly delayMs: number; readonly call?: RequestKind }
  /** It goes on and succeeds; its caller hears then that there was no answer in time. */
  | { readonly kind: 'timeout'; readonly afterMs: number }
  /** It succeeds, and its hypervisor reports an error. */
  | { readonly kind: 'fail-after-success' }
  /**
   * The source learns nothing of how it ended and keeps its copy paused (the grey window). The destination's copy runs, is
   * paused (always, where the hand-over is paused), or is gone.
   */
  | { readonly kind: 'grey'; readonly destination: 'running' | 'paused' | 'gone' }
  /** The two hypervisors lose each other in the finish phase: the destination keeps the copy, the source goes on. */
  | { readonly kind: 'split' }
  | DeathFault

export interface FaultRule {
  readonly fault: MigrationFault
  /** Only requests about this VM, to this host's hypervisor, and migrations to this host; absent = any. */
  readonly vm?: VmId
  readonly from?: string
  readonly to?: string
  /** How many requests it hits; default 1. */
  readonly times?: number
}

export interface Faults {
  add(rule: FaultRule): void
  clear(): void
  /** The fault of the first rule that fits this migration; it counts as one of the rule's `times`. */
  take(vm: VmId, from: string, to: string): MigrationFault | null
  /** By so much this request is read late, ms. */
  lateness(call: Exclude<RequestKind, 'migrate'>, vm: VmId, at: string): number
}

const callOf = (fault: MigrationFault): RequestKind =>
  fault.kind === 'late' ? (fault.call ?? 'migrate') : 'migrate'

export const createFaults = (): Faults => {
  let rules: { readonly rule: FaultRule; left: number }[] = []
  const take = (fits: (rule: FaultRule) => boolean): MigrationFault | null => {
    const hit = rules.find(({ rule }) => fits(rule))
    if (hit === undefined) return null
    hit.left -= 1
    if (hit.left <= 0) rules = rules.filter((one) => one !== hit)
    return hit.rule.fault
  }
  return {
    add(rule) {
      rules.push({ rule, left: rule.times ?? 1 })
    },
    clear() {
      rules = []
    },
    take: (vm, from, to) =>
      take(
        (rule) =>
          callOf(rule.fault) === 'migrate' &&
          (rule.vm ?? vm) === vm &&
          (rule.from ?? from) === from &&
          (rule.to ?? to) === to,
      ),
    lateness(call, vm, at) {
      if (rules.length === 0) return 0
      const fault = take(
        (rule) => callOf(rule.fault) === call && (rule.vm ?? vm) === vm && (rule.from ?? at) === at,
      )
      return fault?.kind === 'late' ? fault.delayMs : 0
    },
  }
}
