/** Short ids that can be pasted into `explain`, times, and loads. */
import type { HostId, MemberView, PartitionId, PeerView, Resources } from '@drover/protocol'
import { coresText, memoryText } from '@drover/protocol'

/** Peer ids begin alike and end differently. */
export const shortHost = (host: HostId): string => (host.length > 12 ? host.slice(-8) : host)

export const shortVm = (vm: string): string => (/^[0-9a-f]{8}-/.test(vm) ? vm.slice(0, 8) : vm)

/** `<leader>.<incarnation>.<counter>`, with the leader's end only. */
export const shortDecision = (id: PartitionId): string => {
  const [leader = '', ...rest] = id.split('.')
  return leader.length > 12 ? [leader.slice(-8), ...rest].join('.') : id
}

export const hostNames = (view: PeerView): ReadonlyMap<HostId, string> =>
  new Map([
    ...view.members.map(({ summary }): [HostId, string] => [summary.host, summary.name]),
    [view.host, view.description?.name ?? view.host],
  ])

/** UTC, to the second: the same on every host that an operator compares. */
export const timeText = (wallMs: number | null): string =>
  wallMs === null ? 'now' : `${new Date(wallMs).toISOString().slice(0, 19)}Z`

export const percent = (part: number, whole: number): string =>
  whole === 0 ? '-' : `${Math.round((part * 100) / whole)} %`

export const cpuLoad = (demand: Resources, usable: Resources): string =>
  `${coresText(demand.cpuMilli).replace(/ cores?$/, '')} of ${coresText(usable.cpuMilli)} (${percent(demand.cpuMilli, usable.cpuMilli)})`

export const memoryLoad = (demand: Resources, usable: Resources): string =>
  `${memoryText(demand.memoryMiB)} of ${memoryText(usable.memoryMiB)} (${percent(demand.memoryMiB, usable.memoryMiB)})`

export const stateText = (member: MemberView): string =>
  member.state === 'dead' || member.state === 'suspect'
    ? member.state
    : member.summary.state === 'up'
      ? member.summary.able
        ? member.state === 'self'
          ? 'alive (this)'
          : 'alive'
        : 'unable'
      : member.summary.state
