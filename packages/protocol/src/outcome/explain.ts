/**
 * Why did it move, and why did it not? A pure function of what an agent knows: its view and its decision records.
 * The answer is data; every line has a reason code and its numbers.
 */
import type { PeerView } from '../data/view.ts'
import { explainHost } from './explain-host.ts'
import { explainVm } from './explain-vm.ts'
import type { DatedDecision, Explanation } from './explanation.ts'
import type { Subject } from './subject.ts'

export const explain = (
  view: PeerView,
  decisions: readonly DatedDecision[],
  subject: Subject,
): Explanation | null => {
  switch (subject.kind) {
    case 'vm':
      return explainVm(view, decisions, subject.vm, subject.name)
    case 'host':
      return explainHost(view, decisions, subject.host, subject.name)
    case 'decision': {
      const record = decisions.find(({ decision }) => decision.id === subject.decision)
      return record === undefined ? null : { kind: 'decision', record }
    }
    default:
      return subject satisfies never
  }
}
