/** Signed summaries: the author is the host that signed, not the one that carried them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { provenOnce, sealer, unsealer } from './envelope.ts'
import { hostIdOf, newIdentity } from './identity.ts'

const topic = 'drover/load/1/0'
const payload = Buffer.from('load 7')

test('what one host seals, all can open, and they know its author', async () => {
  const key = await newIdentity()
  const opened = unsealer(topic)(sealer(topic, key)(payload))
  assert.equal(opened?.author, hostIdOf(key))
  assert.deepEqual(Buffer.from(opened?.payload ?? []), payload)
})

test('equal payloads are different messages', async () => {
  // Gossip drops repetitions: a host whose load stays the same must still be heard.
  const seal = sealer(topic, await newIdentity())
  assert.notDeepEqual(seal(payload), seal(payload))
})

test('a single changed byte anywhere, or another topic, is refused', async () => {
  // A forwarding peer alters someone's load, or author, or number.
  const bytes = sealer(topic, await newIdentity())(payload)
  const open = unsealer(topic)
  for (let at = 0; at < bytes.length; at++) {
    const forged = Uint8Array.from(bytes)
    forged[at] = (forged[at] ?? 0) ^ 1
    assert.equal(open(forged), null, `byte ${at}`)
  }
  assert.equal(unsealer('drover/load/1/1')(bytes), null)
})

test('what one agent of a process has checked, the next need not; a forgery is refused by both', async () => {
  const bytes = sealer(topic, await newIdentity())(payload)
  const proven = provenOnce()
  const [first, second] = [unsealer(topic, proven), unsealer(topic, proven)]
  const forged = Uint8Array.from(bytes)
  forged[forged.length - 1] = (forged[forged.length - 1] ?? 0) ^ 1
  assert.equal(first(forged), null)
  assert.equal(first(bytes)?.author, second(bytes)?.author)
  assert.ok(proven.has(topic, bytes))
  assert.equal(second(forged), null)
  assert.equal(unsealer('drover/load/1/1', proven)(bytes), null)
})

test('cut short, or empty, is refused', async () => {
  const bytes = sealer(topic, await newIdentity())(payload)
  const open = unsealer(topic)
  for (let length = 0; length < bytes.length; length++) assert.equal(open(bytes.subarray(0, length)), null)
})
