/**
 * L1: a migration that sends nothing any more is asked to stop, by the agent that began it, or that has it in its journal and hears
 * from both ends that it runs, and that is told of it all the time.
 */
import { type ActionId, limits, type VmId } from '@drover/protocol'
import type { HostBook } from './host-book.ts'
import { createJobDoubts } from './job-doubts.ts'
import type { Check, Scene } from './scene.ts'

export interface SupervisionCheck extends Check {
  /** Looks at all migrations that run. */
  look(): void
}

/** An agent may be told so seldom of the migrations that run, ms. */
const gapMsMax = 5_000
/** What it may take beyond the time after which it has to be stopped, ms. */
const patienceMs = 20_000

interface Progress {
  readonly startedAt: number
  sentMiB: number
  since: number
}

export const createSupervisionCheck = ({ world, findings, named }: Scene): SupervisionCheck => {
  const progress = new Map<VmId, Progress>()
  /** Since when each agent has been told of its migrations without a gap, and when the last time. */
  const told = new Map<HostBook, { since: number; last: number }>()
  /** What the agents that live now have begun, and have not asked to stop. */
  const begun = new Map<HostBook, Map<ActionId, VmId>>()

  const doubts = createJobDoubts(world)

  const hear = (book: HostBook): void => {
    const now = world.clock.now()
    const before = told.get(book)
    const goesOn = before !== undefined && now - before.last <= gapMsMax
    told.set(book, { since: goesOn ? before.since : now, last: now })
  }

  const isTold = (book: HostBook, since: number): boolean => {
    const heard = told.get(book)
    return heard !== undefined && heard.since <= since && world.clock.now() - heard.last <= gapMsMax
  }

  return {
    agent(event, book) {
      if (event.kind === 'born' || event.kind === 'ended') {
        begun.set(book, new Map())
        told.delete(book)
      }
      if (event.kind === 'input' && event.input.kind === 'jobs') hear(book)
      if (event.kind === 'born')
        for (const open of event.restored.open)
          if (open.kind === 'departure') {
            begun.get(book)?.set(open.action, open.vm)
            doubts.begin(book, open.action)
          }
      if (event.kind === 'input') doubts.told(book, event.input)
      if (event.kind !== 'effect') return
      const { effect } = event
      if (effect.kind === 'perform' && effect.operation.kind === 'migrate')
        begun.get(book)?.set(effect.action, effect.operation.vm)
      if (effect.kind === 'abort') begun.get(book)?.delete(effect.action)
      doubts.asks(book, effect)
      if (effect.kind === 'persist' && effect.record.kind === 'closed') {
        begun.get(book)?.delete(effect.record.action)
      }
    },
    look() {
      const now = world.clock.now()
      const running = world.migrations()
      for (const { vm, from, startedAt, transferredMiB } of running) {
        const before = progress.get(vm)
        if (before?.startedAt !== startedAt || before.sentMiB !== transferredMiB) {
          progress.set(vm, { startedAt, sentMiB: transferredMiB, since: now })
          continue
        }
        const book = named(from)
        const bound = limits.migrationStallMs + patienceMs
        if (book === null || now - before.since <= bound || !isTold(book, now - bound)) continue
        if (![...(begun.get(book) ?? [])].some(([action, of]) => of === vm && doubts.isKnown(book, action)))
          continue
        findings.once(
          `L1 ${from} ${vm} ${startedAt}`,
          'L1',
          `${world.vm(vm).name} has been stuck on its way from ${from} for ${Math.round(now - before.since)} ms, and is not asked to stop`,
        )
      }
      for (const vm of progress.keys()) if (!running.some((one) => one.vm === vm)) progress.delete(vm)
    },
  }
}
