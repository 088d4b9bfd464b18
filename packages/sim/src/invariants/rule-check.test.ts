// S11: broken rules are noticed, at the beginning of an arrival, when its hypervisor begins, and at its end.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Action, type ActionId, asVmId, type Rule } from '@drover/protocol'
import {
  a,
  b,
  begins,
  c,
  h1,
  h2,
  move,
  observed,
  partition,
  planOf,
  problemOf,
  vmOf,
} from '../testing/led-plan.ts'
import {
  actionOf,
  agentOf,
  opened,
  openMigration,
  tick,
  type WatchedAgents,
} from '../testing/watched-agents.ts'
import { brokenBy, isLeftBehind } from './rule-check.ts'

test('S11: each kind of rule is seen to be broken, and what was broken before is excused', () => {
  const coming = (vm: typeof a, beside: readonly (typeof a)[], problem = problemOf(1_000)) => ({
    vm,
    host: { id: h2 } as never,
    beside,
    assign: { problem, plan: planOf(move(0, a, h1, h2), move(1, c, h2, h1)) } as never,
    failed: new Set<ActionId>(),
    labelsOf: () => ['db'],
  })
  const labelled = (max: number): Rule => ({ kind: 'labelCapacity', label: 'db', max })
  assert.equal(brokenBy({ kind: 'spread', vms: [a, c] }, coming(a, [c])), 'beside c')
  assert.equal(brokenBy({ kind: 'spread', vms: [a, b] }, coming(a, [c])), null)
  assert.equal(brokenBy({ kind: 'spread', vms: [a, c], continuous: false }, coming(a, [c])), null)
  const both = problemOf(1_000, { vms: [vmOf(a, h2, 1), vmOf(c, h2, 1)] })
  assert.equal(brokenBy({ kind: 'spread', vms: [a, c] }, coming(a, [c], both)), null)
  assert.equal(brokenBy({ kind: 'ban', vms: [a], hosts: [h2] }, coming(a, [])), 'which is banned')
  assert.equal(brokenBy({ kind: 'ban', vms: [a], hosts: [h1] }, coming(a, [])), null)
  assert.equal(brokenBy({ kind: 'fence', vms: [a], hosts: [h1] }, coming(a, [])), 'outside its fence')
  assert.equal(brokenBy({ kind: 'fence', vms: [a], hosts: [h2] }, coming(a, [])), null)
  assert.equal(brokenBy(labelled(1), coming(a, [c])), 'with 1 others of label db')
  assert.equal(brokenBy(labelled(2), coming(a, [c])), null)
})

test('S11: a rule that need not hold throughout lets through what the plan takes away again, as long as it can', () => {
  const [actions, soft] = [[move(0, a, h1, h2), move(1, c, h2, h1)], { continuous: false }]
  const through = (onward: readonly Action[], ...failed: readonly number[]) => ({
    vm: a,
    host: { id: h2 } as never,
    beside: [c],
    assign: { problem: problemOf(1_000), plan: planOf(...actions, ...onward) } as never,
    failed: new Set(failed.map((i) => actionOf(partition, i))),
    labelsOf: () => ['db'],
  })
  const apart: Rule = { kind: 'spread', vms: [a, c], ...soft }
  const few: Rule = { kind: 'labelCapacity', label: 'db', max: 1, ...soft }
  const ban: Rule = { kind: 'ban', vms: [a], hosts: [h2], ...soft }
  const fence: Rule = { kind: 'fence', vms: [a], hosts: [h1], ...soft }
  assert.equal(brokenBy(apart, through([])), null)
  assert.equal(brokenBy(apart, through([], 1)), 'beside c')
  assert.equal(brokenBy(few, through([])), null)
  assert.equal(brokenBy(few, through([], 1)), 'with 1 others of label db')
  assert.equal(brokenBy(ban, through([])), 'which is banned')
  assert.equal(brokenBy(fence, through([])), 'outside its fence')
  // It leaves this host again.
  const onward = [move(2, a, h2, agentOf('h3'), 0)]
  for (const rule of [apart, few, ban, fence]) {
    assert.equal(brokenBy(rule, through(onward, 1)), null)
    assert.notEqual(brokenBy(rule, through(onward, 1, 2)), null)
    assert.notEqual(brokenBy({ ...rule, continuous: true }, through(onward)), null)
  }
})

test('S11: a paused copy is left behind where the VM runs elsewhere, or is left paused there, too', () => {
  const [running, left] = [
    { state: 'running', pausedBy: null },
    { state: 'paused', pausedBy: 'migration' },
  ] as const
  const others = [
    running,
    { ...left },
    { state: 'shut', pausedBy: null },
    { state: 'paused', pausedBy: 'owner' },
  ] as const
  assert.equal(isLeftBehind(left, [left]), false, 'it is the VM')
  assert.deepEqual(
    others.map((other) => isLeftBehind(left, [left, other])),
    [true, true, false, false],
  )
  assert.equal(isLeftBehind(running, [running, left]), false)
})

test('S11: a rule is judged again when the hypervisor begins, and when the VM is there', async () => {
  const rules: readonly Rule[] = [{ kind: 'spread', vms: [a, b], name: 'apart' }]
  const bring = async (when: 'begun' | 'moved') => {
    const agents = await begins({ rules })
    const { world, driver } = agents
    const go = (vm: typeof a): void =>
      void driver('h1').migrate({ vm, to: 'sim://h2', handOverPaused: false, bandwidthMiBps: null })
    // No plan says that b moves: it is an agent that no observer has heard of.
    if (when === 'begun') go(b)
    go(a)
    if (when === 'moved') go(b)
    await agents.clock.advance(60_000)
    assert.equal(world.vm(a).copies[0]?.host, 'h2')
    return agents.found().filter((text) => text.startsWith('S11'))
  }
  const broken = `S11 ${actionOf(partition)} brings a to h2 beside b, against rule apart`
  assert.deepEqual(await bring('begun'), [broken])
  assert.deepEqual(await bring('moved'), [broken])
})

test('S11: a move that breaks a rule is noticed when it begins', async () => {
  const found = (await begins({ rules: [{ kind: 'spread', vms: [a, c], name: 'replicas' }] })).found()
  assert.deepEqual(found, [`S11 ${actionOf(partition)} brings a to h2 beside c, against rule replicas`])
})

test('S11: what a host sees only after it has let a VM in is not its fault, and what it knew then, or lets in itself, is', async () => {
  const n = asVmId('n')
  const lets = (vm: typeof a, index: number) => (agents: WatchedAgents) =>
    agents.step(
      'h2',
      tick,
      null,
      opened(openMigration('arrival', partition, vm, { action: actionOf(partition, index) })),
    )
  const letsIn = lets(a, 0)
  const starts = (agents: WatchedAgents): void => void agents.vm('n', 'h2')
  const sees = (agents: WatchedAgents): void =>
    agents.step('h2', { kind: 'observed', askedAt: 0, vms: [observed(c), observed(n)] }, null)
  const isSent = (agents: WatchedAgents): void => {
    agents.vm('n', 'h1')
    lets(n, 1)(agents)
    void agents.driver('h1').migrate({ vm: n, to: 'sim://h2', handOverPaused: false, bandwidthMiBps: null })
  }
  const found = async (...happens: readonly ((agents: WatchedAgents) => void)[]) => {
    const rules: readonly Rule[] = [{ kind: 'spread', vms: [a, n], name: 'apart' }]
    const meanwhile = (agents: WatchedAgents): void => {
      for (const happen of happens) happen(agents)
    }
    const agents = await begins({ rules, meanwhile })
    return agents.found().filter((text) => text.startsWith('S11'))
  }
  const broken = [`S11 ${actionOf(partition)} brings a to h2 beside n, against rule apart`]
  assert.deepEqual(await found(letsIn, starts, sees), [])
  assert.deepEqual(await found(starts, letsIn, sees), [])
  assert.deepEqual(await found(starts, sees, letsIn), broken)
  assert.deepEqual(await found(letsIn, isSent), broken)
})
