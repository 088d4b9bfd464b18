// An agent in a hurry tells three changes in a row: the first is heard at once, of the others only the last, later.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Transport } from '@drover/agent/runtime'
import { slowGossip } from './slow-gossip.ts'
import { sleep } from './wait.ts'

test('one summary per period, the latest; none after the end', async () => {
  const said: number[] = []
  const bare = {
    publish: (bytes: Uint8Array) => void said.push(bytes[0] ?? -1),
    kill: () => {},
  } as unknown as Transport
  const slow = slowGossip(bare, 60)
  for (const number of [1, 2, 3]) slow.publish(Uint8Array.of(number))
  assert.deepEqual(said, [1])
  await sleep(100)
  assert.deepEqual(said, [1, 3])
  slow.publish(Uint8Array.of(4))
  slow.kill()
  await sleep(100)
  assert.deepEqual(said, [1, 3])
})
