/** What the parts of the harness share, and what can be read off it at any time. */
import type { Agent, Solver } from '@drover/agent'
import { firstExcess, type PeerView, type Policy, type Resources } from '@drover/protocol'
import type { World } from '../hypervisor/world.ts'
import type { Checker } from '../invariants/checker.ts'
import type { RealClock } from '../time/clock.ts'
import type { Cuts } from './cuts.ts'
import type { DecisionHistory } from './decision-history.ts'
import type { Workload } from './load-changes.ts'
import type { Member } from './member.ts'
import { waitUntil } from './wait.ts'

export interface HarnessState {
  readonly clock: RealClock
  readonly world: World
  readonly policy: Policy
  /** capacity − reserve, of every host. */
  readonly usable: Resources
  readonly solver: Solver
  readonly cuts: Cuts
  readonly members: Member[]
  readonly checker: Checker
  readonly workload: Workload
  readonly history: DecisionHistory
  /** The cluster stops once; null = it has not begun to. */
  stopping: Promise<void> | null
}

/** Throws RangeError for an unknown name. */
export const memberOf = ({ members }: Pick<HarnessState, 'members'>, host: string): Member => {
  const found = members.find((m) => m.name === host)
  if (found === undefined) throw new RangeError(`no host ${host}`)
  return found
}

const living = ({ members }: Pick<HarnessState, 'members'>): readonly Agent[] =>
  members.flatMap((m) => m.agent ?? [])

/** Of all living agents. */
export const viewsOf = (harness: Pick<HarnessState, 'members'>): readonly PeerView[] =>
  living(harness).map((agent) => agent.status().view)

/** By the world's own truth: living hosts whose VMs want more than is usable. */
export const overloadedHosts = ({ world, usable }: HarnessState): readonly string[] =>
  world
    .hosts()
    .filter((host) => host.alive && firstExcess(host.demand, usable) !== null)
    .map((host) => host.name)

/** Nothing moves, no host is leased and no partition lives. */
export const quiet = (harness: HarnessState): boolean =>
  harness.world.migrations().length === 0 &&
  viewsOf(harness).every((v) => v.lease === null && v.leading === null && v.migrations.length === 0)

/** What a failed wait shows: the hosts that are busy with something, and the last decisions. */
const described = (harness: HarnessState): string => {
  const { world, history } = harness
  const lines = viewsOf(harness)
    .filter(
      (v) =>
        v.lease !== null || v.leading !== null || v.migrations.length > 0 || v.overloadedSinceMs !== null,
    )
    .map((v) => {
      const migrations = v.migrations
        .map((m) => `${m.direction} ${world.vm(m.vm).name} (${m.phase})`)
        .join(', ')
      const lease = v.lease === null ? 'free' : `leased to ${v.lease.partition}#${v.lease.epoch}`
      return `  ${v.description?.name}: demand ${v.demand.cpuMilli}/${v.usable.cpuMilli}, ${lease}, leading ${v.leading}, ${migrations}`
    })
  const last = history
    .decisions()
    .slice(-5)
    .map((d) => `  ${d.leaderName} ${d.reason}: ${d.result} ${d.code ?? ''} ${d.text}`)
  const overloaded = overloadedHosts(harness).join(', ') || 'none'
  return [`overloaded: ${overloaded}`, ...lines, 'last decisions:', ...last].join('\n')
}

/** Throws WaitError, with the state of the cluster. */
export const waitFor = (
  harness: HarnessState,
  condition: () => boolean,
  timeoutMs: number,
  what?: string,
): Promise<void> => waitUntil(condition, timeoutMs, what, () => described(harness))
