/** `drover status`: one screen. */
import { durationText, reasonText } from '@drover/protocol'
import type { Command } from 'commander'
import { ApiError } from '../api/api-error.ts'
import type { StatusAnswer } from '../api/client.ts'
import { clientOf } from './agent-client.ts'
import { CliFailure, exitCode } from './exit.ts'
import { type Io, type Paint, painter, printJson, sleep } from './io.ts'
import { type CommonOptions, command, parseDurationMs } from './options.ts'
import { table } from './table.ts'
import { cpuLoad, hostNames, memoryLoad, shortDecision, shortHost } from './words.ts'

interface StatusOptions extends CommonOptions {
  readonly wait?: boolean
  readonly timeout: number
  readonly strict?: boolean
}

export const renderStatus = (status: StatusAnswer, nowWallMs: number, paint: Paint): string => {
  const { view, hypervisor } = status
  const names = hostNames(view)
  const nameOf = (host: StatusAnswer['view']['host']): string => names.get(host) ?? shortHost(host)
  const own = view.members.find((member) => member.state === 'self')
  const neighbours = view.members.filter((member) => member.neighbour).map(({ summary }) => summary.name)
  const alive = view.members.filter((member) => member.state === 'alive').length
  const rows: string[][] = [
    [
      'health',
      view.able
        ? paint('green', 'ok')
        : paint('red', view.troubles.map((code) => `${code}: ${reasonText(code)}`).join(' ') || 'not able'),
    ],
    [
      'mode',
      view.mode === 'observe' ? 'observe: decides, moves nothing (`drover mode auto` lets it act)' : 'auto',
    ],
    [
      'hypervisor',
      hypervisor.connected
        ? `${hypervisor.version ?? hypervisor.driver}, connected`
        : paint('red', `${hypervisor.driver}, not connected: ${hypervisor.trouble ?? 'still trying'}`),
    ],
    ['cpu', `${cpuLoad(view.demand, view.usable)} usable`],
    ['memory', `${memoryLoad(view.demand, view.usable)} usable`],
  ]
  if (view.overloadedSinceMs !== null)
    rows.push(['overload', paint('red', `for ${durationText(view.overloadedSinceMs)}`)])
  const fixed = view.vms.filter((vm) => vm.fixed !== null).length
  rows.push(['VMs', `${view.vms.length}, ${fixed} of them cannot move${view.draining ? '; draining' : ''}`])
  rows.push([
    'ring',
    own === undefined
      ? 'not yet in it'
      : `place ${own.position + 1} of ${view.members.length}, ${alive} other${alive === 1 ? '' : 's'} alive, ${status.peersConnected} connected${neighbours.length === 0 ? '' : `; neighbours ${neighbours.join(', ')}`}`,
  ])
  if (view.leading !== null) rows.push(['partition', `leads ${shortDecision(view.leading)}`])
  else if (view.lease !== null)
    rows.push([
      'partition',
      `leased to ${shortDecision(view.lease.partition)} of ${nameOf(view.lease.leader)}${view.lease.executing ? ', executing' : ''}`,
    ])
  for (const motion of view.migrations) {
    const vm = view.vms.find((one) => one.vm === motion.vm)?.name ?? motion.vm
    rows.push([
      'moving',
      `${vm} ${motion.direction === 'out' ? 'to' : 'from'} ${nameOf(motion.peer)}: ${motion.phase}, for ${durationText(motion.sinceMs)}`,
    ])
  }
  for (const alarm of view.alarms)
    rows.push([paint('red', 'ALARM'), `${alarm.code}, for ${durationText(alarm.sinceMs)}: ${alarm.text}`])
  if (!status.journal.healthy)
    rows.push(['journal', paint('red', 'cannot be written: no new leases are granted')])
  const newest = view.decisions[0]
  if (newest !== undefined)
    rows.push([
      'newest',
      `${newest.reason} ${newest.result}${newest.code === null ? '' : ` (${newest.code})`}: ${newest.text}  [${shortDecision(newest.id)}]`,
    ])
  for (const warning of view.warnings.slice(0, 5))
    rows.push([paint('yellow', 'warning'), `${warning.code}: ${warning.text}`])
  const more = view.warnings.length - 5
  if (more > 0) rows.push(['', `and ${more} more: drover status --json`])
  const up = durationText(Math.max(0, nowWallMs - status.startedAtWallMs))
  return `${paint('bold', nameOf(view.host))}  ${shortHost(view.host)}  drover ${status.version}, up ${up}\n${table(rows, '  ')}`
}

/** Asks until the agent answers and is able, or the time is over. */
const awaitAble = async (io: Io, options: StatusOptions): Promise<StatusAnswer> => {
  const client = clientOf(io, options)
  const until = performance.now() + options.timeout
  for (;;) {
    try {
      const status = await client.status()
      if (status.view.able) return status
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 0) throw error
    }
    if (performance.now() >= until)
      throw new CliFailure(
        exitCode.timeout,
        'wait.timeout',
        `the agent was not ready within ${durationText(options.timeout)}`,
      )
    await sleep(io.pollMs)
  }
}

export const statusCommand = (io: Io): Command =>
  command(
    'status',
    "health, mode, load and work of this host's agent, on one screen",
    'drover status',
    'drover status --wait --timeout 30s',
  )
    .option('--wait', 'wait until the agent is ready')
    .option('--timeout <time>', 'longest wait (exit code 6)', parseDurationMs, 60_000)
    .option('--strict', 'exit code 1 when the agent is not able, 7 when there are warnings')
    .action(async (_: unknown, self: Command) => {
      const options = self.optsWithGlobals<StatusOptions>()
      const status =
        options.wait === true ? await awaitAble(io, options) : await clientOf(io, options).status()
      if (options.json === true) printJson(io, status)
      else io.out(renderStatus(status, io.nowWallMs(), painter(io)))
      if (options.strict !== true) return
      if (!status.view.able) throw new CliFailure(exitCode.failed, 'agent.unable', 'the agent is not able')
      if (status.view.warnings.length + status.view.alarms.length > 0)
        throw new CliFailure(exitCode.warnings, 'agent.warnings', 'there are warnings')
    })
