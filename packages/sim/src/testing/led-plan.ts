/** An agent of h1 that leads a plan, and begins its first action: what checks of plans look at. */
import { type Action, asVmId, type ObservedVm, type Problem, policyOf, type Rule } from '@drover/protocol'
import {
  actionOf,
  agentOf,
  epoch,
  hears,
  migrates,
  opened,
  openMigration,
  partitionIdOf,
  says,
  tick,
  type WatchedAgents,
  watchedAgents,
} from './watched-agents.ts'

export const partition = partitionIdOf('h1', 1)
export const [a, b, c] = [asVmId('a'), asVmId('b'), asVmId('c')]
export const [h1, h2] = [agentOf('h1'), agentOf('h2')]

export const hostOf = (id: typeof h1, most = 8_000) => ({
  id,
  state: 'online' as const,
  limit: [most, 32_768],
  cpuBaseline: null,
  failureDomain: null,
})
export const vmOf = (id: typeof a, host: typeof h1, cpuMilli: number) => ({
  id,
  host,
  state: 'running' as const,
  wanted: 'running' as const,
  demand: [cpuMilli, 1_024],
  memoryMiB: 1_024,
  dirtyMiBps: 0,
  movable: true,
})
export const problemOf = (cpuOfA: number, changes: Partial<Problem> = {}): Problem => ({
  dimensions: ['cpuMilli', 'memoryMiB'],
  hosts: [hostOf(h1), hostOf(h2)],
  vms: [vmOf(a, h1, cpuOfA), vmOf(b, h1, 4_000), vmOf(c, h2, 6_000)],
  bandwidthMiBps: 125,
  migrationsOutMax: 1,
  migrationsInMax: 1,
  rules: [],
  ...changes,
})
/** The second host has room for all. */
export const roomy = (cpuOfA: number): Problem =>
  problemOf(cpuOfA, { hosts: [hostOf(h1), hostOf(h2, 20_000)] })
export const move = (
  index: number,
  vm: typeof a,
  from: typeof h1,
  to: typeof h1,
  ...after: number[]
): Action => ({
  kind: 'migrate',
  id: actionOf(partition, index),
  vm,
  from,
  to,
  after: after.map((i) => actionOf(partition, i)),
})
export const planOf = (...actions: readonly Action[]) => ({ actions, makespanMs: 0 })

export const observed = (vm: typeof a, changes: Partial<ObservedVm> = {}): ObservedVm => ({
  vm,
  name: String(vm),
  state: 'running',
  pausedBy: null,
  incarnation: '1',
  cpuMilli: 600,
  vcpus: 1,
  memoryMiB: 1_024,
  dirtyMiBps: null,
  fixed: null,
  diskLocked: false,
  autostart: false,
  ...changes,
})

export interface Told {
  readonly actions?: readonly Action[]
  readonly problem?: Problem
  readonly reason?: string
  readonly rules?: readonly Rule[]
  readonly seen?: Partial<ObservedVm>
  readonly admitted?: boolean
  readonly afterMs?: number
  /** Happens before it begins. */
  readonly meanwhile?: (agents: WatchedAgents) => void
}

/** The agent of h1 leads a plan, and begins its first action. */
export const begins = async (told: Told = {}) => {
  const { actions = [move(0, a, h1, h2)], problem = roomy(5_000), reason = 'overload.cpu', rules = [] } = told
  const agents = watchedAgents(2, { policy: policyOf('balanced'), rules }, true)
  const { step, leased, clock } = agents
  agents.vm('a', 'h1', { settings: { labels: 'db' } })
  agents.vm('b', 'h1', { settings: { labels: 'db' } })
  agents.vm('c', 'h2', { settings: { labels: 'db' } })
  agents.born('h1')
  agents.born('h2')
  step('h1', { kind: 'observed', askedAt: 0, vms: [observed(a), observed(b)] }, null)
  step('h2', { kind: 'observed', askedAt: 0, vms: [observed(c)] }, null)
  const lease = leased(partition, 1)
  step('h1', tick, lease, epoch(1))
  const assign = {
    kind: 'assign',
    partition,
    epoch: 1,
    epochs: {},
    plan: planOf(...actions),
    problem,
    decision: { reason },
  }
  step('h1', tick, lease, says('h2', assign as never))
  step('h1', { kind: 'observed', askedAt: 0, vms: [observed(a, told.seen), observed(b)] }, lease)
  step(
    'h1',
    tick,
    lease,
    says('h2', { kind: 'admit', partition, epoch: 1, action: actionOf(partition) } as never),
  )
  if (told.admitted !== false)
    step('h1', hears('h2', { kind: 'admitted', partition, action: actionOf(partition) }), lease)
  told.meanwhile?.(agents)
  await clock.advance(told.afterMs ?? 100)
  step('h1', tick, lease, opened(openMigration('departure', partition, a)), migrates(partition, a))
  return agents
}
