/** A few hosts as a problem of their own: a change there changes the cost of the whole by the same amount. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createAssignment } from '../model/assignment.ts'
import { costOf } from '../model/cost.ts'
import { compile } from '../model/model.ts'
import { randomStream } from '../problem/random.ts'
import { runs } from '../testing/effort.ts'
import { problems } from '../testing/generator.ts'
import { createNeighbourhoods } from './neighbourhood.ts'

const levels = ['unmet', 'overloadedHosts', 'excess', 'softPenalty', 'migrationMs', 'hostsTouched'] as const

test('A change within a neighbourhood changes the cost of the whole by the same amount', () => {
  let compared = 0
  fc.assert(
    fc.property(problems({ hostsMax: 6, vmsMax: 12 }), fc.nat(), (problem, seed) => {
      const model = compile(problem)
      const random = randomStream(seed)
      const anywhere = () => random.below(model.hostCount)
      const start = model.home.map((h, v) => (model.active[v] === 0 || model.fixed[v] === 1 ? h : anywhere()))
      const assignment = createAssignment(model, start)
      const hosts = Array.from({ length: model.hostCount }, (_, h) => h).filter(() => random.below(2) === 0)
      if (hosts.length === 0) return
      // A rule that VMs elsewhere violate stays violated whatever happens here.
      const others = start.map((h) => (hosts.includes(h) ? -1 : h))
      const named = new Int32Array(model.vmCount)
      if (model.constraints.some((neighbourhood) => neighbourhood.conflict(others, named, 0) > 0)) return
      const before = costOf(model, assignment.at)
      const neighbourhood = createNeighbourhoods(assignment)(hosts, [])
      const here = costOf(neighbourhood.model, neighbourhood.start)
      const found = neighbourhood.start.map((h, i) =>
        h < 0 || h === hosts.length || neighbourhood.model.fixed[i] === 1 ? h : random.below(hosts.length),
      )
      const there = costOf(neighbourhood.model, found)
      neighbourhood.settle(found)
      const after = costOf(model, assignment.at)
      for (const key of levels) assert.equal(after[key] - before[key], there[key] - here[key], key)
      compared++
    }),
    { numRuns: 2 * runs, seed: 53 },
  )
  assert.ok(compared > runs / 2)
})
