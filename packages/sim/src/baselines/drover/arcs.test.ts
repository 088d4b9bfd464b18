// Arcs keep what one agent follows the same size, whatever the size of the cluster; no agent at an edge is cut off.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { asHostId, compareHosts } from '@drover/protocol'
import { arcsOf } from './arcs.ts'

const idsOf = (count: number) => Array.from({ length: count }, (_, i) => asHostId(`host-${i}`))

test('in a small cluster every agent follows all others, nearest in the ring first', () => {
  for (const count of [1, 2, 3, 31, 32, 33, 64, 95, 96]) {
    const ids = idsOf(count)
    const arcs = arcsOf(ids, 32)
    const ring = ids
      .map((_, i) => i)
      .sort((a, b) => compareHosts({ host: ids[a]!, location: '' }, { host: ids[b]!, location: '' }))
    for (const host of ids.keys()) {
      const followed = [...arcs.followed(host)]
      assert.deepEqual(
        [...followed, host].sort((a, b) => a - b),
        [...ids.keys()],
        `${count} hosts`,
      )
      assert.equal(arcs.subscribers(host), count)
      const away = (other: number): number => {
        const steps = Math.abs(ring.indexOf(other) - ring.indexOf(host))
        return Math.min(steps, count - steps)
      }
      for (let i = 1; i < followed.length; i++) assert.ok(away(followed[i - 1]!) <= away(followed[i]!))
    }
  }
})

test('in a large cluster agents follow three arcs, and each is followed by those that it follows', () => {
  for (const count of [97, 128, 1_000, 4_096]) {
    const arcs = arcsOf(idsOf(count), 32)
    const all = Array.from({ length: count }, (_, host) => new Set(arcs.followed(host)))
    for (const [host, followed] of all.entries()) {
      assert.ok(followed.size >= 71 && followed.size <= 95, `${followed.size} of ${count}`)
      assert.ok(!followed.has(host))
      assert.equal(arcs.subscribers(host), followed.size + 1)
      for (const other of followed) assert.ok(all[other]!.has(host))
    }
  }
})
