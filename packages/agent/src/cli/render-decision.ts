/** A decision as text: what it was for, what it does, what it changes, and why not otherwise. */
import {
  coresText,
  type Decision,
  durationText,
  memoryText,
  reasonText,
  resourcesText,
} from '@drover/protocol'
import type { Paint } from './io.ts'
import { table } from './table.ts'
import { shortDecision, timeText } from './words.ts'

const resultColour = (result: Decision['result']): 'green' | 'yellow' | 'red' =>
  result === 'cured' || result === 'satisfied' ? 'green' : result === 'failed' ? 'red' : 'yellow'

const hostName = (decision: Decision, host: string): string =>
  decision.hosts.find((one) => one.host === host)?.name ??
  decision.candidates.find((one) => one.host === host)?.name ??
  (host === decision.leader ? decision.leaderName : host)

export const placesText = (decision: Decision, action: Decision['actions'][number]['action']): string => {
  switch (action.kind) {
    case 'migrate':
      return `${hostName(decision, action.from)} → ${hostName(decision, action.to)}`
    case 'suspend':
      return `suspend on ${hostName(decision, action.from)}`
    case 'resume':
      return `resume on ${hostName(decision, action.to)}`
    case 'start':
      return `start on ${hostName(decision, action.to)}`
    case 'stop':
      return `stop on ${hostName(decision, action.from)}`
    default:
      return action satisfies never
  }
}

const stepRows = (decision: Decision): string[][] =>
  decision.actions.map((record, index) => {
    const { action, vmName, demand, result } = record
    const after = action.after
      .map((id) => decision.actions.findIndex((other) => other.action.id === id) + 1)
      .filter((number) => number > 0)
    const how =
      result === null
        ? 'not ended'
        : result.kind === 'would'
          ? 'not started'
          : result.kind === 'done'
            ? 'done'
            : `${result.kind} ${result.code}: ${reasonText(result.code)}`
    return [
      `${index + 1}.`,
      vmName,
      placesText(decision, action),
      resourcesText(demand),
      how + (after.length === 0 ? '' : ` (after ${after.join(', ')})`),
    ]
  })

export const renderDecision = (decision: Decision, atWallMs: number | null, paint: Paint): string => {
  const parts: string[] = []
  const section = (title: string, rows: readonly (readonly string[])[]): void => {
    if (rows.length > 0) parts.push(`\n${paint('bold', title)}\n${table(rows, '  ')}`)
  }
  parts.push(
    table([
      [
        paint('bold', 'decision'),
        `${shortDecision(decision.id)}${atWallMs === null ? '' : `  ${timeText(atWallMs)}`}`,
      ],
      ['why', `${decision.reason}: ${decision.need}`],
      [
        'by',
        `${decision.leaderName}, mode ${decision.mode}, with ${decision.members.length} host${decision.members.length === 1 ? '' : 's'}`,
      ],
      [
        'result',
        `${paint(resultColour(decision.result), decision.result)}${decision.code === null ? '' : ` ${decision.code}`}${decision.text === '' ? '' : `: ${decision.text}`}`,
      ],
    ]),
  )
  section('Steps', stepRows(decision))
  section(
    'Hosts, before → after',
    decision.hosts.map(({ name, usable, before, after }) => [
      name,
      `cpu ${coresText(before.cpuMilli)} → ${coresText(after.cpuMilli)} of ${coresText(usable.cpuMilli)} usable`,
      `memory ${memoryText(before.memoryMiB)} → ${memoryText(after.memoryMiB)} of ${memoryText(usable.memoryMiB)} usable`,
    ]),
  )
  section(
    'Hosts that were considered',
    decision.candidates.map(({ name, code, text }) => [name, code ?? paint('green', 'took part'), text]),
  )
  section(
    'VMs that stayed',
    decision.stayed.map(({ name, code }) => [name, code, reasonText(code)]),
  )
  const times = [
    decision.reservedMs === null ? null : `hosts reserved after ${durationText(decision.reservedMs)}`,
    decision.solvedMs === null ? null : `solved after ${durationText(decision.solvedMs)}`,
    decision.detectToStartMs === null ? null : `first start after ${durationText(decision.detectToStartMs)}`,
    decision.endedMs === null ? null : `ended after ${durationText(decision.endedMs)}`,
  ].filter((text) => text !== null)
  if (times.length > 0) parts.push(`\n${paint('dim', times.join(', '))}\n`)
  return parts.join('')
}

/** One line per decision, as `history` and `explain` list them. */
export const decisionRow = (atWallMs: number | null, decision: Decision): string[] => {
  const moved = decision.actions.filter(({ result }) => result?.kind === 'done').length
  return [
    timeText(atWallMs),
    shortDecision(decision.id),
    decision.reason,
    decision.result + (decision.code === null ? '' : ` (${decision.code})`),
    decision.actions.length === 0
      ? 'no moves'
      : decision.result === 'would'
        ? `${decision.actions.length} planned`
        : `${moved} of ${decision.actions.length} moved`,
    decision.text,
  ]
}
