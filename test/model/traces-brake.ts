/** Traces of brake.pml: one action of a plan, and what the operators of its two hosts say meanwhile. */
import { type ActionId, leaderOf, type PartitionId } from '../../packages/protocol/src/index.ts'
import { numberOf, type Step, step, type Trace, type TracedEvent } from './trace.ts'

interface Braked {
  readonly action: ActionId
  readonly source: number
  readonly destination: number
  /** 0 when its leader is its source, else 1: the places that the model has. */
  readonly p: number
  readonly steps: Step[]
  over: boolean
}

const observedAt = (one: Braked, host: number): string | null => {
  if (host === one.source) return one.p === 0 ? 'observe_leader' : 'observe_source'
  return host === one.destination ? 'observe_destination' : null
}

/** What the operator of that host has said; it holds from the reply on, in the same step. */
const commanded = (one: Braked, { host, input }: Extract<TracedEvent, { kind: 'input' }>): void => {
  if (input.kind !== 'commanded') return
  const { command } = input
  if (command.kind === 'mode' && observedAt(one, host) !== null) {
    if (command.mode === 'observe') one.steps.push(step(observedAt(one, host)!))
    else one.over = true
  }
  if (host !== one.destination) return
  if (command.kind === 'drain' && !command.dryRun) one.steps.push(step('drain_destination'))
  if (command.kind === 'undrain') one.over = true
}

const asked = (one: Braked, { host, effect }: Extract<TracedEvent, { kind: 'effect' }>): void => {
  if (effect.kind === 'perform' && effect.action === one.action && host === one.source)
    one.steps.push(step('s_performs', one.p))
  if (effect.kind === 'persist' && effect.record.kind === 'opened' && host === one.destination) {
    if (effect.record.open.action !== one.action) return
    if (one.steps.some(({ name }) => name === 'd_admits')) one.over = true
    else one.steps.push(step('d_admits', one.p))
  }
  if (effect.kind === 'persist' && effect.record.kind === 'closed' && effect.record.action === one.action)
    if (host === one.source) one.over = true
  if (
    effect.kind === 'send' &&
    effect.message.kind === 'not-admitted' &&
    effect.message.action === one.action
  )
    one.steps.push(step('d_refuses', one.p))
}

/** The question that begins a trace, or null; `modes`: hosts whose operators had said so before. */
const questionIn = (event: TracedEvent, before: ReadonlySet<string>): Braked | null => {
  if (event.kind !== 'effect' || event.effect.kind !== 'send') return null
  const { message, to } = event.effect
  if (message.kind !== 'admit' || Number.isNaN(numberOf(to))) return null
  const { action, partition } = message
  const p = isLeader(partition, event.host) ? 0 : 1
  const one: Braked = { action, source: event.host, destination: numberOf(to), p, steps: [], over: false }
  if (before.has(`observe ${one.destination}`)) one.steps.push(step('observe_destination'))
  if (before.has(`drain ${one.destination}`)) one.steps.push(step('drain_destination'))
  one.steps.push(step('s_asks', p))
  return one
}

const isLeader = (partition: PartitionId, host: number): boolean => numberOf(leaderOf(partition)) === host

/** What operators have said so far, and still holds. */
const remember = (before: Set<string>, event: TracedEvent): void => {
  if (event.kind !== 'input' || event.input.kind !== 'commanded') return
  const { command } = event.input
  const key = `${command.kind === 'mode' ? 'observe' : 'drain'} ${event.host}`
  const on =
    (command.kind === 'mode' && command.mode === 'observe') || (command.kind === 'drain' && !command.dryRun)
  const off = (command.kind === 'mode' && command.mode !== 'observe') || command.kind === 'undrain'
  if (on) before.add(key)
  if (off) before.delete(key)
}

export const brakeTraces = (events: readonly TracedEvent[], label: string): readonly Trace[] => {
  const all = new Map<ActionId, Braked>()
  const before = new Set<string>()
  for (const event of events) {
    const question = questionIn(event, before)
    if (question !== null && !all.has(question.action)) all.set(question.action, question)
    else
      for (const one of all.values()) {
        if (one.over) continue
        if (event.kind === 'effect') asked(one, event)
        else if (event.kind === 'input') commanded(one, event)
        // What is lost with an agent is another model's matter.
        else if (event.kind === 'died' && (event.host === one.source || event.host === one.destination))
          one.over = true
      }
    remember(before, event)
  }
  return [...all.values()].map(({ action, steps }) => ({
    model: 'brake',
    label: `${label} ${action}`,
    steps,
  }))
}
