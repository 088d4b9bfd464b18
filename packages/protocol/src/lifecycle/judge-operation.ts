/**
 * What the hypervisor's answers mean for a start, stop, suspend or resume that was asked of it: has it ended, and how? Pure: the
 * whole table is here. What a call returned says when to look, and why; where the VM then is says how it ended (S12).
 */
import { limits } from '../data/config.ts'
import type { LifecycleKind } from '../data/io.ts'
import type { Presence } from '../data/message.ts'
import type { ReasonCode } from '../data/reasons.ts'

export interface Looked {
  readonly seen: Presence
  /** For how long the hypervisor has said so, without a break, ms. */
  readonly steadyMs: number
  /** What the call returned; null = not known: no answer in time, or the agent that called has died. */
  readonly answer: 'done' | 'refused' | null
  /** Since the call returned, or since this agent took the action up, ms. */
  readonly waitedMs: number
}

export type OperationVerdict =
  | { readonly kind: 'wait' }
  /** `active`: the VM is active on this host now. */
  | { readonly kind: 'done'; readonly active: boolean }
  /** `code` null: for the reason that the hypervisor gave. */
  | { readonly kind: 'refused'; readonly code: ReasonCode | null; readonly active: boolean }

const wait: OperationVerdict = { kind: 'wait' }
const refused = (code: ReasonCode | null, active: boolean): OperationVerdict => ({
  kind: 'refused',
  code,
  active,
})

/** Seen twice, if the call was answered; one that was not may lie unread in a busy daemon (`lateStartMs`). */
const isSteady = ({ answer, steadyMs }: Looked): boolean =>
  steadyMs >= (answer === null ? limits.lateStartMs : limits.settlePollMs)

/** The VM is as it was before, and stays so. */
const isUnchanged = (looked: Looked): boolean => looked.answer === 'refused' || isSteady(looked)

export const judgeOperation = (kind: LifecycleKind, looked: Looked): OperationVerdict => {
  switch (kind) {
    case 'start':
    case 'resume':
      return judgeBeginning(looked)
    case 'stop':
      return judgeStop(looked)
    case 'suspend':
      return judgeSuspend(looked)
  }
}

const judgeBeginning = (looked: Looked): OperationVerdict => {
  switch (looked.seen) {
    case 'running':
    case 'outgoing':
      return { kind: 'done', active: true }
    // A VM that is being brought back is paused until all its memory is there; afterwards its owner may have paused it.
    case 'paused':
    case 'held':
      return isSteady(looked) ? { kind: 'done', active: true } : wait
    case 'incoming':
      return wait
    case 'shut':
    case 'saved':
    case 'absent':
      return isUnchanged(looked) ? refused(looked.answer === 'done' ? 'vm.stopped' : null, false) : wait
  }
}

const judgeStop = ({ seen, answer, waitedMs }: Looked): OperationVerdict => {
  switch (seen) {
    case 'shut':
    case 'absent':
      return { kind: 'done', active: false }
    case 'saved':
      return refused('vm.saved', false)
    // The guest was only asked to shut down: it takes its time, or does not listen.
    case 'running':
    case 'paused':
    case 'held':
      if (answer === 'refused') return refused(null, true)
      return waitedMs >= limits.shutdownMs ? refused('vm.shutdown_ignored', true) : wait
    case 'outgoing':
    case 'incoming':
      return wait
  }
}

const judgeSuspend = (looked: Looked): OperationVerdict => {
  const { seen, answer } = looked
  switch (seen) {
    case 'saved':
      return { kind: 'done', active: false }
    // Its guest shut down, or its owner destroyed it: there is no image to bring back.
    case 'shut':
    case 'absent':
      return refused('vm.stopped', false)
    case 'running':
      return isUnchanged(looked) ? refused(answer === 'done' ? 'vm.still_here' : null, true) : wait
    // It is paused while it is written. A hypervisor that gave up lets it run again by itself.
    case 'paused':
    case 'held':
      if (answer === null) return wait
      return looked.steadyMs >= limits.lateStartMs ? refused('vm.paused_by_suspend', true) : wait
    case 'outgoing':
    case 'incoming':
      return wait
  }
}
