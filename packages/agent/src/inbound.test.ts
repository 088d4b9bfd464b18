/** What a peer of a later version says beside what this one knows: read, or left aside, and never taken for garbage. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  asHostId,
  encodeMessage,
  encodeSummary,
  type Input,
  type Message,
  wireVersion,
} from '@drover/protocol'
import { createInbound } from './inbound.ts'
import { summary } from './testing/world.ts'

const from = asHostId('beta')
const ping = { kind: 'ping', incarnation: 7, sequence: 1 }
const bytesOf = (value: unknown): Uint8Array => encodeMessage(value as Message)

const setUp = () => {
  const fed: Input[] = []
  const warned: string[] = []
  const inbound = createInbound(
    (input) => void fed.push(input),
    (code) => void warned.push(code),
    () => 0,
  )
  return { inbound, fed, warned }
}

test('one kind of message more, a second long: every known one is heard, and the peer is not punished', () => {
  const { inbound, fed, warned } = setUp()
  for (let i = 0; i < 20; i++) {
    assert.ok(inbound.received(from, bytesOf({ kind: 'hello-v2', incarnation: 7, features: ['suspend'] })))
    assert.ok(inbound.received(from, bytesOf({ ...ping, mood: 'good' })))
  }
  assert.equal(fed.filter((one) => one.kind === 'received').length, 20)
  assert.deepEqual(
    fed.find((one) => one.kind === 'not-understood'),
    { kind: 'not-understood', from, what: 'hello-v2', partition: null },
  )
  assert.deepEqual(warned, [], 'the core warns, once a minute')
})

test('a later word inside a message says which partition it is about', () => {
  const { inbound, fed } = setUp()
  const about = { incarnation: 7, partition: 'a.1.1', epoch: 0 }
  const rank = { severity: 1, ageMs: 0, partition: 'a.1.1' }
  const later = [
    { ...about, kind: 'reserve', rank, reason: 'price', intent: 'lease' },
    { ...about, kind: 'reserve', rank, reason: 'operator', intent: 'dream' },
    { ...about, kind: 'revoked', code: 'outbid' },
    { ...about, kind: 'ended', action: 'a.1.1/0', result: { kind: 'postponed' } },
  ]
  for (const message of later) assert.ok(inbound.received(from, bytesOf(message)), message.kind)
  const heard = fed.map((one) => one.kind === 'not-understood' && [one.what, one.partition])
  assert.deepEqual(heard, [
    ['price', 'a.1.1'],
    ['dream', 'a.1.1'],
    ['outbid', 'a.1.1'],
    ['postponed', 'a.1.1'],
  ])
})

test('another version of the wire is left aside, and garbage stays garbage', () => {
  const { inbound, fed, warned } = setUp()
  const later = bytesOf(ping)
  later[0] = wireVersion + 1
  assert.ok(inbound.received(from, later))
  assert.deepEqual(
    fed.map((one) => one.kind === 'not-understood' && one.what),
    [`version ${wireVersion + 1}`],
  )
  const garbage = [
    Uint8Array.of(wireVersion, 1, 2, 3),
    Uint8Array.of(wireVersion + 1, 0x01),
    bytesOf({ ...ping, sequence: 'one' }),
    bytesOf({ incarnation: 7 }),
    bytesOf({ kind: 'x'.repeat(10_000), incarnation: 7 }),
    bytesOf({ kind: 'revoked', incarnation: 7, partition: '', epoch: 0, code: 'outbid' }),
  ]
  for (const bytes of garbage) assert.equal(inbound.received(from, bytes), false)
  assert.deepEqual(warned, ['wire.garbage'])
})

test('a summary in later words is left aside, and no host speaks for another', () => {
  const { inbound, fed } = setUp()
  const said = { ...summary('beta'), host: from }
  assert.ok(inbound.heard(from, encodeSummary({ ...said, state: 'dreaming' as never })))
  assert.ok(inbound.heard(from, encodeSummary(said)))
  assert.deepEqual(
    fed.map((one) => one.kind),
    ['not-understood', 'heard'],
  )
  assert.equal(inbound.heard(from, encodeSummary({ ...said, host: asHostId('gamma') })), false)
})
