/** Overload is one number: the detector, the solver's objective and the judgement of a relief must mean the same by it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { excessChange } from '../../../placement/src/model/excess-change.ts'
import type { Move } from '../../../placement/src/problem/answer.ts'
import { amountsInEffect } from '../../../placement/src/rules/amounts-in-effect.ts'
import { isHostLimit } from '../../../placement/src/rules/constraint.ts'
import type { PlacementProblem } from '../../../placement/src/rules/placement-problem.ts'
import { constraintOf } from '../../../placement/src/rules/rule.ts'
import { solvePlacement } from '../../../placement/src/solve-placement.ts'
import { runs } from '../../../placement/src/testing/effort.ts'
import { problems } from '../../../placement/src/testing/generator.ts'
import { tupleOf } from '../../../placement/src/testing/oracle.ts'
import { policyOf } from '../data/config.ts'
import type { HostId, VmId } from '../data/ids.ts'
import { severityOf } from '../detect/load.ts'
import { gainTooSmall } from './relief-gain.ts'

const placementOf = (problem: PlacementProblem, moves: readonly Move[]): ReadonlyMap<VmId, HostId> => {
  const at = new Map(
    problem.vms.flatMap((vm) => (vm.state === 'running' && vm.host !== null ? [[vm.id, vm.host]] : [])),
  )
  for (const { vm, to } of moves)
    if (to === null) at.delete(vm)
    else at.set(vm, to)
  return at
}

/** What the detectors of the hosts say, added up; with nothing to be drained that is all there is. */
const detected = (problem: PlacementProblem): number => {
  const { demand, limit } = amountsInEffect(problem)
  return problem.hosts.reduce((sum, host) => {
    const amounts = [0, 1].map((d) =>
      problem.vms.reduce(
        (total, vm) => total + (vm.state === 'running' && vm.host === host.id ? demand(vm, d) : 0),
        0,
      ),
    )
    const [cpuMilli = 0, memoryMiB = 0] = amounts
    return sum + severityOf({ cpuMilli, memoryMiB }, { cpuMilli: limit(host, 0), memoryMiB: limit(host, 1) })
  }, 0)
}

test('detector, objective, judgement and brute force agree about the excess of random situations', () => {
  let judged = 0
  fc.assert(
    fc.property(problems({ hostsMax: 4, vmsMax: 6 }), (problem) => {
      const answer = solvePlacement(problem, { seed: 1 })
      const moves = 'moves' in answer ? answer.moves : []
      const { before, after } = excessChange(problem, moves)
      if ('moves' in answer) assert.equal(after, answer.cost.excess, 'as the solver counts it')
      // The solver lowers a host's limit to that of a rule about this host; the others call it a broken rule.
      if (problem.rules.some((rule) => isHostLimit(constraintOf(rule)))) return
      assert.equal(before, tupleOf(problem, placementOf(problem, []))[2], 'as brute force counts it')
      if ('moves' in answer) {
        judged += 1
        assert.equal(after, tupleOf(problem, placementOf(problem, moves))[2])
      }
      if (problem.hosts.every((host) => host.state === 'online'))
        assert.equal(before, detected(problem), 'as the hosts themselves count it')
    }),
    { numRuns: runs },
  )
  assert.ok(judged > runs / 10)
})

test("the margin binds drover's own plans only: in a drain every VM that leaves counts", () => {
  const policy = policyOf('balanced', { gainMinPermille: 100 })
  for (const need of ['overload', 'forecast'] as const) {
    assert.equal(gainTooSmall(need, { before: 1_000, after: 901 }, policy), true)
    assert.equal(gainTooSmall(need, { before: 1_000, after: 900 }, policy), false)
  }
  assert.equal(gainTooSmall('drain', { before: 1_000, after: 999 }, policy), false)
  assert.equal(gainTooSmall('drain', { before: 1_000, after: 1_000 }, policy), true)
})
