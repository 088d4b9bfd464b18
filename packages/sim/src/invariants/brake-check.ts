/** S10: what an operator has called off does not begin: no migration in mode observe, out or in, and none of a drain that was undone. */
import type { ActionId, Command, Effect, Mode, PartitionId } from '@drover/protocol'
import { type HostBook, partitionOf } from './host-book.ts'
import type { Check, Scene } from './scene.ts'

interface Will {
  /** Null: as it is configured. */
  mode: Mode | null
  /** Partitions that empty this host, and those of them that were called off. */
  readonly drains: Set<PartitionId>
  readonly undone: Set<PartitionId>
  readonly letIn: Set<ActionId>
}

export const createBrakeCheck = ({ findings }: Pick<Scene, 'findings'>): Check => {
  const wills = new Map<HostBook, Will>()
  const willOf = (book: HostBook): Will => {
    const will = wills.get(book) ?? { mode: null, drains: new Set(), undone: new Set(), letIn: new Set() }
    wills.set(book, will)
    return will
  }

  /** A VM that was let in before may still come. */
  const letsIn = (book: HostBook, action: ActionId): void => {
    const will = willOf(book)
    if (will.letIn.has(action)) return
    will.letIn.add(action)
    if (will.mode === 'observe')
      findings.tell('S10', `${book.name} lets a VM in by ${action} although its mode is observe`)
  }

  const ordered = (will: Will, command: Command): void => {
    if (command.kind === 'mode') will.mode = command.mode
    if (command.kind === 'undrain') for (const partition of will.drains) will.undone.add(partition)
  }

  const asks = (book: HostBook, effect: Effect): void => {
    const will = willOf(book)
    if (effect.kind === 'report' && effect.decision.reason === 'drain' && effect.decision.leader === book.id)
      will.drains.add(effect.decision.id)
    if (effect.kind !== 'perform') return
    if (will.mode === 'observe')
      findings.tell('S10', `${book.name} begins ${effect.action} although its mode is observe`)
    if (will.undone.has(partitionOf(effect.action)))
      findings.tell('S10', `${book.name} begins ${effect.action} although its drain was undone`)
  }

  return {
    agent(event, book) {
      if (event.kind === 'born') wills.set(book, { ...willOf(book), mode: event.restored.mode })
      if (event.kind === 'input' && event.input.kind === 'commanded')
        ordered(willOf(book), event.input.command)
      if (event.kind === 'effect') asks(book, event.effect)
      if (event.kind === 'sent' && event.message.kind === 'admitted') letsIn(book, event.message.action)
    },
  }
}
