/**
 * One overload, told again and again: each time the agent that is about to carry out the n-th effect dies, before it or right
 * after it, with its journal intact, torn or lost, and comes back a second later; and once more with a first migration that
 * hangs. Wherever it happens: no VM is lost, none runs twice, none stays paused, the overload is cured in the end, and nothing is
 * left behind; and a VM that starts with its host does so where it is.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isLong } from '../../packages/placement/src/testing/effort.ts'
import type { VmId } from '../../packages/protocol/src/index.ts'
import type { ClusterOptions } from '../kit/cluster.ts'
import { virtualCluster } from '../kit/virtual-cluster.ts'

const tell = async (crash: ClusterOptions['crash'], hangs: boolean) => {
  const cluster = await virtualCluster({ hosts: 3, ...(crash === undefined ? {} : { crash }) })
  for (let i = 0; i < 7; i++) cluster.vm(`vm-${i}`, 0, 1_000, { autostart: i % 2 === 0 })
  await cluster.run(3_000)
  if (hangs) cluster.world.fail({ fault: { kind: 'hang', atPermille: 500 } })
  cluster.world.setCpu('vm-0' as VmId, 2_500)
  const cured = await cluster.until(() => cluster.overloaded().length === 0, hangs ? 150_000 : 90_000)
  // The longest wait of the protocol: a promise that was not used runs out.
  await cluster.run(45_000)
  const left = cluster.ids.flatMap((_, host) => {
    const view = cluster.view(host)
    return [
      ...(view.lease === null ? [] : ['lease']),
      ...view.migrations.map((one) => `${one.direction} ${one.phase}`),
    ]
  })
  return {
    cured,
    left,
    violations: cluster.checker.checkAtRest().map((one) => one.text),
    crashed: cluster.crashed(),
  }
}

/** A quick run crashes at every twelfth effect, each kind of crash at others; a long one at every effect. */
const stride = isLong ? 1 : 12

for (const hangs of [false, true])
  for (const [i, when] of (['before', 'after'] as const).entries())
    for (const [j, journal] of (['intact', 'torn', 'lost'] as const).entries())
      test(`crash ${when} each effect, journal ${journal}${hangs ? ', the migration hangs' : ''}`, async () => {
        let effect = isLong ? 1 : 1 + 4 * i + j
        // One that hangs asks, and is asked, again and again: most of these effects are alike.
        for (; effect < (hangs ? 50 : 500); effect += stride) {
          const { crashed, ...outcome } = await tell({ effect, when, journal }, hangs)
          if (crashed === null) break
          assert.deepEqual(outcome, { cured: true, left: [], violations: [] }, crashed)
        }
        assert.ok(effect > 15, `${effect} effects: the story was told`)
      })
