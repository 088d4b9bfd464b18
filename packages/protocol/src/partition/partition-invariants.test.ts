/** A partition that is led in a way that makes no sense stops the agent: each kind of it is shown to be noticed. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Migrate, PartitionProblem, Plan } from '@drover/placement'
import { limits, policyOf } from '../data/config.ts'
import { actionIdOf, asHostId, asVmId, partitionIdOf } from '../data/ids.ts'
import type { Execution } from '../data/plan-execution.ts'
import { noNeed } from '../detect/needs.ts'
import { createStepContext, type StepControl } from '../step-context.ts'
import { emptySnapshot } from '../testing/empty-snapshot.ts'
import { callOff, carryOut } from './carry-out.ts'
import { conclude } from './conclude.ts'
import { formPartition } from './form.ts'
import { ask } from './invite.ts'
import { lose, onGranted } from './member-answers.ts'
import { checkPartition } from './partition-invariants.ts'
import { createPartitionState, type Leadership, type PartitionState, renewMs } from './partition-state.ts'
import { begin, execution, finish } from './plan-progress.ts'
import { onSolved, solve } from './solving.ts'
import { assign, beginUnblocked, release, tellOutcome } from './tell-members.ts'

const self = asHostId('self')
const there = asHostId('there')
interface Scene {
  readonly context: StepControl
  readonly leader: Leadership
  readonly state: PartitionState
  readonly move: Migrate
  readonly plan: Plan
  /** The plan, once its move has begun. */
  readonly begun: Execution
  readonly problem: PartitionProblem
}

/** A partition of two hosts that waits for the other's answer; for its solution; or carries out a plan of one move. */
const sceneOf = (phase: PartitionState['phase'] = 'reserving'): Scene => {
  const context = createStepContext(self, 1, 1, policyOf('balanced'))
  context.setTime(50_000)
  const leader: Leadership = {
    context,
    hooks: {
      candidates: () => [],
      own: () => ({ cpuBaseline: '', migrationUri: '' }),
      name: () => 'self',
      mode: () => 'auto',
      report() {},
      concluded() {},
    },
    current: null,
  }
  const state = createPartitionState(context, noNeed(0), 'lease', leader.hooks.own(), [])
  leader.current = state
  ask(context, state, [self, there])
  const move: Migrate = {
    kind: 'migrate',
    id: actionIdOf(state.partition, 0),
    vm: asVmId('v'),
    from: self,
    to: there,
    after: [],
  }
  const plan = { actions: [move], makespanMs: 0 }
  const begun = begin(execution(plan), move.id)
  if (phase !== 'reserving') {
    for (const host of [self, there])
      state.members.set(host, { state: 'granted', epoch: 5, snapshot: emptySnapshot(host) })
    state.reservedMs = 0
    solve(leader, state)
  }
  if (phase === 'executing') {
    state.phase = 'executing'
    state.deadline = 60_000
    state.execution = begun
  }
  return { context, leader, state, move, plan, begun, problem: state.problem ?? ({} as PartitionProblem) }
}

const check = ({ state, context }: Scene): void => checkPartition(state, self, context.now())

for (const phase of ['reserving', 'solving', 'executing'] as const)
  test(`a partition that is ${phase} makes sense`, () => check(sceneOf(phase)))

const saying =
  (fact: string) =>
  (error: Error): boolean =>
    error.message.includes(fact)

type Broken = readonly [phase: PartitionState['phase'], fact: string, breaks: (scene: Scene) => unknown]

/** What is wrong with a partition between two steps. */
const states: readonly Broken[] = [
  ['reserving', 'leads its own partitions only', (scene) => checkPartition(scene.state, there, 0)],
  [
    'reserving',
    'competes under its own name',
    ({ state }) => Object.assign(state.rank, { partition: partitionIdOf(there, 1, 1) }),
  ],
  [
    'reserving',
    'at most 16 members, not 17',
    ({ state }) => {
      for (let i = state.members.size; i <= limits.partitionHostsMax; i++)
        state.members.set(asHostId(`h${i}`), { state: 'asked' })
    },
  ],
  [
    'reserving',
    'lost is no member of it: there',
    ({ state }) => state.lost.set(there, { host: there, name: '', code: null, text: '' }),
  ],
  ['reserving', 'renewed within', ({ state }) => (state.renewAt += renewMs)],
  ['reserving', 'a member owes one', ({ state }) => state.members.clear()],
  ['reserving', 'waits at most', ({ state }) => (state.deadline += 1)],
  [
    'reserving',
    'no plan while it waits for members',
    ({ state, plan }) => (state.execution = execution(plan)),
  ],
  ['solving', 'granted before it solves; there', ({ state }) => state.members.set(there, { state: 'asked' })],
  ['solving', 'leader of self.1.1 is a member', ({ state }) => state.members.delete(self)],
  ['solving', 'for the solver at most', ({ state }) => (state.deadline += 1)],
  [
    'solving',
    'no plan while it waits for the solver',
    ({ state, plan }) => (state.execution = execution(plan)),
  ],
  ['solving', 'has a problem while it is solved', ({ state }) => (state.problem = null)],
  [
    'solving',
    'about its 1 members: 2 snapshots, there other host',
    ({ state }) => state.members.delete(there),
  ],
  ['solving', 'counts its rounds from 1', ({ state }) => (state.round = 0)],
  ['solving', 'known how long', ({ state }) => (state.reservedMs = null)],
  ['executing', 'only looks', ({ state }) => Object.assign(state, { intent: 'observe' })],
  ['executing', 'has a plan while it executes', ({ state }) => (state.execution = null)],
  [
    'executing',
    'ends when its plan is over',
    ({ state, begun, move }) => (state.execution = finish(begun, move.id, { kind: 'done' })),
  ],
  ['executing', 'and not for ever', ({ state }) => (state.deadline = Number.MAX_SAFE_INTEGER)],
  [
    'executing',
    'of 1 actions of self.1.1 2 have begun',
    ({ state, begun, move }) => {
      const foreign = actionIdOf(state.partition, 7)
      state.execution = { ...begun, begun: new Set([move.id, foreign]) }
    },
  ],
  [
    'executing',
    'members that granted; there has not',
    ({ state }) => state.members.set(there, { state: 'asked' }),
  ],
  ['executing', 'source is a member', ({ state }) => state.members.delete(self)],
]

for (const [phase, fact, breaks] of states)
  test(`between two steps this is noticed when it fails: ${fact}`, () => {
    const scene = sceneOf(phase)
    assert.throws(() => {
      breaks(scene)
      check(scene)
    }, saying(fact))
  })

/** A transition that is made at the wrong moment. */
const transitions: readonly Broken[] = [
  [
    'reserving',
    'one partition at a time: self.1.2 is formed while self.1.1 is led',
    ({ leader }) => formPartition(leader, noNeed(0), 'lease', []),
  ],
  [
    'reserving',
    'named after its leader',
    ({ leader, context }) =>
      formPartition(
        { ...leader, context: { ...context, self: there }, current: null },
        noNeed(0),
        'lease',
        [],
      ),
  ],
  ['reserving', 'asks a host when', ({ context, state }) => ask(context, state, [])],
  ['reserving', 'asks each host once: there', ({ context, state }) => ask(context, state, [there])],
  ['executing', 'asks no host while', ({ context, state }) => ask(context, state, [asHostId('new')])],
  [
    'reserving',
    'at most 16 members, not 18',
    ({ context, state }) =>
      ask(
        context,
        state,
        Array.from({ length: limits.partitionHostsMax }, (_, i) => asHostId(`h${i}`)),
      ),
  ],
  [
    'solving',
    'waits for there, so it is reserving, not solving',
    ({ leader, state }) => {
      state.members.set(there, { state: 'asked' })
      const { partition } = state
      const snapshot = emptySnapshot(there)
      onGranted(leader, there, { kind: 'granted', incarnation: 1, partition, epoch: 5, leaseMs: 1, snapshot })
    },
  ],
  [
    'reserving',
    'loses only a member',
    ({ leader, state }) => lose(leader, state, asHostId('x'), 'host.unreachable', ''),
  ],
  [
    'reserving',
    'loses there once',
    ({ leader, state }) => {
      state.lost.set(there, { host: there, name: '', code: null, text: '' })
      lose(leader, state, there, 'host.unreachable', '')
    },
  ],
  [
    'executing',
    'has a plan while it executes',
    ({ leader, state }) => {
      state.execution = null
      lose(leader, state, there, 'host.unreachable', '')
    },
  ],
  ['executing', 'solves nothing while', ({ leader, state }) => solve(leader, state)],
  ['reserving', 'solves when all 2 members have granted, not 0', ({ leader, state }) => solve(leader, state)],
  [
    'reserving',
    'hears an answer to what it asked: it is reserving',
    ({ leader, state }) =>
      onSolved(leader, state, {
        answer: { kind: 'infeasible', why: { code: 'capacity.cpu', text: '' } },
        plan: null,
      }),
  ],
  [
    'executing',
    'carries out one plan, just after it was solved: it is executing',
    ({ leader, state, problem, plan }) => carryOut(leader, state, problem, plan),
  ],
  [
    'solving',
    'touches members only, and there is none',
    ({ leader, state, problem, plan }) => {
      state.members.delete(there)
      carryOut(leader, state, problem, plan)
    },
  ],
  [
    'solving',
    'releases its members only, and x is none',
    ({ context, state }) => release(context, state, asHostId('x')),
  ],
  [
    'executing',
    'goes to members that granted: 1 of 2',
    ({ leader, state, problem, plan }) => {
      state.members.set(there, { state: 'asked' })
      assign(leader.context, state, problem, plan, {} as never)
    },
  ],
  [
    'executing',
    'under leases: there gave none',
    ({ leader, state, problem, plan }) => {
      state.members.set(there, { state: 'granted', epoch: 0, snapshot: emptySnapshot(there) })
      assign(leader.context, state, problem, plan, {} as never)
    },
  ],
  [
    'solving',
    'has a plan when it is carried out: it is solving',
    ({ context, state }) => beginUnblocked(context, state),
  ],
  [
    'executing',
    'is its own end, not that of other',
    ({ context, state }) => tellOutcome(context, state, { id: 'other' } as never),
  ],
  [
    'reserving',
    'ends once: none is led',
    ({ leader, state }) => {
      callOff(leader, state, 'operator.called_off', '')
      callOff(leader, state, 'operator.called_off', '')
    },
  ],
  [
    'reserving',
    'does not end as running',
    ({ leader, state }) => conclude(leader, state, { result: 'running', code: null, text: '' }),
  ],
  [
    'executing',
    'ends as cured when its plan is done: self.1.1/0 is not',
    ({ leader, state, plan }) => conclude(leader, state, { result: 'cured', code: null, text: '' }, plan),
  ],
]

for (const [phase, fact, breaks] of transitions)
  test(`a step at the wrong moment is noticed: ${fact}`, () =>
    assert.throws(() => breaks(sceneOf(phase)), saying(fact)))
