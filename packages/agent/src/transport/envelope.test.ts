/** Signed summaries: the author is the host that signed, not the one that carried them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createProven, createSealer, createUnsealer } from './envelope.ts'
import { createIdentity, hostIdOf } from './identity.ts'

const topic = 'drover/load/1/0'
const payload = Buffer.from('load 7')

test('what one host seals, all can open, and they know its author', async () => {
  const key = await createIdentity()
  const opened = createUnsealer(topic)(createSealer(topic, key)(payload))
  assert.equal(opened?.author, hostIdOf(key))
  assert.deepEqual(Buffer.from(opened?.payload ?? []), payload)
})

test('equal payloads are different messages', async () => {
  // Gossip drops repetitions: a host whose load stays the same must still be heard.
  const seal = createSealer(topic, await createIdentity())
  assert.notDeepEqual(seal(payload), seal(payload))
})

test('a single changed byte anywhere, or another topic, is refused', async () => {
  // A forwarding peer alters the load of another host, or the author, or the number.
  const bytes = createSealer(topic, await createIdentity())(payload)
  const open = createUnsealer(topic)
  for (let at = 0; at < bytes.length; at++) {
    const forged = Uint8Array.from(bytes)
    forged[at] = (forged[at] ?? 0) ^ 1
    assert.equal(open(forged), null, `byte ${at}`)
  }
  assert.equal(createUnsealer('drover/load/1/1')(bytes), null)
})

test('an envelope that one agent of a process has checked is not checked again; a forgery is refused by both', async () => {
  const bytes = createSealer(topic, await createIdentity())(payload)
  const proven = createProven()
  const [first, second] = [createUnsealer(topic, proven), createUnsealer(topic, proven)]
  const forged = Uint8Array.from(bytes)
  forged[forged.length - 1] = (forged[forged.length - 1] ?? 0) ^ 1
  assert.equal(first(forged), null)
  assert.equal(first(bytes)?.author, second(bytes)?.author)
  assert.ok(proven.has(topic, bytes))
  assert.equal(second(forged), null)
  assert.equal(createUnsealer('drover/load/1/1', proven)(bytes), null)
})

test('a summary that is cut short or empty is refused', async () => {
  const bytes = createSealer(topic, await createIdentity())(payload)
  const open = createUnsealer(topic)
  for (let length = 0; length < bytes.length; length++) assert.equal(open(bytes.subarray(0, length)), null)
})
