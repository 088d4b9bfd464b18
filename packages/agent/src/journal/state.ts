/** The state that a journal's records add up to. Every kind of journal uses the same fold. */
import {
  type ActionId,
  boundTo,
  type ClosedAction,
  type Decision,
  type Duty,
  type HostId,
  type JournalRecord,
  limits,
  type Mode,
  type OpenAction,
  type OwedAutostart,
  type Restored,
  type StartCount,
  type VmId,
} from '@drover/protocol'

/** The cool-down of a VM when it was written: the time that remained, and the wall clock of that moment. */
export interface WrittenCooldown {
  readonly vm: VmId
  readonly from: HostId
  readonly remainingMs: number
  readonly atWallMs: number
}

/** With the wall clock of when it was written; journals of older versions do not tell it. */
export type WrittenAction = OpenAction & { readonly openedAtWallMs?: number }

export interface JournalState {
  readonly epoch: number
  /** True once this very journal was given an epoch, or told that it is settled, and nothing of it was lost since; see `restoredFrom`. */
  readonly trusted: boolean
  /** Records of an earlier life were lost once. */
  readonly lacking: boolean
  readonly open: ReadonlyMap<ActionId, WrittenAction>
  /** Oldest first, at most `limits.closedActionsMax`. */
  readonly closed: readonly ClosedAction[]
  /** Oldest first; the core keeps at most `limits.dutiesMax`. */
  readonly duties: ReadonlyMap<ActionId, Duty>
  /** Oldest first; the core keeps at most `limits.dutiesMax`. */
  readonly autostarts: ReadonlyMap<VmId, OwedAutostart>
  /** Those heard of longest ago first, at most `limits.viewHostsMax`. */
  readonly met: ReadonlyMap<HostId, StartCount>
  readonly draining: boolean
  readonly mode: Mode | null
  readonly cooldowns: ReadonlyMap<VmId, WrittenCooldown>
}

export const emptyState: JournalState = {
  epoch: 0,
  trusted: false,
  lacking: false,
  open: new Map(),
  closed: [],
  duties: new Map(),
  autostarts: new Map(),
  met: new Map(),
  draining: false,
  mode: null,
  cooldowns: new Map(),
}

export const applyRecord = (state: JournalState, record: JournalRecord, wallMs: number): JournalState => {
  switch (record.kind) {
    case 'epoch':
      return { ...state, epoch: Math.max(state.epoch, record.epoch), trusted: true }
    case 'opened':
      return { ...state, open: new Map(state.open).set(record.open.action, written(record.open, wallMs)) }
    case 'closed': {
      const open = new Map(state.open)
      open.delete(record.action)
      const { duty, kind: _, ...end } = record
      const { action } = end
      const others = state.closed.filter((one) => one.action !== action || one.end !== end.end)
      const closed = [...others, end].slice(-limits.closedActionsMax)
      const duties = new Map(state.duties)
      if (duty !== null) duties.set(action, duty)
      return { ...state, open, closed, duties }
    }
    case 'discharged': {
      const duties = new Map(state.duties)
      duties.delete(record.action)
      return { ...state, duties }
    }
    case 'autostart-owed': {
      const { action, vm } = record
      const autostarts = new Map(state.autostarts)
      autostarts.delete(vm)
      return { ...state, autostarts: autostarts.set(vm, { action, vm }) }
    }
    case 'autostart-set': {
      const autostarts = new Map(state.autostarts)
      autostarts.delete(record.vm)
      return { ...state, autostarts }
    }
    case 'met': {
      const { host, incarnation } = record
      const met = new Map(state.met)
      met.delete(host)
      met.set(host, { host, incarnation })
      boundTo(limits.viewHostsMax, met)
      return { ...state, met }
    }
    case 'settled':
      return { ...state, trusted: true }
    case 'lacking':
      return { ...state, lacking: true }
    // The start count is kept by each kind of journal itself.
    case 'renumbered':
      return state
    case 'draining':
      return { ...state, draining: record.draining }
    case 'mode':
      return { ...state, mode: record.mode }
    case 'cooldown': {
      const cooldowns = new Map(
        [...state.cooldowns].filter(([, rest]) => remainingMs(rest, wallMs) > 0 && rest.vm !== record.vm),
      )
      if (record.remainingMs > 0) {
        const { vm, from, remainingMs } = record
        cooldowns.set(vm, { vm, from, remainingMs, atWallMs: wallMs })
      }
      return { ...state, cooldowns }
    }
    default:
      return record satisfies never
  }
}

export const written = (open: OpenAction, wallMs: number): WrittenAction => ({
  ...open,
  openedAtWallMs: wallMs,
})

/** As the core is told it. A wall clock may be set back: then it is taken for new. */
const openedFrom = ({ openedAtWallMs, ...open }: WrittenAction, wallMs: number): OpenAction => {
  const ageMs = Math.max(0, Math.floor(wallMs - (openedAtWallMs ?? wallMs)))
  return open.kind === 'departure' && ageMs > 0 ? { ...open, ageMs } : open
}

/** A wall clock may be set back. That never makes a cool-down longer than it was when it was written. */
export const remainingMs = (rest: WrittenCooldown, wallMs: number): number =>
  Math.max(0, rest.remainingMs - Math.max(0, wallMs - rest.atWallMs))

/**
 * The state that the core starts from. A journal counts as intact once an epoch was written to it, or that it is settled. A new
 * or damaged one is settled when nothing from before can be in force any more. So an agent that is restarted during that wait
 * waits anew: its young journal does not count as the whole truth (S6).
 */
export const restoredFrom = (state: JournalState, wallMs: number): Restored => ({
  epoch: state.epoch,
  journalIntact: state.trusted,
  lacking: state.lacking,
  open: [...state.open.values()]
    .map((one) => openedFrom(one, wallMs))
    .sort((a, b) => (a.action < b.action ? -1 : a.action > b.action ? 1 : 0)),
  closed: state.closed,
  duties: [...state.duties.values()],
  autostarts: [...state.autostarts.values()],
  met: [...state.met.values()],
  draining: state.draining,
  mode: state.mode,
  cooldowns: [...state.cooldowns.values()]
    .map((rest) => ({ vm: rest.vm, from: rest.from, remainingMs: remainingMs(rest, wallMs) }))
    .filter((rest) => rest.remainingMs > 0)
    .sort((a, b) => (a.vm < b.vm ? -1 : a.vm > b.vm ? 1 : 0)),
})

/**
 * The start count: one more than the last, and never below the seconds since 1970. Others drop what comes from an older
 * incarnation, and a partition's id contains it, so it must grow even when the journal was lost or put back from a
 * backup. (An agent does not start more than once a second for years.)
 */
export const nextIncarnation = (last: number, wallMs: number): number =>
  Math.max(last + 1, Math.floor(wallMs / 1000))

/** How much of the past is kept for `drover history`. Against a journal that fills the disk (S14). */
export const historyLimits = {
  decisionsMax: 10_000,
  /** Of one other host that led them. Against a peer that has all others forgotten. */
  decisionsOfPeerMax: 500,
  ageMsMax: 30 * 24 * 3_600_000,
  answerDefault: 100,
} as const

/** Ids and names of the VMs that a decision speaks of: operators know names. */
export const vmsOf = (decision: Decision): ReadonlySet<string> =>
  new Set([
    ...decision.actions.flatMap((one) => [one.action.vm, one.vmName]),
    ...decision.stayed.flatMap((one) => [one.vm, one.name]),
  ])
