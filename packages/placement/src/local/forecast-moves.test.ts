/**
 * The leader of a small partition has the snapshots and the forecasts. An overload is cured by the VM whose absence
 * helps most for its migration time; before an overload, a move is made only when it saves enough; rules and limits
 * hold in both cases; and where single moves cannot cure, the exact search takes over.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Forecast } from '../problem/demand-forecast.ts'
import { asHostId, asVmId } from '../problem/ids.ts'
import type { ProblemVm } from '../problem/situation.ts'
import type { PlacementProblem } from '../rules/placement-problem.ts'
import { solvePlacement } from '../solve-placement.ts'
import { hostOf, problemOf, vmOf } from '../testing/small.ts'

interface Shape {
  /** Per host, the demand of its VMs, % of a core. */
  readonly demands: readonly (readonly number[])[]
  readonly changes?: Partial<PlacementProblem>
  readonly vm?: (id: string) => Partial<ProblemVm>
  readonly forecast?: Partial<Forecast>
}

const foreseen = ({ demands, changes = {}, vm = () => ({}), forecast = {} }: Shape): PlacementProblem => {
  const vms = demands.flatMap((list, h) =>
    list.map((demand, i): ProblemVm => {
      const id = `vm-${h}-${i}`
      return vmOf(id, `h${h}`, [demand * 10, 1_024], { memoryMiB: 1_024, dirtyMiBps: 20, ...vm(id) })
    }),
  )
  const hosts = demands.map((_, h) => hostOf(`h${h}`, [7_000, 32_768]))
  return problemOf(hosts, vms, {
    dimensions: ['cpuMilli', 'memoryMiB'],
    bandwidthMiBps: 125,
    migrationsOutMax: 1,
    migrationsInMax: 1,
    forecast: {
      gainMsMin: 2_000,
      hosts: demands.map((_, h) => ({
        usableMilli: 7_000,
        turnoverS: 300,
        mayLeave: h === 0,
        foresees: true,
      })),
      vms: vms.map(({ demand }) => ({ nowMilli: demand[0]!, meanMilli: 600, variance: 40_000 })),
      ...forecast,
    },
    ...changes,
  })
}
const ten = (demand: number) => Array.from({ length: 10 }, () => demand)
const movesOf = (problem: PlacementProblem): readonly string[] => {
  const answer = solvePlacement(problem)
  return answer.kind === 'plan' ? answer.moves.map((move) => `${move.vm} → ${move.to}`) : [answer.kind]
}

test('one VM leaves a host that is nearly full, for the host that can best afford it', () => {
  const moves = movesOf(foreseen({ demands: [[...ten(69)], ten(60), ten(50).slice(0, 7)] }))
  assert.equal(moves.length, 1)
  assert.match(moves[0]!, /vm-0-\d → h2/)
})

test('a host with enough room is left alone', () => {
  assert.deepEqual(movesOf(foreseen({ demands: [ten(50), ten(40)] })), ['satisfied'])
})

test('only the leader moves VMs early: the members did not ask', () => {
  assert.deepEqual(movesOf(foreseen({ demands: [ten(30), ten(69)] })), ['satisfied'])
})

test('of VMs that would cure an overload, one that migrates quickly is chosen', () => {
  const slow = (id: string) => (id === 'vm-0-9' ? { dirtyMiBps: 5 } : { dirtyMiBps: 100 })
  const moves = movesOf(foreseen({ demands: [[...ten(70), 20], ten(40)], vm: slow }))
  assert.deepEqual(moves, ['vm-0-9 → h1'])
})

test('a VM that must stay is not moved, a rule is kept, a full destination is not chosen', () => {
  const pinned = foreseen({ demands: [ten(72), ten(40)], vm: () => ({ movable: false }) })
  assert.notEqual(solvePlacement(pinned).kind, 'plan')
  const banned = foreseen({
    demands: [ten(72), ten(40), ten(40)],
    changes: {
      rules: [{ kind: 'ban', vms: ten(0).map((_, i) => asVmId(`vm-0-${i}`)), hosts: [asHostId('h1')] }],
    },
  })
  for (const move of movesOf(banned)) assert.match(move, /→ h2/)
  const full = foreseen({ demands: [ten(72), ten(69), ten(40)] })
  for (const move of movesOf(full)) assert.match(move, /→ h2/)
})

test('a host whose forecast is not believed receives no VM because of it, and gives none', () => {
  const demands = [[...ten(69)], ten(60), ten(50).slice(0, 7)]
  const believing = (...foresees: readonly boolean[]): PlacementProblem => {
    const problem = foreseen({ demands })
    const hosts = problem.forecast!.hosts.map((host, h) => ({ ...host, foresees: foresees[h]! }))
    return { ...problem, forecast: { ...problem.forecast!, hosts } }
  }
  assert.match(movesOf(believing(true, true, true))[0]!, /→ h2/)
  assert.match(movesOf(believing(true, true, false))[0] ?? '', /→ h1|satisfied/)
  assert.deepEqual(movesOf(believing(true, false, false)), ['satisfied'])
  assert.deepEqual(movesOf(believing(false, true, true)), ['satisfied'])
  // An overload is cured all the same, by the exact search.
  const over = foreseen({ demands: [ten(72), ten(40)] })
  const unsure = over.forecast!.hosts.map((host) => ({ ...host, foresees: false }))
  assert.equal(solvePlacement({ ...over, forecast: { ...over.forecast!, hosts: unsure } }).kind, 'plan')
})

test('where no single move cures an overload, the exact search finds one that makes room first', () => {
  const answer = solvePlacement(
    foreseen({ demands: [[100, 100, 100, 100, 100, 100, 100, 100], [...ten(62)], ten(63)] }),
  )
  assert.equal(answer.kind, 'plan')
  assert.ok(answer.kind === 'plan' && answer.moves.length > 1, 'a chain, not a single move')
})
