/**
 * Hosts that are nearly full everywhere: annealing, which may pass through overloads, finds cures that greedy search does
 * not.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createSearchSpace } from '../exact/search-state.ts'
import { costOf, unlimited } from '../model/cost.ts'
import { compile } from '../model/model.ts'
import { asHostId } from '../problem/ids.ts'
import { randomStream } from '../problem/random.ts'
import type { PlacementProblem } from '../rules/placement-problem.ts'
import { hostOf, problemOf, vmOf } from '../testing/small.ts'
import { anneal } from './annealing.ts'
import { createLocalSearch } from './local-search.ts'

const hostCount = 30
const perHost = 6
const limit = 10_000

/** Every host can be filled to 99 %: the VMs were cut out of it. Then one VM in eight is put anywhere. */
const scattered = (seed: number): PlacementProblem => {
  const random = randomStream(seed)
  const hosts = Array.from({ length: hostCount }, (_, h) => asHostId(`h${String(h).padStart(2, '0')}`))
  const vms = hosts.flatMap((_, h) => {
    const shares = Array.from({ length: 2 * perHost }, () => 200 + random.below(1000))
    const total = (d: number) =>
      shares.slice(d * perHost, (d + 1) * perHost).reduce((sum, one) => sum + one, 0)
    return Array.from({ length: perHost }, (_, i) =>
      vmOf(
        `v${String(h * perHost + i).padStart(3, '0')}`,
        hosts[random.below(8) === 0 ? random.below(hostCount) : h]!,
        [0, 1].map((d) => Math.floor((0.99 * limit * shares[d * perHost + i]!) / total(d))),
        { memoryMiB: shares[i]! },
      ),
    )
  })
  return problemOf(
    hosts.map((id) => hostOf(id, [limit, limit])),
    vms,
    { dimensions: ['cpuMilli', 'memoryMiB'] },
  )
}

test('Sixty limits that are all nearly reached are met at once, and at less cost with more effort', () => {
  // With penalty weights that do not adapt, each limit would be exceeded one time in ten, and sixty of them would hardly
  // ever hold together.
  for (const seed of [1, 2, 3]) {
    const model = compile(scattered(seed))
    const steps = 60_000
    const state = { start: model.home, best: unlimited, steps, random: randomStream(1), expired: () => false }
    assert.ok(anneal(model, state).at !== null, `a single walk, seed ${seed}`)
    const local = createLocalSearch(createSearchSpace(model), randomStream(1), () => false)
    const options = { nodesMax: 8000, reached: () => false }
    const first = local.search(null, unlimited, options)
    assert.ok(first.at !== null, `seed ${seed}`)
    assert.deepEqual(first.cost, costOf(model, first.at))
    assert.equal(first.cost.unmet + first.cost.overloadedHosts, 0)
    const second = local.search(first.at, first.cost, options)
    assert.ok(second.cost.migrationMs <= first.cost.migrationMs)
    assert.deepEqual(second.cost, costOf(model, second.at!))
    // The same in the same order, every time.
    const again = createLocalSearch(createSearchSpace(model), randomStream(1), () => false)
    assert.deepEqual(again.search(null, unlimited, options), first)
  }
})
