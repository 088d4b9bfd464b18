/** The method for data centres on problems small enough for brute force: nothing gets worse, and few cures are missed. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createSearchSpace } from '../exact/search-state.ts'
import { createAssignment } from '../model/assignment.ts'
import { compareCost, costOf } from '../model/cost.ts'
import { compile } from '../model/model.ts'
import { randomStream } from '../problem/random.ts'
import { solvePlacement } from '../solve-placement.ts'
import { runs } from '../testing/effort.ts'
import { problems } from '../testing/generator.ts'
import { solveLarge } from './data-centre.ts'

const never = () => false

test('A data centre is never left worse than before, and an existing cure is rarely missed', () => {
  let cures = 0
  let missed = 0
  let dearer = 0
  fc.assert(
    fc.property(problems({ hostsMax: 5, vmsMax: 10 }), (problem) => {
      const model = compile(problem)
      const idle = model.home.map((h, v) => (model.starts[v] === 1 ? -1 : h))
      const { at, cost, boundMs } = solveLarge(createSearchSpace(model), {
        idle,
        nodesMax: 10_000,
        random: randomStream(1),
        expired: never,
      })
      assert.deepEqual(cost, costOf(model, at))
      assert.ok(compareCost(cost, costOf(model, idle)) <= 0)
      const best = solvePlacement(problem, { cureOnly: true })
      if (best.kind === 'infeasible' || best.kind === 'relief') return
      cures++
      if (cost.unmet + cost.overloadedHosts > 0) missed++
      else if (best.kind === 'plan') {
        assert.ok(boundMs <= best.cost.migrationMs || best.cost.softPenalty > 0)
        if (cost.migrationMs > best.cost.migrationMs) dearer++
      }
    }),
    { numRuns: Math.ceil(runs / 2), seed: 47 },
  )
  assert.ok(missed * 50 < cures && dearer * 50 < cures, `${missed} missed, ${dearer} dearer of ${cures}`)
})

test('Relief moves no VM to a host that stays overloaded', () => {
  let left = 0
  fc.assert(
    fc.property(problems({ hostsMax: 5, vmsMax: 14 }), (problem) => {
      const model = compile(problem)
      const idle = model.home.map((h, v) => (model.starts[v] === 1 ? -1 : h))
      const limits = { idle, nodesMax: 5_000, random: randomStream(1), expired: never }
      const { at, cost } = solveLarge(createSearchSpace(model), limits)
      if (cost.overloadedHosts === 0) return
      const assignment = createAssignment(model, at)
      for (let h = 0; h < model.hostCount; h++) {
        if (!assignment.overloaded(h)) continue
        left++
        assert.ok(assignment.vmsOn[h]!.every((v) => model.home[v] === h))
      }
    }),
    { numRuns: Math.ceil(runs / 2), seed: 59 },
  )
  assert.ok(left > 0)
})
