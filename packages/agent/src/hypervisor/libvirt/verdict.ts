/**
 * Judges how a migration ended by three facts: how the call ended, what the hypervisor shows now, and which events came in
 * between. Pure. An error of the hypervisor alone is never a `refused`.
 */

import type { Observation } from './observe.ts'
import { pausedReasons } from './procedures.ts'

/** How the migration call ended. `lost`: there was no answer, because the connection broke. */
export type CallEnd =
  | { readonly kind: 'ok' }
  | { readonly kind: 'error'; readonly code: string; readonly detail: string }
  | { readonly kind: 'lost'; readonly detail: string }

/** The run state before the call. */
export interface Before {
  readonly id: number
  readonly running: boolean
}

/** How the VM was seen to stop here, if it was: `migrated`, `destroyed`, `shutdown`, `crashed`, … */
export type Stopped = string | null

export type Verdict =
  | { readonly kind: 'done' }
  | { readonly kind: 'refused' | 'unknown'; readonly code: string; readonly detail: string }
  /** Gone from here, and it was not seen how: the destination may know. */
  | { readonly kind: 'ask_destination' }

const unknown = (code: string, detail: string): Verdict => ({ kind: 'unknown', code, detail })

const words = (end: CallEnd): string => (end.kind === 'ok' ? 'the migration call succeeded' : end.detail)

/** `seen` must not show a migration away that still runs: that one has not ended. */
export const verdict = (end: CallEnd, before: Before, seen: Observation, stopped: Stopped): Verdict => {
  switch (seen.kind) {
    case 'absent':
      if (end.kind === 'ok' || stopped === 'migrated') return { kind: 'done' }
      // Destroyed, crashed or shut down by its owner in the middle: gone, but not because it moved.
      if (stopped !== null) return unknown('vm.stopped', `the VM stopped here (${stopped}); ${words(end)}`)
      return { kind: 'ask_destination' }
    case 'shut':
      if (stopped !== null && stopped !== 'migrated')
        return unknown('vm.stopped', `the VM stopped here (${stopped}); ${words(end)}`)
      return unknown('vm.still_defined', `the VM is defined here and not active; ${words(end)}`)
    case 'active':
      break
    default:
      return seen satisfies never
  }
  if (end.kind === 'ok')
    return unknown('vm.still_here', 'the migration call succeeded, and the VM is still here')
  if (seen.domain.id !== before.id)
    return unknown('vm.restarted', `the VM was started anew here; ${words(end)}`)
  if (seen.job.kind !== 'none') return unknown('vm.job_active', `another job runs on the VM; ${words(end)}`)
  if (seen.running !== before.running)
    return unknown(seen.running ? 'vm.resumed' : 'vm.paused_here', `its run state changed; ${words(end)}`)
  // Paused before by its owner, paused now for the switch-over: the next to resume it must know which.
  if (!seen.running && seen.reason === pausedReasons.migration)
    return unknown('vm.paused_here', `paused for the switch-over; ${words(end)}`)
  const code = end.kind === 'error' ? end.code : 'hypervisor.unreachable'
  return { kind: 'refused', code, detail: words(end) }
}
