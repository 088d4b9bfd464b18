/** All decisions of a cluster, kept when the agent that made them is gone; the leader's own record counts. */
import type { Agent } from '@drover/agent/runtime'
import type { Decision } from '@drover/protocol'

export interface DecisionHistory {
  /** Listens to one agent until it ends. */
  follow(agent: Agent): void
  /** One record per partition, in the order in which they were first heard of. */
  decisions(): readonly Decision[]
  /** Calls back on every change of a leader's record; returns what ends that. */
  onDecision(listener: (decision: Decision) => void): () => void
  readonly warnings: readonly { readonly host: string; readonly code: string; readonly text: string }[]
}

/** Warnings kept; older ones are dropped. */
const warningsMax = 1_000

export const createDecisionHistory = (): DecisionHistory => {
  const decisions = new Map<string, Decision>()
  const listeners = new Set<(decision: Decision) => void>()
  const warnings: { host: string; code: string; text: string }[] = []
  return {
    follow(agent) {
      agent.events((event) => {
        if (event.kind === 'warning') {
          warnings.push({ host: agent.host, code: event.code, text: event.text })
          if (warnings.length > warningsMax) warnings.shift()
        }
        if (event.kind !== 'decision') return
        const { decision } = event
        const known = decisions.get(decision.id)
        // A member tells only what its leader did not live to tell.
        if (known !== undefined && !known.asMember && decision.asMember) return
        decisions.set(decision.id, decision)
        for (const listener of [...listeners]) listener(decision)
      })
    },
    decisions: () => [...decisions.values()],
    onDecision(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    warnings,
  }
}
