/** Waits for the end of a decision. The core answers a command when it is begun; an operator wants to see its outcome. */
import type { Decision, PartitionId } from '@drover/protocol'
import type { Agent } from '../agent-port.ts'

/** Starts listening at once, so that a decision which ends before its id is known is not missed. */
export const createDecisionWatch = (
  agent: Agent,
): {
  /** The decision as it ended, or as far as it came within `timeoutMs`; null when nothing was heard of it. */
  ended(id: PartitionId, timeoutMs: number): Promise<Decision | null>
  close(): void
} => {
  const newest = new Map<PartitionId, Decision>()
  let notify: () => void = () => {}
  const unsubscribe = agent.events((event) => {
    if (event.kind !== 'decision') return
    newest.set(event.decision.id, event.decision)
    notify()
  })
  const look = (id: PartitionId): Decision | null =>
    newest.get(id) ?? agent.status().view.decisions.find((decision) => decision.id === id) ?? null
  return {
    ended: (id, timeoutMs) =>
      new Promise((resolve) => {
        const over = (): void => {
          clearTimeout(timer)
          notify = () => {}
          resolve(look(id))
        }
        const timer = setTimeout(over, timeoutMs)
        notify = () => {
          const decision = look(id)
          if (decision !== null && decision.result !== 'running') over()
        }
        notify()
      }),
    close: unsubscribe,
  }
}
