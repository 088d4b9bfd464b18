/** One event, one log line. INFO is what operators read every day: one line per decision and one per move. */

import type { AgentEvent } from './agent-port.ts'
import type { Log } from './log-port.ts'

export const logEvent = (log: Log, event: AgentEvent): void => {
  switch (event.kind) {
    case 'decision': {
      const { id, reason, result, code, members, text, asMember } = event.decision
      const fields = { decision: id, reason, result, code, members: members.length, asMember }
      // A member's record repeats what its leader has already told.
      if (result === 'running' || asMember) log.debug(fields, `${reason}: ${text}`)
      else log.info(fields, `${reason}: ${result}: ${text}`)
      return
    }
    case 'warning':
      return log.warn({ code: event.code, vm: event.vm }, event.text)
    case 'moving':
      return log.debug(
        { decision: decisionOf(event.action), vm: event.vm, peer: event.peer },
        'a migration was begun',
      )
    case 'moved': {
      const { action, vm, peer, result, durationMs } = event
      const fields = { decision: decisionOf(action), vm, peer, result: result.kind, durationMs }
      if (result.kind === 'done')
        return log.info({ ...fields, code: null }, `migrated in ${(durationMs / 1_000).toFixed(1)} s`)
      return log.info({ ...fields, code: result.code }, `not migrated (${result.kind}): ${result.detail}`)
    }
    case 'operating':
      return log.debug(
        { decision: decisionOf(event.action), vm: event.vm, operation: event.operation },
        'a VM is asked to change its state',
      )
    case 'operated': {
      const { action, vm, operation, result, durationMs } = event
      const fields = { decision: decisionOf(action), vm, operation, result: result.kind, durationMs }
      if (result.kind === 'done')
        return log.info({ ...fields, code: null }, `${operation}: ${(durationMs / 1_000).toFixed(1)} s`)
      const detail = result.detail ?? result.code
      return log.info({ ...fields, code: result.code }, `${operation}: ${result.kind}: ${detail}`)
    }
    case 'progress':
    case 'sampled':
    case 'solved':
      return log.trace(event)
    case 'fatal':
      // The cause and its stack were logged where the error was caught.
      return
    default:
      event satisfies never
  }
}

/** An action is `<partition>/<index>`, and the partition names the decision. */
export const decisionOf = (action: string): string => action.slice(0, action.lastIndexOf('/'))
