/** The kinds of fault that a sown fault needs exist, and enough seeds have all of them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { allKinds, kindsOfSeed, sizeOfSeed } from '../swarm/draw.ts'
import { allFaults } from './all-faults.ts'
import { drawMutants } from './mutants/mutants.ts'
import { hasNeeds } from './swarm-search.ts'

const withNeeds = allFaults.filter(({ needs }) => needs !== undefined)

test('each kind that a fault needs is one of the swarm', () => {
  const known = new Set(allKinds.map(({ name }) => name))
  const unknown = withNeeds.flatMap(({ id, needs = [] }) =>
    needs.filter((kind) => !known.has(kind)).map((kind) => `${id}: ${kind}`),
  )
  assert.deepEqual(unknown, [])
})

test('of the seeds of one search at least ten have all the kinds that a fault needs', () => {
  // A quarter of the 2,000 small seeds of a search.
  const seeds = Array.from({ length: 1_000 }, (_, i) => i + 1).filter((seed) => sizeOfSeed(seed) === 'small')
  const drawn = seeds.map((seed) => new Set(kindsOfSeed({ seed })))
  const rare = withNeeds.filter(
    ({ needs = [] }) => 4 * drawn.filter((kinds) => needs.every((kind) => kinds.has(kind))).length < 10,
  )
  assert.deepEqual(
    rare.map(({ id }) => id),
    [],
  )
})

test('only seeds that lack a kind are passed over, and none where the kinds are chosen', () => {
  const [fault] = withNeeds
  const [mutant] = drawMutants(1, 1)
  assert.ok(fault !== undefined && mutant !== undefined)
  for (let seed = 1; seed <= 50; seed++) {
    const drawn = kindsOfSeed({ seed })
    assert.equal(
      hasNeeds({ ...fault, needs: ['cuts', 'rules'] }, { kinds: null }, seed),
      ['cuts', 'rules'].every((kind) => drawn.includes(kind)),
    )
    assert.ok(hasNeeds(fault, { kinds: ['steps'] }, seed) && hasNeeds(mutant, { kinds: null }, seed))
  }
})
