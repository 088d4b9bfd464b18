/** An explanation is true: a problem that is called infeasible is, and the relaxation that is said to help does. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { compile } from '../model/model.ts'
import { asHostId, asVmId } from '../problem/ids.ts'
import type { PlacementProblem } from '../rules/placement-problem.ts'
import type { PlacementRule } from '../rules/rule.ts'
import { solvePlacement } from '../solve-placement.ts'
import { runs } from '../testing/effort.ts'
import { problems } from '../testing/generator.ts'
import { bestCure } from '../testing/oracle.ts'
import { hostOf, problemOf, vmOf } from '../testing/small.ts'
import { contradiction } from './contradiction.ts'
import { localise } from './localise.ts'
import { violatedCondition } from './necessary-conditions.ts'
import { relaxation } from './relaxation.ts'
import { shortage } from './shortage.ts'

// Brute force looks at the end only, so nothing else may be asked.
test('A problem that counting, rules alone or localising prove infeasible has no cure', () => {
  const seen = { shortages: 0, contradictions: 0, localised: 0 }
  fc.assert(
    fc.property(problems({ hostsMax: 3, vmsMax: 5 }), (ruled) => {
      const problem = { ...ruled, rules: ruled.rules.map((rule) => ({ ...rule, continuous: false })) }
      const model = compile(problem)
      const short = shortage(model) !== null
      const contradicts = contradiction(model, true) !== null
      const local = localise(model, model.home).proven
      if (short) seen.shortages++
      if (contradicts) seen.contradictions++
      if (local) seen.localised++
      const obvious = violatedCondition(model) !== null
      if (short || contradicts || local || obvious) assert.equal(bestCure(problem), null)
    }),
    { numRuns: runs, seed: 31 },
  )
  for (const count of Object.values(seen)) assert.ok(count > runs / 50, JSON.stringify(seen))
})

const host = (id: string, state: 'online' | 'draining' = 'online') => hostOf(id, [100], { state })
const vm = (id: string, at: string, cpu: number) => vmOf(id, at, [cpu])
const problem = (
  hosts: PlacementProblem['hosts'],
  vms: PlacementProblem['vms'],
  rules: readonly PlacementRule[],
): PlacementProblem => problemOf(hosts, vms, { rules })
const [x, y, z] = [asVmId('x'), asVmId('y'), asVmId('z')]
const [a, b, c] = [asHostId('a'), asHostId('b'), asHostId('c')]

const why = (
  rules: readonly PlacementRule[],
  hosts = [host('a'), host('b'), host('c')],
  size = 10,
): string => {
  const asked = problem(hosts, [vm('x', 'a', size), vm('y', 'b', size), vm('z', 'c', size)], rules)
  const answer = solvePlacement(asked)
  if (answer.kind !== 'infeasible' && answer.kind !== 'relief') assert.fail(answer.kind)
  return `${answer.why.text}; ${relaxation(asked)}`
}

test('Each kind of contradiction is reported with the rules that cause it, and no others', () => {
  const harmless: PlacementRule = { kind: 'ban', name: 'harmless', vms: [z], hosts: [a] }
  const gather: PlacementRule = { kind: 'gather', name: 'gather', vms: [x, y] }
  const cases: readonly (readonly [readonly PlacementRule[], RegExp])[] = [
    [
      [
        { kind: 'fence', vms: [x], hosts: [a] },
        { kind: 'ban', vms: [x], hosts: [a] },
      ],
      /^fence\(x; a\) and ban\(x; a\) contradict/,
    ],
    [[gather, { kind: 'spread', vms: [x, y, z] }], /^gather and spread\(x, y, z\) contradict/],
    [
      [gather, { kind: 'fence', vms: [x], hosts: [a] }, { kind: 'fence', vms: [y], hosts: [b] }],
      /^gather, fence\(x; a\) and fence\(y; b\) contradict/,
    ],
    [
      [
        { kind: 'root', vms: [x] },
        { kind: 'ban', vms: [x], hosts: [a] },
      ],
      /^root\(x\) and ban\(x; a\) contradict/,
    ],
    [[gather, { kind: 'split', parts: [[x], [y, z]] }], /^gather and split\(x \| y, z\) contradict/],
    [[gather, { kind: 'lonely', vms: [x] }], /^gather and lonely\(x\) contradict/],
    [[gather, { kind: 'quarantine', hosts: [a] }], /^gather and quarantine\(a\) contradict/],
    [
      [{ kind: 'runningCapacity', hosts: [a, b, c], amount: 2 }],
      /cannot hold: 3 VMs.* raise runningCapacity.* to 3/,
    ],
    [[{ kind: 'fence', vms: [x], hosts: [] }], /^fence\(x; no host\) cannot hold/],
    [[{ kind: 'splitAmong', parts: [[x], [y]], among: [[a, b]] }], /^splitAmong\(x \| y; a, b\) cannot hold/],
  ]
  for (const [rules, text] of cases) {
    const told = why([harmless, ...rules])
    assert.match(told, text)
    assert.ok(!told.includes('harmless'), told)
  }
  // A fact can be half of the contradiction.
  assert.match(
    why([{ kind: 'root', vms: [x] }], [host('a', 'draining'), host('b'), host('c')]),
    /^root\(x\) cannot hold.*a is being drained.* drop root/,
  )
})

test('Too little room is reported with the dimension, the amount, and the least that would do', () => {
  const groups: PlacementRule = { kind: 'among', vms: [x, y], parts: [[a], [b], [c]] }
  assert.match(
    why([groups], undefined, 60),
    /^among.* room there is; it would do to drop among.* or give a, b or c 0.02 cores more/,
  )
  assert.match(
    why([{ kind: 'maxOnline', hosts: [a, b, c], amount: 2 }], undefined, 60),
    /^maxOnline.*raise maxOnline.* to 3, give a, b or c 0.02 cores more or add a host like a/,
  )
  assert.match(
    why([{ kind: 'fence', vms: [x, y, z], hosts: [a] }], undefined, 60),
    /need 0.18 cores; the hosts they may be on \(a, by fence.* 0.1 cores: 0.08 cores short; .* give a 0.08 cores more/,
  )
})

// VMs that cannot move were once counted twice: as wanting room, and as taking it away.
test('Hosts that lack different resources are counted together, not tried in every arrangement', () => {
  const hosts = Array.from({ length: 40 }, (_, h) => ({
    ...host(`h${h}`),
    limit: h % 2 === 0 ? [100, 34] : [34, 100],
  }))
  const vms = Array.from({ length: 81 }, (_, v) => ({ ...vm(`v${v}`, `h${v % 40}`, 17), demand: [17, 17] }))
  const answer = solvePlacement({ ...problem(hosts, vms, []), dimensions: ['cpuMilli', 'memoryMiB'] })
  assert.ok('why' in answer)
  assert.match(
    answer.why.text,
    /^81 VMs are to run; the online hosts, short of CPU and memory, can take 80 of even the smallest: 1 short/,
  )
})

test('VMs that cannot move need no more room than they have', () => {
  const stay = (id: string) => ({ ...vm(id, a, 40), movable: false })
  const one: PlacementRule = { kind: 'maxOnline', hosts: [a, b], amount: 1 }
  assert.equal(shortage(compile(problem([host(a), host(b)], [stay('p'), stay('q')], [one]))), null)
  const apart = [stay('p'), { ...stay('q'), host: b }]
  assert.match(
    shortage(compile(problem([host(a), host(b)], apart, [one])))?.why.text ?? '',
    /VMs that cannot move are on 2 of them/,
  )
})

/** 100 hosts of 100, each with a VM of 30 and one of 40. */
const dataCentre = (
  rules: readonly PlacementRule[],
  size: (v: number) => number = () => 0,
): PlacementProblem =>
  problem(
    Array.from({ length: 100 }, (_, h) => host(`h${h}`)),
    Array.from({ length: 200 }, (_, v) => vm(`v${v}`, `h${v >> 1}`, size(v) || (v % 2 === 0 ? 30 : 40))),
    rules,
  )
const ids = (...numbers: readonly number[]) => numbers.map((v) => asVmId(`v${v}`))
const places = (...numbers: readonly number[]) => numbers.map((h) => asHostId(`h${h}`))

test('In a data centre the few hosts that make it infeasible are found among many that are well', () => {
  const told = (asked: PlacementProblem): string => {
    const answer = solvePlacement(asked)
    if (answer.kind !== 'infeasible' && answer.kind !== 'relief') assert.fail(answer.kind)
    return answer.why.text
  }
  const [first, second] = [ids(0, 2, 4, 6, 8), places(0, 1)]
  // Seven of 30 and 40 to two hosts.
  assert.match(
    told(dataCentre([{ kind: 'fence', name: 'licence', vms: ids(0, 1, 2, 3, 4, 5, 6), hosts: second }])),
    /need 0.24 cores; the hosts they may be on \(h0, h1, by licence\) can give them 0.2 cores: 0.04 cores short; .* 0.04 cores more on h0, h1, 1 more host.*1 VM fewer or licence dropped/,
  )
  assert.match(
    told(
      dataCentre([
        { kind: 'spread', name: 'apart', vms: first },
        { kind: 'fence', vms: first, hosts: second },
      ]),
    ),
    /^apart: 5 VMs are to be on different hosts, only 2 may take them; .* 3 more hosts/,
  )
  assert.match(
    told(
      dataCentre([
        { kind: 'spread', name: 'apart', vms: first },
        { kind: 'gather', name: 'close', vms: ids(0, 8) },
      ]),
    ),
    /^apart and close contradict each other/,
  )
  assert.match(
    told(dataCentre([], (v) => (v === 7 ? 130 : 0))),
    /^v7 needs 0.13 cores; the largest host it may be on, h0, has 0.1 cores; .* 0.03 cores more on h0/,
  )
  // 198 of 200, and no count shows it: one host gets 36 + 36 + 30, whatever one does.
  const pieces = [36, 36, 36, 30, 30, 30]
  assert.match(
    told(dataCentre([{ kind: 'fence', vms: ids(0, 1, 2, 3, 4, 5), hosts: second }], (v) => pieces[v] ?? 0)),
    /^on h0, h1, outside of which 6 VMs may not be: .*(give h0 or h1 [\d.]+ cores more|drop fence)/,
  )
})
