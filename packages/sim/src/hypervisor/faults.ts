/** What may go wrong with a migration, and the list of what will. */
import type { VmId } from '@drover/protocol'

export type MigrationFault =
  /** The destination says no before anything is sent. */
  | { readonly kind: 'refuse'; readonly detail?: string }
  /** It breaks off when so much of the memory is sent (permille); the VM goes on where it is. */
  | { readonly kind: 'abort'; readonly atPermille: number }
  /** From there on no byte is sent. A deaf one ignores an abort, too. */
  | { readonly kind: 'hang'; readonly atPermille: number; readonly deaf?: boolean }
  /** Its hypervisor is busy and reads the request only then, whether its sender still lives or not. */
  | { readonly kind: 'late'; readonly delayMs: number }
  /** It succeeds, and its hypervisor reports an error. */
  | { readonly kind: 'fail-after-success' }
  /**
   * The source learns nothing of how it ended and keeps its copy paused (the grey window). The destination's copy runs, is
   * paused (always, where the hand-over is paused), or is gone.
   */
  | { readonly kind: 'grey'; readonly destination: 'running' | 'paused' | 'gone' }
  /** The two hypervisors lose each other in the finish phase: the destination keeps the copy, the source goes on. */
  | { readonly kind: 'split' }

export interface FaultRule {
  readonly fault: MigrationFault
  /** Only migrations of this VM, from this host, to this host; absent = any. */
  readonly vm?: VmId
  readonly from?: string
  readonly to?: string
  /** How many migrations it hits; default 1. */
  readonly times?: number
}

export interface Faults {
  add(rule: FaultRule): void
  clear(): void
  /** The fault of the first rule that fits this migration; it counts as one of the rule's `times`. */
  take(vm: VmId, from: string, to: string): MigrationFault | null
}

export const createFaults = (): Faults => {
  let rules: { readonly rule: FaultRule; left: number }[] = []
  return {
    add(rule) {
      rules.push({ rule, left: rule.times ?? 1 })
    },
    clear() {
      rules = []
    },
    take(vm, from, to) {
      const hit = rules.find(
        ({ rule }) => (rule.vm ?? vm) === vm && (rule.from ?? from) === from && (rule.to ?? to) === to,
      )
      if (hit === undefined) return null
      hit.left -= 1
      if (hit.left <= 0) rules = rules.filter((one) => one !== hit)
      return hit.rule.fault
    },
  }
}
