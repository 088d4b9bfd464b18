/**
 * Q1: a VM whose migrations fail is left alone for a while, also by operators: after the second failure in a row, or the
 * first that had to be broken off. Its host remembers that as long as its agent lives and sees the VM.
 */
import type { ActionResult, Effect, JournalRecord, VmId } from '@drover/protocol'
import type { AgentEvent } from './agent-feed.ts'
import { clockRateMax } from './clock-rates.ts'
import type { HostBook } from './host-book.ts'
import type { Check, Scene } from './scene.ts'

/** The VM is to blame for so much, in failures: two of the first kind, one of the second. */
const failed: ReadonlySet<string> = new Set(['migration.failed', 'migration.refused', 'hypervisor.refused'])
const brokenOff: ReadonlySet<string> = new Set([
  'migration.stalled',
  'migration.timeout',
  'mem.would_not_converge',
])
const failuresMax = 2

interface Failures {
  readonly count: number
  /** By the world's clock; a moment that is over = it is not left alone. */
  readonly until: number
}

interface Memory {
  /** When the step began that is being carried out: what it asks for may come much later. */
  steppedAt: number
  readonly failures: Map<VmId, Failures>
}

const isBlamed = (result: ActionResult, codes: ReadonlySet<string>): boolean =>
  result.kind === 'refused' && codes.has(result.code)

export const createQuarantineCheck = ({ world, findings, policy }: Scene): Check => {
  if (policy === null) return {}
  const memories = new Map<HostBook, Memory>()
  const memoryOf = (book: HostBook): Memory => {
    const memory = memories.get(book) ?? { steppedAt: 0, failures: new Map() }
    memories.set(book, memory)
    return memory
  }

  const closed = ({ failures, steppedAt }: Memory, record: Extract<JournalRecord, { kind: 'closed' }>) => {
    const { vm, end, result } = record
    const before = failures.get(vm) ?? { count: 0, until: 0 }
    if (result.kind === 'done') failures.delete(vm)
    if (end !== 'departure') return
    const broken = isBlamed(result, brokenOff)
    if (!broken && !isBlamed(result, failed)) return
    const count = before.count + 1
    const isLeft = broken || count >= failuresMax
    const until = isLeft ? steppedAt + policy.quarantineMs / clockRateMax : before.until
    failures.set(vm, { count, until })
  }

  const performs = (book: HostBook, { vm, kind }: Extract<Effect, { kind: 'perform' }>['operation']) => {
    const { failures, steppedAt } = memoryOf(book)
    const of = failures.get(vm)
    if (kind !== 'migrate' || of === undefined || steppedAt >= of.until) return
    findings.tell(
      'Q1',
      `${book.name} moves ${world.vm(vm).name} ${Math.round(of.until - steppedAt)} ms before it may be tried again, after ${of.count} failures`,
    )
  }

  return {
    agent(event: AgentEvent, book) {
      if (event.kind === 'born') memories.delete(book)
      if (event.kind === 'input') {
        const memory = memoryOf(book)
        if (event.input.kind !== 'observed') return
        // What a host does not see it need not remember, once it may be tried again.
        const seen = new Set(event.input.vms.map(({ vm }) => vm))
        for (const vm of memory.failures.keys()) if (!seen.has(vm)) memory.failures.delete(vm)
      }
      if (event.kind === 'stepped') memoryOf(book).steppedAt = event.at
      if (event.kind !== 'effect') return
      const { effect } = event
      if (effect.kind === 'perform') performs(book, effect.operation)
      if (effect.kind === 'persist' && effect.record.kind === 'closed') closed(memoryOf(book), effect.record)
    },
  }
}
