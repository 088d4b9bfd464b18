/**
 * May this VM leave? Seven places ask: the problem, the choice of destinations, the detector of a drain, an operator's
 * drain, an operator's order, the record of a decision, and the explanation. In the same situation all must give one answer.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { runs } from '../../../placement/src/testing/effort.ts'
import { type Policy, policyOf } from '../data/config.ts'
import type { Decision } from '../data/decision.ts'
import { asHostId, asVmId, partitionIdOf } from '../data/ids.ts'
import type { Command, Effect, ObservedVm, Reply } from '../data/io.ts'
import type { Need } from '../data/need.ts'
import type { HostSnapshot } from '../data/snapshot.ts'
import { createCommands } from '../detect/commands.ts'
import { calm } from '../detect/load.ts'
import { findNeed } from '../detect/needs.ts'
import { candidateVmsOf, type OwnForecast } from '../detect/own-forecast.ts'
import { exampleView } from '../outcome/example.ts'
import { explainVm } from '../outcome/explain-vm.ts'
import { record } from '../outcome/record.ts'
import { createStepContext } from '../step-context.ts'
import { formulate } from './formulate.ts'
import {
  createHost,
  type HostState,
  quarantine,
  rest,
  vmForecastsHere,
  vmsByName,
  whyStaysHere,
} from './host.ts'
import { observe } from './observe.ts'
import { takeSnapshot } from './take.ts'

const self = asHostId('a')
const other = asHostId('b')
const policy: Policy = policyOf('balanced')
const none = { cpuMilli: 0, memoryMiB: 0 }
const now = 1_000

interface Vm {
  readonly fixed: ObservedVm['fixed']
  readonly paused: boolean
  readonly resting: boolean
  readonly quarantined: boolean
}

const vms: fc.Arbitrary<Vm> = fc.record({
  fixed: fc.option(fc.constantFrom('dev.hostdev' as const, 'vm.pinned' as const), { nil: null }),
  paused: fc.boolean(),
  resting: fc.boolean(),
  quarantined: fc.boolean(),
})
const kinds = ['overload', 'forecast', 'drain', 'rule', 'migrate', 'none'] as const
const situations = fc.record({
  each: fc.array(vms, { minLength: 1, maxLength: 6 }),
  kind: fc.constantFrom(...kinds),
  overloaded: fc.boolean(),
  draining: fc.boolean(),
})

const observed = ({ fixed, paused }: Vm, i: number): ObservedVm => ({
  vm: asVmId(`v${i}`),
  name: `v${i}`,
  state: paused ? 'paused' : 'running',
  pausedBy: paused ? 'owner' : null,
  incarnation: '1',
  // All different, so that an answer which names no VM can be told apart by its demand.
  cpuMilli: 100 + i,
  vcpus: 1,
  memoryMiB: 1_000 + i,
  dirtyMiBps: 5,
  fixed,
  diskLocked: false,
  autostart: false,
})

const hostOf = (each: readonly Vm[], draining: boolean): HostState => {
  const host = createHost([], draining)
  host.connected = true
  host.description = { ...exampleView.description!, name: 'a' }
  observe(host, now, each.map(observed), new Set())
  for (const [i, { resting, quarantined }] of each.entries()) {
    if (resting) rest(host, asVmId(`v${i}`), now + 60_000, other)
    if (quarantined) quarantine(host, asVmId(`v${i}`), now, 60_000)
  }
  return host
}

const reasons: Readonly<Record<Need['kind'], Need['reason']>> = {
  overload: 'overload.cpu',
  forecast: 'forecast.cpu',
  drain: 'drain',
  rule: 'rule.violation',
  migrate: 'operator',
  none: 'operator',
}

const needOf = (kind: Need['kind'], host: HostState): Need =>
  ({
    kind,
    reason: reasons[kind],
    since: 0,
    severity: 0,
    wanted: none,
    text: '',
    dimension: 'cpuMilli',
    vm: [...host.vms.keys()][0]!,
    to: null,
    request: '',
  }) as Need

/** Why each VM stays, as the rule's home says; null = it may leave. */
const whys = (host: HostState, kind: Need['kind'], overloaded: boolean) =>
  [...host.vms.values()].map((vm) => whyStaysHere(host, now, vm, kind, overloaded))

const names = (all: readonly (string | null)[]): readonly string[] =>
  all.flatMap((code, i) => (code === null ? [`v${i}`] : []))

const snapshotOf = (host: HostState, overloaded: boolean): HostSnapshot =>
  takeSnapshot(host, self, now, none, { overloaded, foresees: false })!

/** What an operator is answered; `orders` = those that were taken. */
const commanded = (host: HostState, command: Command) => {
  const context = createStepContext(self, 1, 1, policy)
  context.setTime(now)
  const commands = createCommands(context, host, {
    mode: () => 'auto',
    setMode: () => {},
    undrained: () => {},
    changed: () => {},
  })
  commands.commanded('r', command)
  const reply = context.takeEffects().find((one): one is Effect & { kind: 'reply' } => one.kind === 'reply')
  return { reply: (reply?.reply ?? null) as Reply | null, orders: commands.orders() }
}

const decisionOf = (need: Need, snapshot: HostSnapshot): Decision =>
  record(
    {
      id: partitionIdOf(self, 1, 1),
      leader: self,
      leaderName: 'a',
      mode: 'auto',
      need,
      snapshots: [snapshot],
      candidates: [],
      plan: null,
      execution: null,
      reservedMs: null,
      solvedMs: null,
      detectToStartMs: null,
    },
    { result: 'cured', code: null, text: '' },
    1,
  )

test('the problem lets those VMs move that may leave, and the record says of the others why they stayed', () => {
  fc.assert(
    fc.property(situations, ({ each, kind, overloaded, draining }) => {
      const host = hostOf(each, draining)
      const expected = whys(host, kind, overloaded)
      const need = needOf(kind, host)
      const snapshot = snapshotOf(host, overloaded)
      const problem = formulate([snapshot], self, need, policy, 'clear')
      assert.deepEqual(
        problem.vms.filter(({ movable }) => movable).map(({ id }) => id),
        names(expected),
      )
      assert.deepEqual(
        decisionOf(need, snapshot).stayed.map(({ code }) => code),
        expected.map((code) => code ?? 'vm.not_needed'),
      )
    }),
    { numRuns: runs },
  )
})

test('a destination is chosen for those VMs that the problem then lets move', () => {
  fc.assert(
    fc.property(situations, fc.boolean(), ({ each, draining }, inNeed) => {
      const host = hostOf(each, draining)
      const kind = inNeed ? 'overload' : 'forecast'
      const ahead = { each: vmForecastsHere(host).each } as OwnForecast
      const { vms: all } = formulate([snapshotOf(host, inNeed)], self, needOf(kind, host), policy, 'clear')
      assert.deepEqual(
        candidateVmsOf(host, ahead, now, policy, inNeed).map(({ demand }) => demand.memoryMiB),
        all.filter(({ movable }) => movable).map(({ memoryMiB }) => memoryMiB),
      )
    }),
    { numRuns: runs },
  )
})

test('a drain tells its operator of the VMs that the need then moves, and names the others as blockers', () => {
  fc.assert(
    fc.property(situations, ({ each, draining }) => {
      const host = hostOf(each, draining)
      const whyEach = whys(host, 'drain', false)
      const blockers = whyEach.flatMap((code, i) =>
        code === null ? [] : [{ vm: asVmId(`v${i}`), name: `v${i}`, code }],
      )
      const drainWith = (onBlocker: 'abort' | 'skip', dryRun: boolean) =>
        commanded(host, { kind: 'drain', onBlocker, dryRun }).reply
      const leaving = names(whyEach).map((name) => ({ vm: asVmId(name), name }))

      assert.deepEqual(drainWith('abort', true), { kind: 'drain', begun: false, leaving, blockers })
      const careful = drainWith('abort', false)
      if (blockers.length > 0) assert.ok(careful?.kind === 'refused' && careful.code === 'drain.blocked')
      assert.equal(host.draining, draining || blockers.length === 0, 'what is refused begins nothing')
      assert.deepEqual(careful?.kind === 'ok' ? null : careful?.blockers, blockers)

      assert.deepEqual(drainWith('skip', false), { kind: 'drain', begun: true, leaving, blockers })
      const need = findNeed(host, self, calm, [], now, policy.clearPermille)
      const { vms: all } = formulate([snapshotOf(host, false)], self, needOf('drain', host), policy, 'clear')
      const moved = all.filter(({ movable }) => movable)
      assert.deepEqual(
        moved.map(({ id }) => id),
        leaving.map(({ vm }) => vm),
      )
      assert.equal(need?.kind ?? 'none', moved.length > 0 ? 'drain' : 'none')
      if (need !== null)
        assert.equal(
          need.wanted.memoryMiB,
          moved.reduce((sum, { memoryMiB }) => sum + memoryMiB, 0),
        )
    }),
    { numRuns: runs },
  )
})

test('an order to migrate is refused for the reason for which the problem would not move the VM', () => {
  fc.assert(
    fc.property(situations, ({ each, draining }) => {
      const host = hostOf(each, draining)
      const expected = whys(host, 'migrate', false)
      for (const [i, code] of expected.entries()) {
        const { reply, orders } = commanded(host, { kind: 'migrate', vm: asVmId(`v${i}`), to: other })
        assert.equal(reply?.kind === 'refused' ? reply.code : null, code)
        assert.equal(orders.length, code === null ? 1 : 0)
      }
    }),
    { numRuns: runs },
  )
})

test('the explanation names a reason to stay exactly when there is one', () => {
  fc.assert(
    fc.property(situations, fc.boolean(), ({ each, kind, overloaded, draining }, wasOverloaded) => {
      const host = hostOf(each, draining)
      // The newest decision may be for another need, from a time when the host was in this one not yet.
      const then = hostOf(each, kind === 'drain')
      const decision = decisionOf(needOf(kind, host), snapshotOf(then, kind === 'overload' || wasOverloaded))
      const view = {
        ...exampleView,
        host: self,
        mode: 'auto',
        draining,
        overloadedSinceMs: overloaded ? 1_000 : null,
        vms: vmsByName(host, now),
      } as const
      const needy = draining || overloaded
      for (const [i, code] of whys(host, draining ? 'drain' : 'overload', overloaded).entries()) {
        const { verdict } = explainVm(view, [{ atWallMs: 0, decision }], asVmId(`v${i}`), '')
        // On a host in need a cool-down keeps no VM: what is left are the reasons that hold whatever happens.
        if (needy && verdict.code === 'vm.not_needed')
          assert.equal(decision.reason, draining ? 'drain' : 'overload.cpu', 'not needed for another need')
        if (needy) assert.equal(verdict.code === 'vm.not_needed' ? null : verdict.code, code)
        else if (code !== null && code !== 'vm.cooldown') assert.equal(verdict.code, code)
        else assert.equal(verdict.code, null)
      }
    }),
    { numRuns: runs },
  )
})
