/** An explanation as text, for a tired operator: the answer first, then one line per host, then what happened before. */
import {
  type DatedDecision,
  type Explanation,
  type HostExplanation,
  reasonText,
  type Verdict,
  type VmExplanation,
} from '@drover/protocol'
import type { Paint } from './io.ts'
import { decisionRow, renderDecision } from './render-decision.ts'
import { table } from './table.ts'
import { shortHost, shortVm } from './words.ts'

const verdictLine = ({ code, text }: Verdict, paint: Paint): string =>
  `${code === null ? '' : `${paint('yellow', code)}  `}${text}\n`

const decisionsPart = (decisions: readonly DatedDecision[], paint: Paint): string =>
  decisions.length === 0
    ? ''
    : `\n${paint('bold', 'Decisions, newest first')}\n${table(
        decisions.map(({ atWallMs, decision }) => decisionRow(atWallMs, decision)),
        '  ',
      )}`

const candidateRows = (candidates: VmExplanation['candidates'], paint: Paint): string[][] =>
  candidates.map(({ name, code, text }) => [name, code ?? paint('green', 'yes'), text])

const facts = (lines: readonly string[]): string => lines.map((line) => `  ${line}\n`).join('')

const renderVm = (explanation: VmExplanation, paint: Paint): string => {
  const { name, vm, verdict, candidates, here } = explanation
  const head = `${paint('bold', `VM ${name}`)}  ${shortVm(vm)}\n${verdictLine(verdict, paint)}${facts(explanation.facts)}`
  const where =
    candidates.length > 0
      ? `\n${paint('bold', 'Could it go to …')}\n${table(candidateRows(candidates, paint), '  ')}`
      : here
        ? '\nNo other host is known here: there is nowhere to go.\n'
        : ''
  return head + where + decisionsPart(explanation.decisions, paint)
}

const renderHost = (explanation: HostExplanation, paint: Paint): string => {
  const { name, host, self, verdict, fixed, newest } = explanation
  const parts = [
    `${paint('bold', `Host ${name}`)}  ${shortHost(host)}${self ? '  (this host)' : ''}\n`,
    verdictLine(verdict, paint),
    facts(explanation.facts),
  ]
  if (newest !== null && newest.decision.candidates.length > 0)
    parts.push(
      `\n${paint('bold', 'Which hosts could help, when it last asked')}\n`,
      table(
        newest.decision.candidates.map(({ name: other, code, text }) => [
          other,
          code ?? paint('green', 'took part'),
          text,
        ]),
        '  ',
      ),
    )
  if (fixed.length > 0)
    parts.push(
      `\n${paint('bold', 'VMs that cannot leave')}\n`,
      table(
        fixed.map((vm) => [vm.name, vm.code, reasonText(vm.code)]),
        '  ',
      ),
    )
  parts.push(decisionsPart(explanation.decisions, paint))
  return parts.join('')
}

export const renderExplanation = (explanation: Explanation, paint: Paint): string => {
  switch (explanation.kind) {
    case 'vm':
      return renderVm(explanation, paint)
    case 'host':
      return renderHost(explanation, paint)
    case 'decision':
      return renderDecision(explanation.record.decision, explanation.record.atWallMs, paint)
    default:
      return explanation satisfies never
  }
}
