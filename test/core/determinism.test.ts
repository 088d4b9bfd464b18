// The same seed twice gives the same story, to the last effect: else no failure could be replayed.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { randomOf } from '../../packages/sim/src/random.ts'
import { virtualCluster } from '../kit/virtual-cluster.ts'

/** A digest of all effects, in their order and at their time, and how many there were. */
const played = async (seed: number): Promise<{ readonly digest: string; readonly effects: number }> => {
  const draw = randomOf(seed, 'determinism')
  const digest = createHash('sha256')
  let effects = 0
  const cluster = await virtualCluster({
    hosts: 5,
    seed,
    observe(host, effect) {
      effects += 1
      digest.update(`${host} ${JSON.stringify(effect)}\n`)
    },
  })
  cluster.world.events((event) => void digest.update(`${JSON.stringify(event)}\n`))
  const vms = cluster.ids.flatMap((_, host) =>
    [0, 1, 2, 3, 4].map((i) => cluster.vm(`vm-${host}-${i}`, host, draw.integer(400, 1_400))),
  )
  Object.assign(cluster.weather, { drop: 0.1, duplicate: 0.1, jitterMs: 40, reorder: 0.2, replayMs: 5_000 })
  for (let round = 0; round < 6; round++) {
    const host = draw.integer(0, 4)
    cluster.world.setCpu(draw.pick(vms), draw.integer(2_000, 5_000))
    cluster.killAgent(host)
    cluster.restartAgent(host)
    cluster.cut(host, (host + 1) % 5, { oneWay: draw.chance(0.5) })
    await cluster.run(4_000)
    if (draw.chance(0.5)) cluster.heal()
    cluster.tell(host, { kind: 'drain', onBlocker: 'skip', dryRun: false })
    await cluster.run(6_000)
  }
  assert.ok(cluster.decisions.length > 0, 'something was decided')
  return { digest: digest.digest('hex'), effects }
}

test('the same seed gives the same effects, and another seed others', async () => {
  const [first, again, other] = [await played(1), await played(1), await played(2)]
  assert.ok(first.effects > 2_000, `${first.effects} effects`)
  assert.deepEqual(again, first)
  assert.notEqual(other.digest, first.digest)
})
