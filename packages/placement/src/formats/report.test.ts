/** An operator solves a problem from a file: what is to be moved, how good is that, or why can it not be done? */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readDocument } from './read.ts'
import { type SolveReport, solveProblem } from './report.ts'

const report = (document: unknown): SolveReport => {
  const read = readDocument(document)
  if (read.kind === 'bad') assert.fail(`${read.path}: ${read.text}`)
  let clock = 0
  return solveProblem(read.problem, {
    objective: read.objective,
    budgetMs: null,
    suspend: false,
    contradiction: read.contradiction,
    loadMs: 0,
    now: () => clock++,
  }).report
}

const bad = (document: unknown): string => {
  const read = readDocument(document)
  if (read.kind !== 'bad') assert.fail('should not be readable')
  return read.path
}

const host = (id: string, cpu: number) => ({ id, limit: [cpu, 100] })
const vm = (id: string, at: string, cpu: number) => ({ id, host: at, demand: [cpu, 10] })

test('A hot host is cured by one move, proven to be the best', () => {
  const { status, optimal, moves, movesBound, overloadedBefore, overloadedAfter, violations } = report({
    hosts: [host('a', 10), host('b', 10)],
    vms: [vm('x', 'a', 6), vm('y', 'a', 6)],
  })
  assert.deepEqual(
    { status, optimal, movesBound, overloadedBefore, overloadedAfter },
    {
      status: 'plan',
      optimal: true,
      movesBound: 1,
      overloadedBefore: 1,
      overloadedAfter: 0,
    },
  )
  assert.equal(moves.length, 1)
  assert.deepEqual(violations, [])
})

test('Contradicting rules are named, and nothing else', () => {
  const { status, explanation } = report({
    hosts: [host('a', 10), host('b', 10)],
    vms: [vm('x', 'a', 1), vm('y', 'a', 1), vm('z', 'a', 1)],
    rules: [
      { kind: 'fence', vms: ['z'], hosts: ['a'] },
      { kind: 'gather', name: 'close', vms: ['x', 'y'] },
      { kind: 'spread', name: 'apart', vms: ['x', 'y'] },
    ],
  })
  assert.equal(status, 'infeasible')
  assert.match(
    explanation!.text,
    /^close at rules\[1\] and apart at rules\[2\] contradict each other.*drop close at rules\[1\] or drop apart/,
  )
})

test('Too little room is explained with the dimension, the numbers and what would help', () => {
  const { status, explanation } = report({
    hosts: [host('a', 10), host('b', 10)],
    vms: [vm('x', 'a', 12), vm('y', 'b', 10)],
  })
  assert.equal(status, 'infeasible')
  assert.equal(explanation!.code, 'capacity.cpu')
  assert.match(
    explanation!.text,
    /need 0.022 cores, the online hosts have 0.02 cores: 0.002 cores short; .* give a or b 0.002 cores more/,
  )
})

test('Hosts with a limit of zero are not hosts that are off', () => {
  const hosts = [{ id: 'a', limit: [10, 0] }]
  const { explanation } = report({ hosts, vms: [vm('x', 'a', 1)] })
  assert.match(explanation!.text, /need 10 MiB, the online hosts have 0 MiB: 10 MiB short/)
})

test('When there is no room even without rules, the answer says that, however many rules contradict each other', () => {
  const { status, explanation } = report({
    hosts: [{ ...host('a', 10), state: 'draining' }],
    vms: [vm('x', 'a', 1), vm('y', 'a', 1)],
    rules: [
      { kind: 'root', vms: ['x', 'y'] },
      { kind: 'split', parts: [['x'], ['y']] },
    ],
  })
  assert.equal(status, 'infeasible')
  assert.match(explanation!.text, /^a is being drained/)
})

test('Overloaded hosts are counted by their whole names, which may contain spaces', () => {
  const hosts = [host('rack 1', 10), host('rack 2', 10), host('rack 3', 30)]
  const { overloadedBefore, overloadedAfter } = report({
    hosts,
    vms: [vm('x', 'rack 1', 11), vm('y', 'rack 2', 11)],
  })
  assert.deepEqual({ overloadedBefore, overloadedAfter }, { overloadedBefore: 2, overloadedAfter: 0 })
})

test('An answer without a full cure says what the remaining violations cost', () => {
  const rules = [{ kind: 'spread', vms: ['x', 'y'], weight: 7 }]
  const soft = report({ hosts: [host('a', 10)], vms: [vm('x', 'a', 1), vm('y', 'a', 1)], rules })
  assert.equal(soft.status, 'satisfied')
  assert.equal(soft.cost.softPenalty, 7)
  assert.equal(soft.bound.softPenalty, 7)
  assert.equal(soft.optimal, true)
  const stuck = report({ hosts: [host('a', 10)], vms: [vm('x', 'a', 12)] })
  assert.equal(stuck.status, 'infeasible')
  assert.deepEqual([stuck.cost.overloadedHosts, stuck.cost.excess], [1, 200])
})

test('A goal beyond a cure is not proven: fewer hosts might do', () => {
  const read = readDocument({
    hosts: [host('a', 10), host('b', 10)],
    vms: [vm('x', 'a', 6), vm('y', 'b', 6)],
  })
  if (read.kind === 'bad') assert.fail(read.text)
  const { status, optimal } = solveProblem(read.problem, {
    objective: 'consolidate',
    budgetMs: null,
    suspend: false,
    loadMs: 0,
    now: () => 0,
  }).report
  assert.deepEqual({ status, optimal }, { status: 'satisfied', optimal: false })
})

test('A BtrPlace instance: demand rises, a spread keeps two apart, singular and plural forms are read', () => {
  const { status, moves, movesBound } = report({
    model: {
      mapping: {
        readyVMs: [3],
        onlineNodes: { 0: { runningVMs: [0, 1], sleepingVMs: [] }, 1: { runningVMs: [2], sleepingVMs: [] } },
        offlineNodes: [2],
      },
      attributes: { nodes: {}, vms: {} },
      views: [
        {
          id: 'shareableResource',
          rcId: 'cpu',
          defCapacity: 10,
          defConsumption: 3,
          nodes: {},
          vms: { 1: 4 },
        },
        { id: 'ns', type: 'vm', map: {} },
      ],
    },
    constraints: [
      { id: 'online', node: 0 },
      { id: 'preserve', vm: 0, rc: 'cpu', amount: 7 },
      { id: 'spread', vms: [0, 2], continuous: true },
      { id: 'running', vms: [3] },
    ],
    objective: { id: 'minimizeMTTR' },
  })
  assert.equal(status, 'plan')
  assert.equal(movesBound, 1)
  const [relieved, started] = moves.map((move) => `${move.vm} ${move.from} ${move.to}`)
  assert.equal(relieved, '1 0 1')
  // Both hosts have room for it and are touched anyway.
  assert.match(started!, /^3 null [01]$/)
})

test('A BtrPlace instance that wants a VM both running and asleep is refused with that reason', () => {
  const { status, explanation } = report({
    model: { mapping: { onlineNodes: { 0: { runningVMs: [7] } } }, views: [] },
    constraints: [
      { id: 'running', vm: 7 },
      { id: 'sleeping', vms: [7] },
    ],
  })
  assert.equal(status, 'infeasible')
  assert.match(
    explanation!.text,
    /^VM 7 is to be running by constraints\[0\] and sleeping by constraints\[1\]/,
  )
})

test('A BtrPlace instance that no action can fulfil is refused: only a running VM can be suspended', () => {
  const model = {
    mapping: { readyVMs: [1], onlineNodes: { 0: { runningVMs: [7], sleepingVMs: [2] } } },
    views: [],
  }
  for (const [constraint, text] of [
    [{ id: 'sleeping', vm: 1 }, /^VM 1 is ready and is to be sleeping by constraints\[0\]/],
    [{ id: 'ready', vm: 2 }, /^VM 2 is sleeping and is to be ready by constraints\[0\]/],
  ] as const) {
    const { status, explanation } = report({ model, constraints: [constraint] })
    assert.equal(status, 'infeasible')
    assert.match(explanation!.text, text)
  }
  assert.equal(report({ model, constraints: [{ id: 'killed', vms: [1, 2] }] }).status, 'satisfied')
})

test('An overbooking ratio is exact: 200 times 1.005 is 201', () => {
  const cpu = { id: 'shareableResource', rcId: 'cpu', defCapacity: 200, defConsumption: 201 }
  const { status } = report({
    model: { mapping: { onlineNodes: { 0: { runningVMs: [0] } } }, views: [cpu] },
    constraints: [{ id: 'overbook', node: 0, rc: 'cpu', ratio: 1.005 }],
  })
  assert.equal(status, 'satisfied')
})

test('Rules of order that go in a circle are named instead of an order', () => {
  const { status, makespan, explanation } = report({
    hosts: [host('a', 10), host('b', 10), host('c', 10)],
    vms: [vm('x', 'a', 1), vm('y', 'b', 1)],
    rules: [
      { kind: 'seq', vms: ['x', 'y'] },
      { kind: 'seq', name: 'back', vms: ['y', 'x'] },
      { kind: 'ban', vms: ['x'], hosts: ['a'] },
      { kind: 'ban', vms: ['y'], hosts: ['b'] },
    ],
  })
  // One of the two can at least be mended.
  assert.equal(status, 'relief')
  assert.ok(makespan > 0)
  assert.equal(explanation!.code, 'plan.no_order')
  assert.match(
    explanation!.text,
    /^no order: seq\(x, y\) at rules\[0\] and back at rules\[1\] put these moves in a circle/,
  )
})

test('A swap of two full hosts is no plan: no VM moves, and the answer says that only the order is missing', () => {
  const { status, moves, explanation, optimal } = report({
    hosts: [host('a', 10), host('b', 10)],
    vms: [vm('x', 'a', 10), vm('y', 'b', 10)],
    rules: [{ kind: 'fence', vms: ['x'], hosts: ['b'] }],
  })
  assert.deepEqual({ status, moves, optimal }, { status: 'infeasible', moves: [], optimal: false })
  assert.equal(explanation!.code, 'plan.no_order')
  assert.match(
    explanation!.text,
    /^no order: .*there is an order if a VM may be suspended; no other cure has an order either$/,
  )
})

test('The part of a cure without an order that can be carried out is relief', () => {
  const { status, moves, overloadedBefore, overloadedAfter, explanation, makespan } = report({
    hosts: [host('a', 10), host('b', 10), host('c', 10), host('d', 5)],
    vms: [vm('x', 'a', 10), vm('y', 'b', 10), vm('z', 'c', 7), vm('u', 'c', 5)],
    rules: [{ kind: 'fence', vms: ['x'], hosts: ['b'] }],
  })
  assert.equal(status, 'relief')
  assert.deepEqual(
    moves.map((move) => `${move.vm} ${move.to}`),
    ['u d'],
  )
  assert.deepEqual([overloadedBefore, overloadedAfter], [1, 0])
  assert.ok(makespan > 0)
  assert.equal(explanation!.code, 'plan.no_order')
})

test('A value that cannot be read is named by its path', () => {
  assert.equal(bad({ hosts: [{ id: 'a', limit: [1] }], vms: [] }), 'hosts[0].limit')
  assert.equal(bad({ hosts: [], vms: [], rules: [{ kind: 'sprad', vms: [] }] }), 'rules[0].kind')
  assert.equal(bad({ hosts: [host('a', 1)], vms: [vm('x', 'b', 1)] }), 'vms[0].host')
  const model = { mapping: { onlineNodes: { 0: { runningVMs: [0] } } }, views: [] }
  assert.equal(bad({ model, constraints: [{ id: 'spread', vms: [0, 7] }] }), 'constraints[0].vms[1]')
  assert.equal(bad({ model, constraints: [{ id: 'unheard' }] }), 'constraints[0].id')
  assert.equal(bad(null), '')
})

test('A value that could be read in two ways, or not exactly, is named by its path', () => {
  const hosts = [host('a', 10), host('b', 10)]
  const vms = [vm('x', 'a', 1), vm('y', 'b', 1)]
  const overlapping = [['a'], ['a', 'b']]
  const ruled = (rule: unknown) => bad({ hosts, vms, rules: [rule] })
  assert.equal(ruled({ kind: 'split', parts: [['x'], ['y', 'x']] }), 'rules[0].parts[1][1]')
  assert.equal(ruled({ kind: 'among', vms: ['x'], parts: overlapping }), 'rules[0].parts[1][0]')
  assert.equal(
    ruled({ kind: 'splitAmong', parts: [['x'], ['y']], among: overlapping }),
    'rules[0].among[1][0]',
  )
  assert.equal(bad({ hosts, vms: [vm('x', 'a', 2 ** 52), vm('y', 'b', 2 ** 52)] }), 'vms[1].demand[0]')
  const asleep = { id: 'x', host: 'a', state: 'sleeping', wanted: 'ready', demand: [1, 1] }
  assert.equal(bad({ hosts, vms: [asleep] }), 'vms[0].wanted')

  const mapping = { onlineNodes: { 0: { runningVMs: [0, 1] }, 1: {} } }
  const cpu = { id: 'shareableResource', rcId: 'cpu', defCapacity: 10, defConsumption: 2 ** 52 }
  const constrained = (constraint: unknown) =>
    bad({ model: { mapping, views: [] }, constraints: [constraint] })
  assert.equal(constrained({ id: 'split', parts: [[0], [1, 0]] }), 'constraints[0].parts[1][1]')
  assert.equal(constrained({ id: 'among', vms: [0], parts: [[0], [0, 1]] }), 'constraints[0].parts[1][0]')
  assert.equal(
    bad({ model: { mapping, views: [{ ...cpu, defConsumption: 1 }, cpu] } }),
    'model.views[1].rcId',
  )
  assert.equal(bad({ model: { mapping, views: [cpu] } }), 'model.mapping.onlineNodes.0.runningVMs[1]')
  assert.equal(
    bad({ model: { mapping, views: [], attributes: { vms: { 1: { memUsed: 'much' } } } } }),
    'model.attributes.vms.1.memUsed',
  )
})

test('With memory in bytes migrations take ages, and neither their time nor their number overflows', () => {
  for (const unit of [1e9, 1e12]) {
    const memory = {
      id: 'shareableResource',
      rcId: 'memory',
      defCapacity: 64 * unit,
      defConsumption: 40 * unit,
    }
    const onlineNodes = Object.fromEntries(
      [0, 1, 2, 3, 4, 5, 6, 7].map((h) => [h, { runningVMs: h < 4 ? [2 * h, 2 * h + 1] : [] }]),
    )
    const { movesBound, moves, cost, bound } = report({
      model: { mapping: { onlineNodes }, views: [memory] },
    })
    assert.equal(movesBound, 4)
    assert.equal(moves.length, 4)
    // At 119 MiB/s each; a grain of time is lost where the sum of moves and time would not be exact.
    const ms = 4 * (100 + Math.ceil((40 * unit * 1000) / 119))
    assert.ok(cost.migrationMs >= ms && cost.migrationMs < ms + 64, `${cost.migrationMs} for ${ms}`)
    assert.deepEqual(bound, cost)
  }
})

test('A budget bounds the advice, too: the search for what would help takes half as long again, and no longer', () => {
  const hosts = Array.from({ length: 12 }, (_, h) => ({ id: `h${h}`, limit: [100, 100] }))
  // Three of 34 on each of twelve hosts: one cannot be placed, and there is much that might help.
  const vms = Array.from({ length: 36 }, (_, v) => vm(`v${v}`, `h${v % 12}`, 34))
  const read = readDocument({ hosts, vms })
  if (read.kind === 'bad') assert.fail(read.text)
  const asked = (budgetMs: number | null): number => {
    let clock = 0
    const { report } = solveProblem(read.problem, {
      objective: 'time',
      budgetMs,
      suspend: false,
      loadMs: 0,
      now: () => clock++,
    })
    assert.notEqual(report.explanation, null)
    return clock
  }
  assert.ok(asked(20) < 100)
})
