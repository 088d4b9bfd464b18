/**
 * S12, R1, R2: what ended in doubt is not done again, not let go and not told as done before the ends were seen; and a paused copy
 * is resumed only when the other end has positively let go.
 */
import type { ActionId, HostId, JournalRecord, OpenAction, Presence } from '@drover/protocol'
import type { AgentEvent } from './agent-feed.ts'
import type { Findings } from './findings.ts'
import type { HostBook } from './host-book.ts'
import type { Check, Scene } from './scene.ts'

/** What one agent was told of one open action. Answers count only when they are to the last question. */
interface Told {
  /** Null = how its hypervisor ended it is not known: the call is under way, or its answer never came. */
  finished: 'done' | 'refused' | 'unknown' | null
  /** The number of the last round in which both ends were asked, and their answers in it; null = none. */
  round: number | null
  here: Presence | null
  there: Presence | null
  /** The last question to its own hypervisor, which may be on behalf of the other end, and its answer. */
  looked: { readonly round: number; answer: Presence | null } | null
  /** Rounds in which both ends said that a copy is paused there. */
  bothPaused: number
  /** The answer of the other end's agent, which knows more than its hypervisor. */
  agentSpoke: boolean
  /** The destination has said that it took it over; the source, that it has let go. */
  tookOver: boolean
  letGo: boolean
  /** Its own hypervisor has said once that it is gone from here. */
  gone: boolean
  /** Its source wants no more of it. */
  cancelled: boolean
  /** It was resumed here, or seen to run. */
  ran: boolean
  /** Its hypervisor has let it run here again, on what both ends had said when it was asked to. */
  resumed: boolean
}

const nothingTold = (): Told => ({
  finished: null,
  round: null,
  looked: null,
  here: null,
  there: null,
  bothPaused: 0,
  agentSpoke: false,
  tookOver: false,
  letGo: false,
  gone: false,
  cancelled: false,
  ran: false,
  resumed: false,
})

/** An answer to an earlier question says nothing about now. */
const askAnew = (told: Told, round: number): void => {
  if (told.here === 'paused' && told.there === 'paused') told.bothPaused += 1
  told.round = round
  told.here = told.looked?.round === round ? told.looked.answer : null
  told.there = null
  told.agentSpoke = false
}

const isNowhere = (presence: Presence | null): boolean =>
  presence === 'absent' || presence === 'shut' || presence === 'saved'
/** It has arrived, and may have moved on, or been paused by its owner, since. */
const isThere = (presence: Presence | null): boolean =>
  presence === 'running' || presence === 'outgoing' || presence === 'held'

type EventOf<K extends AgentEvent['kind']> = Extract<AgentEvent, { readonly kind: K }>
type Closed = Extract<JournalRecord, { readonly kind: 'closed' }>

/** What an agent learns of its actions. */
const learn = (all: ReadonlyMap<ActionId, Told>, { input }: EventOf<'input'>): void => {
  if (input.kind === 'finished') {
    const told = all.get(input.action)
    if (told === undefined) return
    told.finished = input.result.kind
    told.here = null
  } else if (input.kind === 'inspected') {
    const told = all.get(input.action)
    if (told !== undefined && input.presence !== null) answer(told, input.at, input.round, input.presence)
  } else if (input.kind === 'resumed') {
    const told = all.get(input.action)
    if (told === undefined || input.at !== 'here' || !input.ok) return
    told.ran = true
    told.resumed = true
  } else if (input.kind === 'received') hear(all, input.message)
}

const answer = (told: Told, at: 'here' | 'there', round: number, presence: Presence): void => {
  if (at === 'here') {
    if (told.looked?.round === round) told.looked.answer = presence
    if (isNowhere(presence)) told.gone = true
    if (isThere(presence)) told.ran = true
  } else if (isThere(presence) && (told.gone || told.finished === 'done')) told.tookOver = true
  if (told.round === round && !(at === 'there' && told.agentSpoke)) told[at] = presence
}

const hear = (
  all: ReadonlyMap<ActionId, Told>,
  message: Extract<EventOf<'input'>['input'], { kind: 'received' }>['message'],
): void => {
  const told = 'action' in message ? all.get(message.action) : undefined
  if (told === undefined) return
  if (message.kind === 'took-over') told.tookOver = true
  if (message.kind === 'forgotten') told.there = 'absent'
  if (message.kind === 'hand-over') told.letGo = true
  if (message.kind === 'cancelled') told.cancelled = true
  if (message.kind !== 'whereabouts' || message.presence === 'silent') return
  if (message.round !== told.round) return
  told.there = message.presence
  told.agentSpoke = true
}

/** Why a departure may not be closed with this record; null = it may. */
const whyNotDeparted = (told: Told, { result, duty }: Closed): string | null => {
  const here = told.here !== null || told.gone || told.finished === 'done'
  const there = told.there !== null || told.tookOver
  const doubtful = told.finished === null || told.finished === 'unknown'
  if (result.kind === 'refused' && !doubtful && told.finished === 'refused') return null
  if (result.kind === 'refused' && told.resumed) return null
  if (!here) return 'its own hypervisor has not said where the VM is'
  if (!there && duty === null) return 'the destination has not said where the VM is'
  const givenUp = result.kind === 'done' && told.here === 'paused' && !told.tookOver && !isThere(told.there)
  if (givenUp && told.there !== 'paused')
    return 'its copy here is given up, and the destination has not said that one waits there'
  // Nothing brings it back, so once is not enough (docs/adr/004).
  if (givenUp && told.bothPaused === 0) return 'its copy here is given up at the first answers'
  if (result.kind !== 'done' || duty !== null) return null
  return isThere(told.there) || told.tookOver ? null : 'the VM was not seen to run there'
}

/** Of a source that has let go nothing is asked any more: then its own hypervisor's answer to the last question is all there is. */
const hasLookedSince = ({ letGo, looked }: Told): boolean =>
  letGo && looked !== null && looked.answer !== null

const whyNotClosed = (open: OpenAction, told: Told, record: Closed): string | null => {
  switch (open.kind) {
    case 'departure':
      return whyNotDeparted(told, record)
    case 'arrival':
      if (record.result.kind === 'done') return told.ran ? null : 'the VM was not seen to run here'
      return told.cancelled || told.here !== null || hasLookedSince(told)
        ? null
        : 'its own hypervisor has not said where the VM is'
    default:
      return told.here !== null ? null : 'the hypervisor has not said where the VM is'
  }
}

const isLifecycle = (open: OpenAction | undefined): boolean =>
  open !== undefined && open.kind !== 'departure' && open.kind !== 'arrival'

/** Why a copy may not be resumed, and which rule says so; null = it may. */
const whyNotResumed = (
  open: OpenAction,
  told: Told,
  away: boolean,
): readonly ['R1' | 'R2', string] | null => {
  if (open.kind === 'arrival')
    return told.letGo || isNowhere(told.there) ? null : ['R2', 'its source has not said that it is gone']
  if (away)
    return told.gone || told.finished === 'done' ? null : ['R2', 'it is not known to be gone from its source']
  if (told.here !== 'paused') return ['R1', 'it is not known to be paused here']
  return isNowhere(told.there) ? null : ['R1', 'the destination has not said that it has no copy']
}

interface DoubtState {
  readonly findings: Findings
  readonly all: Map<HostId, Map<ActionId, Told>>
  /** Of all lives of all agents. */
  readonly performed: Set<ActionId>
  /** Ended, with the destination silent. */
  readonly unconfirmed: Set<ActionId>
}

export const createDoubtCheck = ({ findings }: Pick<Scene, 'findings'>): Check => {
  const state: DoubtState = { findings, all: new Map(), performed: new Set(), unconfirmed: new Set() }
  return {
    agent(event, book) {
      switch (event.kind) {
        case 'born':
          return born(state, book, event)
        case 'input':
          return learn(toldOf(state, book), event)
        case 'effect':
          return asks(state, book, event)
        case 'sent':
          return sent(state, book, event)
        case 'written':
          return written(state, book, event)
      }
    },
  }
}

const toldOf = ({ all }: DoubtState, { id }: HostBook): Map<ActionId, Told> => {
  let told = all.get(id)
  if (told === undefined) {
    told = new Map()
    all.set(id, told)
  }
  return told
}

const born = (state: DoubtState, book: HostBook, { restored }: EventOf<'born'>): void => {
  const told = toldOf(state, book)
  told.clear()
  const kept = new Set(restored.open.map((one) => one.action))
  for (const action of kept) {
    told.set(action, nothingTold())
    // How it ended in the life before is in no journal: it is to be ended again.
    state.unconfirmed.delete(action)
  }
  for (const action of book.open.keys())
    if (!kept.has(action))
      state.findings.tell('S12', `${book.name} was started again and has lost ${action} from its journal`)
}

const performs = ({ findings, performed }: DoubtState, book: HostBook, action: ActionId): void => {
  if (performed.has(action)) findings.tell('S12', `${book.name} was told to perform ${action} a second time`)
  performed.add(action)
  const vm = book.open.get(action)?.vm
  for (const other of book.open.values())
    if (other.vm === vm && other.action !== action)
      findings.tell('S12', `${book.name} was told to perform ${action} while ${other.action} is not settled`)
}

/** What it is told counts from the moment it opens the action, though a full disk may take the record later. */
const opens = (state: DoubtState, book: HostBook, record: JournalRecord): void => {
  const all = toldOf(state, book)
  if (record.kind === 'opened' && !all.has(record.open.action)) all.set(record.open.action, nothingTold())
}

const asks = (state: DoubtState, book: HostBook, { effect }: EventOf<'effect'>): void => {
  if (effect.kind === 'persist') opens(state, book, effect.record)
  if (effect.kind === 'perform') performs(state, book, effect.action)
  if (effect.kind !== 'inspect' && effect.kind !== 'resume') return
  const told = toldOf(state, book).get(effect.action)
  if (told === undefined) return
  const open = book.open.get(effect.action)
  if (effect.kind === 'inspect') {
    if (effect.at === null) told.looked = { round: effect.round, answer: null }
    // Of a start or stop only its own hypervisor is asked.
    if (isLifecycle(open)) askAnew(told, effect.round)
    return
  }
  const fault = open === undefined ? null : whyNotResumed(open, told, effect.at !== null)
  if (fault !== null)
    state.findings.tell(fault[0], `${book.name} resumes ${effect.vm} by ${effect.action}: ${fault[1]}`)
}

/** As long as its journal has the VM here, it hands over only what it knows to be gone. */
const handsOver = (state: DoubtState, book: HostBook, action: ActionId): void => {
  const told = toldOf(state, book).get(action)
  if (told === undefined || book.open.get(action)?.kind !== 'departure') return
  if (!told.gone && told.finished !== 'done')
    state.findings.tell(
      'R2',
      `${book.name} hands over by ${action}, and its own copy is neither gone nor given up`,
    )
}

const sent = (state: DoubtState, book: HostBook, { message }: EventOf<'sent'>): void => {
  if (message.kind === 'where-is') {
    const told = toldOf(state, book).get(message.action)
    if (told !== undefined) askAnew(told, message.round)
  }
  if (message.kind === 'hand-over') handsOver(state, book, message.action)
  if (message.kind === 'ended' && message.result.kind === 'done' && state.unconfirmed.has(message.action))
    state.findings.tell(
      'S12',
      `${book.name} says that ${message.action} is done, of which its destination has said nothing`,
    )
}

const written = (state: DoubtState, book: HostBook, { record }: EventOf<'written'>): void => {
  opens(state, book, record)
  const all = toldOf(state, book)
  if (record.kind === 'discharged') state.unconfirmed.delete(record.action)
  if (record.kind !== 'closed') return
  const open = book.open.get(record.action)
  const told = all.get(record.action)
  all.delete(record.action)
  if (open === undefined || told === undefined) return
  const fault = whyNotClosed(open, told, record)
  if (fault !== null)
    state.findings.tell('S12', `${book.name} ends ${record.action} as ${record.result.kind}: ${fault}`)
  if (record.duty?.word === 'hand-over' && told.there === null && !told.tookOver)
    state.unconfirmed.add(record.action)
}
