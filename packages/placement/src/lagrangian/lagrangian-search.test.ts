/**
 * The Lagrangian search against brute force: it starts from the worst cure and must end at the best, and when it is cut
 * short its bound must not exceed the best cost.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { branchAndBound } from '../exact/branch-and-bound.ts'
import { createSearchSpace } from '../exact/search-state.ts'
import { type FullCost, noCost } from '../model/cost.ts'
import { withReducedDomains } from '../model/domain-reduction.ts'
import { compile } from '../model/model.ts'
import { randomStream } from '../problem/random.ts'
import type { PlacementProblem } from '../rules/placement-problem.ts'
import type { PlacementRule } from '../rules/rule.ts'
import { runs } from '../testing/effort.ts'
import { problems } from '../testing/generator.ts'
import { compareTuples, placements, type Tuple, tupleOf } from '../testing/oracle.ts'
import { createLagrangianSearch } from './lagrangian-search.ts'

interface Extremes {
  readonly best: Tuple
  readonly worst: Tuple
  readonly worstAt: Int32Array
}

/** Over all full cures that break no soft rule. */
const extremes = (problem: PlacementProblem): Extremes | null => {
  const { hosts, vms } = compile(problem)
  let found: Extremes | null = null
  for (const placement of placements(problem)) {
    const tuple = tupleOf(problem, placement)
    if (tuple.slice(0, 4).some((amount) => amount > 0)) continue
    const worse: boolean = found === null || compareTuples(tuple, found.worst) > 0
    const better: boolean = found === null || compareTuples(tuple, found.best) < 0
    if (!worse && !better) continue
    const at: Int32Array = worse
      ? Int32Array.from(vms, (vm) => hosts.findIndex((host) => host.id === placement.get(vm.id)))
      : found!.worstAt
    found = { best: better ? tuple : found!.best, worst: worse ? tuple : found!.worst, worstAt: at }
  }
  return found
}

const unhurried = { nodesMax: 1_000_000, expired: () => false }

/** What the search must find, whatever it was told to begin with; false when the problem has no cure. */
const check = (problem: PlacementProblem): boolean => {
  const known = extremes(problem)
  if (known === null) return false
  const model = compile(problem)
  const cost: FullCost = {
    ...noCost,
    unmet: 0,
    migrationMs: known.worst[4],
    hostsTouched: known.worst[5],
  }
  const search = () => createLagrangianSearch(model, randomStream(1), () => false)
  const best = known.best.slice(4)
  const { cost: reached, complete, boundMs } = search().search(known.worstAt, cost, 100_000_000)
  assert.ok(complete)
  assert.deepEqual([reached.migrationMs, reached.hostsTouched], best)
  assert.equal(boundMs, known.best[4])
  // A search that was cut short has smaller domains, which another search can use, and so can it itself.
  const hasty = search()
  const glance = hasty.search(known.worstAt, cost, 0)
  assert.ok(glance.boundMs <= known.best[4])
  if (!glance.complete) {
    const rest = branchAndBound(createSearchSpace(withReducedDomains(model, hasty.allowed)), {
      relief: false,
      open: null,
      start: model.home,
      best: glance.cost,
      ...unhurried,
    })
    assert.ok(rest.complete)
    assert.deepEqual([rest.cost.migrationMs, rest.cost.hostsTouched], best)
  }
  const again = hasty.search(glance.at, glance.cost, 100_000_000)
  assert.ok(again.complete)
  assert.deepEqual([again.cost.migrationMs, again.cost.hostsTouched], best)
  return true
}

test('The Lagrangian search finds the best cure from the worst one, and its bound never exceeds it', () => {
  let compared = 0
  fc.assert(
    fc.property(problems({ hostsMax: 3, vmsMax: 5 }), (ruled) => {
      if (check({ ...ruled, rules: ruled.rules.map((rule) => ({ ...rule, continuous: false })) })) compared++
    }),
    { numRuns: runs, seed: 17 },
  )
  assert.ok(compared > runs / 4)
})

test('The subproblem of a rule that wants VMs together picks their cheapest common group', () => {
  let compared = 0
  const wish = fc.record({
    gather: fc.boolean(),
    from: fc.nat(3),
    size: fc.integer({ min: 2, max: 3 }),
    cut: fc.integer({ min: 1, max: 2 }),
  })
  fc.assert(
    fc.property(
      problems({ hostsMax: 3, vmsMax: 5 }),
      fc.array(wish, { minLength: 1, maxLength: 2 }),
      (base, wishes) => {
        const hosts = base.hosts.map((host) => ({ ...host, limit: host.limit.map((amount) => amount + 4) }))
        const ids = hosts.map((host) => host.id)
        const together = wishes.map(({ gather, from, size, cut }): PlacementRule => {
          const vms = base.vms.slice(from, from + size).map((vm) => vm.id)
          return gather
            ? { kind: 'gather', vms, continuous: false }
            : { kind: 'among', vms, parts: [ids.slice(0, cut), ids.slice(cut)], continuous: false }
        })
        const others = base.rules.slice(0, 1).map((rule) => ({ ...rule, continuous: false }))
        if (check({ ...base, hosts, rules: [...together, ...others] })) compared++
      },
    ),
    { numRuns: runs, seed: 23 },
  )
  assert.ok(compared > runs / 4)
})
