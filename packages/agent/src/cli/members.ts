/** `drover members`: the hosts that this agent knows, in the order of the ring. */
import { byText, durationText, usableOf } from '@drover/protocol'
import { type Command, Option } from 'commander'
import type { MembersAnswer } from '../api/client.ts'
import { clientOf } from './agent-client.ts'
import { type Io, type Paint, painter, printJson } from './io.ts'
import { type CommonOptions, command } from './options.ts'
import { table } from './table.ts'
import { percent, shortHost, stateText } from './words.ts'

export const renderMembers = ({ members }: MembersAnswer, wide: boolean, paint: Paint): string => {
  const head = ['NAME', 'PEER', 'STATE', 'MODE', 'CPU', 'MEMORY', 'VMS']
  const wideHead = ['PLACE', 'LOCATION', 'HEARD', 'VERSION', 'POLICY', 'CPU MODEL', 'PARTITION']
  const rows = members.map((member) => {
    const { summary } = member
    const usable = usableOf(summary)
    const state = stateText(member)
    const row = [
      summary.name,
      wide ? summary.host : shortHost(summary.host),
      /^alive/.test(state) ? state : paint('yellow', state),
      summary.mode,
      percent(summary.demand.cpuMilli, usable.cpuMilli) + (summary.overloaded ? ' !' : ''),
      percent(summary.demand.memoryMiB, usable.memoryMiB),
      String(summary.vms),
    ]
    return wide
      ? [
          ...row,
          `${member.position + 1}${member.neighbour ? ' (neighbour)' : ''}`,
          summary.location,
          `${durationText(member.ageMs)} ago`,
          summary.version,
          summary.policyHash.slice(0, 8),
          summary.cpuBaseline,
          summary.partition ?? '-',
        ]
      : row
  })
  const hashes = new Set(members.map(({ summary }) => summary.policyHash))
  const drift =
    hashes.size > 1
      ? `\nThe policy differs between hosts: ${[...hashes]
          .map((hash) => hash.slice(0, 8))
          .sort(byText)
          .join(', ')} (see -o wide).\n`
      : ''
  return table([(wide ? [...head, ...wideHead] : head).map((word) => paint('bold', word)), ...rows]) + drift
}

interface MembersOptions extends CommonOptions {
  readonly output: 'table' | 'wide' | 'json'
}

export const membersCommand = (io: Io): Command =>
  command(
    'members',
    'the hosts that this agent knows, in ring order; `!` = overloaded',
    'drover members -o wide',
  )
    .addOption(
      new Option('-o, --output <format>', 'how to print').choices(['table', 'wide', 'json']).default('table'),
    )
    .action(async (_: unknown, self: Command) => {
      const options = self.optsWithGlobals<MembersOptions>()
      const answer = await clientOf(io, options).members()
      if (options.json === true || options.output === 'json') printJson(io, answer)
      else io.out(renderMembers(answer, options.output === 'wide', painter(io)))
    })
