/**
 * Annealing passes through placements that are not viable, ends in viable ones, and finds cures that no single step leads
 * to.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { checkPlacement } from '../check/checker.ts'
import { costOf, unlimited } from '../model/cost.ts'
import { compile, type Model } from '../model/model.ts'
import { asHostId, asVmId } from '../problem/ids.ts'
import { randomStream } from '../problem/random.ts'
import { problems } from '../testing/generator.ts'
import { hostOf, problemOf, vmOf } from '../testing/small.ts'
import { anneal } from './annealing.ts'

const state = (model: Model, steps: number) =>
  anneal(model, {
    start: model.home,
    best: unlimited,
    steps,
    random: randomStream(1),
    expired: () => false,
  })

test('A cure that annealing finds passes the checker, costs what it says, and is the same every time', () => {
  // It passes through placements that are not viable; the independent checker sees none of them.
  fc.assert(
    fc.property(problems({ hostsMax: 5, vmsMax: 8 }), (problem) => {
      const model = compile(problem)
      const found = state(model, 300)
      assert.deepEqual(state(model, 300), found)
      if (found.at === null) return
      assert.deepEqual(found.cost, costOf(model, found.at))
      const placement = new Map(
        model.vms.flatMap((vm, v) =>
          model.active[v] === 1 ? [[vm.id, model.hosts[found.at![v]!]!.id] as const] : [],
        ),
      )
      const faults = checkPlacement(problem, placement).filter(({ code }) => code !== 'vm.not_running')
      assert.deepEqual(faults, [])
    }),
    { numRuns: 400, seed: 5 },
  )
})

test('The violation of a constraint is 0 when there is no conflict, and more when there is one', () => {
  // Annealing asks for the violation, branch and bound for conflicts: the two must agree.
  fc.assert(
    fc.property(problems({ hostsMax: 4, vmsMax: 8 }), fc.nat(), (problem, seed) => {
      const model = compile(problem)
      const random = randomStream(seed)
      const scratch = new Int32Array(model.vmCount + 1)
      const at = new Int32Array(model.vmCount)
      for (let round = 0; round < 10; round++) {
        for (let v = 0; v < at.length; v++) at[v] = random.below(model.hostCount + 1) - 1
        for (const constraint of model.constraints)
          assert.equal(
            constraint.violation(at) > 0,
            constraint.conflict(at, scratch, 0) > 0,
            `rule ${constraint.rule}`,
          )
      }
    }),
    { numRuns: 400, seed: 6 },
  )
})

test('A group changes racks, one VM after the other', () => {
  // Three VMs that must share a rack, two of them in a rack that has no room for the third: no single shift or swap
  // helps. Annealing violates the rule for a while.
  const hosts = [0, 1, 2, 3].map((h) => asHostId(`h${h}`))
  const vm = (name: string, host: number, cpu: number) =>
    vmOf(name, hosts[host]!, [cpu], { movable: !name.startsWith('fixed') })
  const problem = problemOf(
    hosts.map((id) => hostOf(id, [10])),
    [vm('a', 0, 4), vm('b', 1, 4), vm('c', 2, 4), vm('fixed1', 0, 6), vm('fixed2', 1, 6)],
    {
      rules: [
        {
          kind: 'among',
          vms: ['a', 'b', 'c'].map(asVmId),
          parts: [hosts.slice(0, 2), hosts.slice(2)],
        },
      ],
    },
  )
  const model = compile(problem)
  const { at, cost } = state(model, 20_000)
  assert.ok(at !== null)
  assert.deepEqual(
    [0, 1, 2].map((v) => at[v]! >= 2),
    [true, true, true],
  )
  assert.equal(cost.migrationMs, model.moveMs[0]! + model.moveMs[1]!)
})
