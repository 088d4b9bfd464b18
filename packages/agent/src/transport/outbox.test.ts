/** What waits for one peer: in order and bounded. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bounds } from './bounds.ts'
import { createOutbox } from './outbox.ts'

const message = (bytes: number, first = 0) => Buffer.alloc(bytes, first)

test('first in, first out, as many at once as one write should hold', () => {
  const box = createOutbox()
  for (let i = 0; i < 5; i++) assert(box.put(message(100_000, i), 0))
  assert.deepEqual([box.messages, box.bytes], [5, 500_000])
  const sent: number[] = []
  while (!box.isEmpty) {
    const batch = box.take()
    assert(batch.length > 0 && batch.length <= 2)
    sent.push(...batch.map((bytes) => bytes[0] ?? -1))
  }
  assert.deepEqual(sent, [0, 1, 2, 3, 4])
  assert.deepEqual([box.messages, box.bytes], [0, 0])
})

test('a message larger than one write should hold still goes', () => {
  const box = createOutbox()
  box.put(message(1_000_000), 0)
  box.put(message(1), 0)
  assert.deepEqual(
    [box.take(), box.take()].map((batch) => batch.map((bytes) => bytes.length)),
    [[1_000_000], [1]],
  )
})

test('full in number, or in bytes, takes no more until there is room', () => {
  const small = createOutbox()
  for (let i = 0; i < bounds.queueMessagesMax; i++) assert(small.put(message(1), 0))
  assert(!small.put(message(1), 0))
  const large = createOutbox()
  for (let i = 0; i < 4; i++) assert(large.put(message(bounds.queueBytesMax / 4), 0))
  assert(!large.put(message(1), 0))
  large.take()
  assert(large.put(message(1), 0))
})

test('messages that waited too long are dropped and counted; the others stay', () => {
  const box = createOutbox()
  box.put(message(1, 1), 0)
  box.put(message(1, 2), 500)
  assert.equal(box.expiresAt, bounds.queueMsMax)
  assert.equal(box.expire(bounds.queueMsMax), 1)
  assert.deepEqual(
    box.take().map((bytes) => bytes[0]),
    [2],
  )
  assert.equal(box.expiresAt, null)
  box.put(message(1), 0)
  assert.equal(box.clear(), 1)
  assert(box.isEmpty)
})
