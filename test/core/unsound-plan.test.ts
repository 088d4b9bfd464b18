/** The worker that solves for a leader makes the plan, too. A fault there moves no VM: the leader looks at the plan first. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { solve } from '../../packages/placement/src/index.ts'
import {
  type ActionId,
  actionIdOf,
  asHostId,
  asVmId,
  limits,
  type Migrate,
  type Plan,
} from '../../packages/protocol/src/index.ts'
import type { Cluster, ClusterOptions } from '../kit/cluster.ts'
import { virtualCluster } from '../kit/virtual-cluster.ts'

type Lie = (plan: Plan) => Plan

/** Three hosts, the first overloaded by one VM's worth. Every plan is what the lie makes of the solver's. */
const overloaded = async (lie: Lie, options: Partial<ClusterOptions> = {}): Promise<Cluster> => {
  const cluster = await virtualCluster({
    hosts: 3,
    ...options,
    solver(problem, planId) {
      const solution = solve(problem, { planId, seed: 1 })
      return solution.plan === null ? solution : { ...solution, plan: lie(solution.plan) }
    },
  })
  for (let i = 0; i < 7; i++) cluster.vm(`vm-${i}`, 0, 1_000)
  await cluster.run(3_000)
  cluster.world.setCpu(asVmId('vm-0'), 2_500)
  return cluster
}

/** Changes the first action. */
const first =
  (change: (action: Migrate) => Partial<Migrate>): Lie =>
  (plan) => ({
    ...plan,
    actions: plan.actions.map((action, i) =>
      i === 0 && action.kind === 'migrate' ? { ...action, ...change(action) } : action,
    ),
  })

const lies: readonly (readonly [what: string, lie: Lie])[] = [
  ['sends a VM to a host that was not asked', first(() => ({ to: asHostId('elsewhere') }))],
  ['sends a VM to another host than it answered', first(({ from }) => ({ to: from }))],
  ['names an action after another partition', first(() => ({ id: actionIdOf('other.1.1', 0) }))],
  ['moves a VM from where it is not', first(({ to }) => ({ from: to }))],
  [
    'lets an action wait for one that is not in the plan',
    first(({ id }) => ({ after: [`${id}9` as ActionId] })),
  ],
  ['moves nothing of what it answered', (plan) => ({ ...plan, actions: [] })],
  [
    'makes a plan that is too long',
    (plan) => ({
      ...plan,
      actions: Array.from({ length: limits.planActionsMax + 1 }, () => plan.actions[0]!),
    }),
  ],
]

for (const [what, lie] of lies)
  test(`a worker that ${what} changes nothing, and an operator hears of it`, async () => {
    const cluster = await overloaded(lie)
    await cluster.run(10_000)
    const [decision] = cluster.outcomes()
    assert.equal(`${decision?.result} ${decision?.code}`, 'failed plan.unsound')
    assert.deepEqual(decision?.actions, [])
    assert.deepEqual(cluster.world.migrations(), [])
    const said = new Set(cluster.messages.map(({ message }) => message.kind))
    assert.ok(!said.has('assign') && !said.has('begin'), 'no member is told to do any of it')
    assert.ok(said.has('release'), 'every member is free again')
    const { warnings } = cluster.view(0)
    assert.ok(warnings.some(({ code }) => code === 'plan.unsound'))
    assert.deepEqual(cluster.checker.checkAtRest(), [])
  })

// What would have been done is what could have been done: a plan that is only shown is checked like any other.
test('in mode observe an unsound plan is not shown as what would have been done', async () => {
  const [, lie] = lies[0]!
  const cluster = await overloaded(lie, { mode: 'observe' })
  await cluster.run(10_000)
  const [decision] = cluster.outcomes()
  assert.equal(`${decision?.result} ${decision?.code}`, 'failed plan.unsound')
  const honest = await overloaded((plan) => plan, { mode: 'observe' })
  await honest.run(10_000)
  assert.equal(honest.outcomes()[0]?.result, 'would')
  assert.equal(honest.outcomes()[0]?.actions.length, 1)
})

// Two hosts, both nearly full: the best that can be done is to lower the excess. The partition grows first, and lowers its
// target; the plans of those rounds are dropped.
test('an unsound plan of a partial cure changes nothing either', async () => {
  const nearlyFull = async (lie: Lie): Promise<Cluster> => {
    const cluster = await overloaded(lie, { hosts: 2 })
    cluster.vm('neighbour', 1, 6_000)
    cluster.world.setCpu(asVmId('vm-0'), 9_000)
    return cluster
  }
  const honest = await nearlyFull((plan) => plan)
  assert.ok(await honest.until(() => honest.outcomes().some(({ result }) => result === 'relieved'), 60_000))
  const lying = await nearlyFull(lies[0]![1])
  await lying.run(30_000)
  assert.ok(lying.outcomes().some(({ code }) => code === 'plan.unsound'))
  assert.ok(lying.outcomes().every(({ actions }) => actions.length === 0))
  assert.deepEqual(lying.checker.checkAtRest(), [])
})
