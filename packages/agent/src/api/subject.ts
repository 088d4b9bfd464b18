/** What the words of a request mean on this host: a VM, a host, a decision. Throws the failure to answer with. */
import {
  type DatedDecision,
  findSubject,
  type HostId,
  type PeerView,
  type Subject,
  type SubjectKind,
} from '@drover/protocol'
import type { Agent } from '../agent-port.ts'
import { ApiFailure } from './error-answer.ts'

/** Decisions of the journal that are looked through. */
const historyMax = 1_000

/** Decisions from the journal, and those of the view that are not in it yet. */
export const datedDecisions = (agent: Agent): readonly DatedDecision[] => {
  const kept = agent.history({ limit: historyMax })
  const ids = new Set(kept.map(({ decision }) => decision.id))
  const fresh = agent.status().view.decisions.filter((decision) => !ids.has(decision.id))
  return [...fresh.map((decision) => ({ atWallMs: null, decision })), ...kept]
}

export const subjectOf = (
  view: PeerView,
  decisions: readonly DatedDecision[],
  text: string,
  kind: SubjectKind | null,
): Subject => {
  const found = findSubject(
    view,
    decisions.map(({ decision }) => decision),
    text,
    kind,
  )
  switch (found.kind) {
    case 'found':
      return found.subject
    case 'ambiguous':
      throw new ApiFailure(400, {
        code: 'request.ambiguous',
        text: `"${text}" may mean: ${found.matches.join(', ')}`,
        matches: [...found.matches],
      })
    case 'absent':
      throw new ApiFailure(404, {
        code: 'request.unknown',
        text: `no ${kind ?? 'VM, host or decision'} "${text}" is known on this host`,
      })
    default:
      return found satisfies never
  }
}

export const hostOf = (view: PeerView, text: string): HostId => {
  const subject = subjectOf(view, [], text, 'host')
  return subject.kind === 'host' ? subject.host : view.host
}
