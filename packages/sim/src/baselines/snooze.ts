/**
 * Snooze (Feller, Rilling, Morin, CCGrid 2012) as VMPlaceS runs it, reactively: hosts belong to group managers, each of
 * which plans for its own hosts with Entropy as soon as one of them is overloaded, and does nothing else until its plan
 * has ended; at least a second lies between two runs. A leader hears summaries of the groups with their heartbeats.
 * Not in VMPlaceS, but in Snooze: a group that cannot help itself asks the leader for another one.
 */
import type { RunHost, Scheduler } from '../run/simulated-run.ts'
import { messageBytes, messageMs, planningMs, pullMs } from './costs.ts'
import { overloaded } from './first-choice.ts'
import { carryOut, type Decision, decide } from './placement.ts'

export interface SnoozeOptions {
  readonly groupHostsMax?: number
  readonly pauseMs?: number
  readonly heartbeatMs?: number
  /** Of our solver. */
  readonly nodesMax?: number
}

interface Group {
  readonly hosts: readonly RunHost[]
  /** A run is due or under way. */
  busy: boolean
  ranMs: number
  /** As the leader heard it last. */
  freeMilli: number
}

export const snooze = ({
  groupHostsMax = 32,
  pauseMs = 1000,
  heartbeatMs = 5000,
  nodesMax = 5000,
}: SnoozeOptions = {}): Scheduler => ({
  name: 'snooze',
  begin(run) {
    const { kernel, hosts, metrics } = run
    const groups = groupsOf(hosts, groupHostsMax)
    const groupOf = groups.flatMap((group) => group.hosts.map(() => group))

    const heartbeat = (): void => {
      // Each host to its manager and back by multicast; each manager to the leader and back.
      const count = 2 * hosts.length + 2 * groups.length
      metrics.messages(count, count * messageBytes)
      for (const group of groups) group.freeMilli = freeMilli(group)
      kernel.after(heartbeatMs, heartbeat)
    }

    const wake = (group: Group): void => {
      if (group.busy) return
      group.busy = true
      const soon = kernel.now() - group.ranMs < pauseMs
      const count = 2 * group.hosts.length
      metrics.messages(count, count * messageBytes)
      kernel.after(pullMs + (soon ? pauseMs : 0), () => reschedule(group))
    }
    const reschedule = (group: Group): void => {
      const sinceMs = kernel.now()
      const ill = group.hosts.filter(overloaded)
      const decision = decide(run, group.hosts, nodesMax)
      if (decision.kind === 'calm') return rest([group])
      metrics.solved(group.hosts)
      kernel.after(planningMs(group.hosts.length, ill.length), () =>
        decision.kind === 'stuck' ? escalate(group, sinceMs) : act([group], ill, decision, sinceMs),
      )
    }
    /** The leader names the group with most room of those it believes to be free. */
    const escalate = (group: Group, sinceMs: number): void => {
      metrics.messages(2, 2 * messageBytes)
      kernel.after(2 * messageMs, () => {
        const other = roomiest(groups, group)
        const both = other === null ? null : [...group.hosts, ...other.hosts]
        if (other === null || both === null) return giveUp([group], sinceMs)
        other.busy = true
        const count = 2 * other.hosts.length
        metrics.messages(count, count * messageBytes)
        const ill = both.filter(overloaded)
        const decision = decide(run, both, nodesMax)
        metrics.solved(both)
        kernel.after(pullMs + planningMs(both.length, ill.length), () =>
          decision.kind === 'plan'
            ? act([group, other], ill, decision, sinceMs)
            : giveUp([group, other], sinceMs),
        )
      })
    }
    const act = (
      busy: readonly Group[],
      ill: readonly RunHost[],
      { actions }: Extract<Decision, { kind: 'plan' }>,
      sinceMs: number,
    ): void => {
      const members = busy.flatMap((group) => group.hosts)
      metrics.messages(actions.length, actions.length * messageBytes)
      carryOut(run, members, actions, (complete) => {
        if (complete) for (const _ of ill) metrics.cured()
        giveUp(busy, sinceMs)
      })
    }
    const giveUp = (busy: readonly Group[], sinceMs: number): void => {
      for (const group of busy) for (const host of group.hosts) metrics.held(host, sinceMs, kernel.now())
      rest(busy)
    }
    const rest = (busy: readonly Group[]): void => {
      for (const group of busy) {
        group.busy = false
        group.ranMs = kernel.now()
        if (group.hosts.some(overloaded)) wake(group)
      }
    }

    heartbeat()
    run.onChange((host) => {
      if (overloaded(host)) wake(groupOf[host.index]!)
    })
    for (const group of groups) if (group.hosts.some(overloaded)) wake(group)
  },
})

/** As few as possible, of sizes as equal as possible, neighbours together. */
const groupsOf = (hosts: readonly RunHost[], hostsMax: number): readonly Group[] => {
  const count = Math.ceil(hosts.length / hostsMax)
  return Array.from({ length: count }, (_, g) => ({
    hosts: hosts.slice(Math.floor((g * hosts.length) / count), Math.floor(((g + 1) * hosts.length) / count)),
    busy: false,
    ranMs: Number.NEGATIVE_INFINITY,
    freeMilli: 0,
  }))
}

const freeMilli = (group: Group): number =>
  group.hosts.reduce((sum, host) => sum + host.capacityMilli - host.cpuMilli, 0)

const roomiest = (groups: readonly Group[], but: Group): Group | null => {
  let best: Group | null = null
  for (const group of groups) {
    if (group === but || group.busy) continue
    if (best === null || group.freeMilli > best.freeMilli) best = group
  }
  return best
}
