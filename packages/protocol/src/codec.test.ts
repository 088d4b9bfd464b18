/** The wire: what goes in comes out; garbage comes out as null. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { decode, encode } from 'cborg'
import fc from 'fast-check'
import { z } from 'zod'
import {
  decodeMessage,
  decodeSummary,
  encodeMessage,
  encodeSummary,
  readMessage,
  wireVersion,
} from './codec.ts'
import { limits } from './data/config.ts'
import type { HostId, PartitionId } from './data/ids.ts'
import type { Message } from './data/message.ts'
import { arbitraryMessage, arbitraryOfKind, arbitrarySummary } from './wire/arbitrary.ts'
import { messageKinds } from './wire/message-schema.ts'
import { listOf } from './wire/parts.ts'
import { isModest } from './wire/skim.ts'

const ping: Message = { kind: 'ping', incarnation: 3, sequence: 7 }
const sealed = (value: unknown): Uint8Array => Buffer.concat([Uint8Array.of(wireVersion), encode(value)])

suite('a message survives the wire', () => {
  // A host says something of each kind to another, which understands exactly what was said.
  for (const [kind, arbitrary] of Object.entries<fc.Arbitrary<Message>>(arbitraryOfKind)) {
    test(kind, () => {
      fc.assert(
        fc.property(arbitrary, (message) => {
          assert.deepEqual(decodeMessage(encodeMessage(message)), message)
        }),
        { numRuns: 50 },
      )
    })
  }

  test('load summary', () => {
    // A host gossips its load; all hosts read the same numbers.
    fc.assert(
      fc.property(arbitrarySummary, (summary) => {
        assert.deepEqual(decodeSummary(encodeSummary(summary)), summary)
      }),
    )
  })
})

suite('garbage is null, never an exception', () => {
  test('random bytes', () => {
    // A peer speaks another protocol.
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), fc.boolean(), (bytes, versioned) => {
        if (versioned && bytes.length > 0) bytes[0] = wireVersion
        assert.equal(decodeMessage(bytes), null)
        assert.equal(decodeSummary(bytes), null)
      }),
      { numRuns: 500 },
    )
  })

  test('mutated, cut and extended messages', () => {
    // A faulty peer sends nearly the right thing: either it is still a message in every field, or it is null.
    const mutation = fc.record({
      at: fc.nat(),
      to: fc.integer({ min: 0, max: 255 }),
      keep: fc.option(fc.nat()),
      more: fc.uint8Array({ maxLength: 3 }),
    })
    fc.assert(
      fc.property(
        arbitraryMessage,
        fc.array(mutation, { minLength: 1, maxLength: 3 }),
        (message, mutations) => {
          let bytes = encodeMessage(message)
          for (const { at, to, keep, more } of mutations) {
            const cut = keep === null ? bytes : bytes.subarray(0, keep % (bytes.length + 1))
            bytes = Uint8Array.of(...cut, ...more)
            if (bytes.length > 0) bytes[at % bytes.length] = to
          }
          const read = decodeMessage(bytes)
          if (read !== null) assert.deepEqual(decodeMessage(encodeMessage(read)), read)
        },
      ),
      { numRuns: 500 },
    )
  })

  test('nesting without end', () => {
    // A megabyte of opening brackets tries to exhaust the stack; then one of opening maps and of opening tags.
    for (const opening of [0x81, 0xa1, 0xc1, 0x9f]) {
      const bytes = new Uint8Array(limits.messageBytesMax).fill(opening)
      bytes[0] = wireVersion
      assert.equal(decodeMessage(bytes), null)
    }
  })

  test('a message above the size limit is not even looked at', () => {
    const padded = sealed({ ...ping, padding: new Uint8Array(limits.messageBytesMax) })
    assert.equal(decodeMessage(padded), null)
    assert.notEqual(decodeMessage(sealed({ ...ping, padding: new Uint8Array(1_000) })), null)
  })
})

suite('what a receiver insists on', () => {
  test('integers where integers are meant, within what a number holds', () => {
    for (const sequence of [1.5, -1, 2 ** 60, '7', null, [], true]) {
      assert.equal(decodeMessage(sealed({ ...ping, sequence })), null, `sequence ${sequence}`)
    }
    assert.equal(
      decodeMessage(Uint8Array.of(...sealed(ping).slice(0, -1), 0xfb, 0x7f, 0xf0, 0, 0, 0, 0, 0, 0)),
      null,
    )
  })

  test('ids and lists of bounded length', () => {
    const ack = { kind: 'ack', incarnation: 1, sequence: 1, subject: 'x'.repeat(200) }
    assert.notEqual(decodeMessage(sealed(ack)), null)
    assert.equal(decodeMessage(sealed({ ...ack, subject: 'x'.repeat(201) })), null)
    assert.equal(decodeMessage(sealed({ ...ack, subject: '' })), null)

    const [assign] = fc.sample(arbitraryOfKind.assign, { numRuns: 1, seed: 1 })
    assert(assign)
    const manyHosts = Array.from({ length: limits.partitionHostsMax + 1 }, (_, index) => `host${index}`)
    const epochs = Object.fromEntries(manyHosts.map((host) => [host, 1]))
    assert.equal(decodeMessage(sealed({ ...assign, epochs })), null)
    const step = { kind: 'suspend', id: 'a', vm: 'v', from: 'h', after: [] }
    const plan = (steps: number) => ({ actions: Array(steps).fill(step), makespanMs: 1 })
    assert.notEqual(decodeMessage(sealed({ ...assign, plan: plan(limits.planActionsMax) })), null)
    assert.equal(decodeMessage(sealed({ ...assign, plan: plan(limits.planActionsMax + 1) })), null)
  })

  test('known kinds of message, and of rule wherever one stands', () => {
    // A newer leader plans under a rule that this host cannot honour: the host must not take part.
    assert.equal(decodeMessage(sealed({ ...ping, kind: 'pong' })), null)
    const [granted] = fc.sample(arbitraryOfKind.granted, { numRuns: 1, seed: 1 })
    assert(granted)
    const ruled = (rules: unknown[]) => ({ ...granted, snapshot: { ...granted.snapshot, rules } })
    assert.notEqual(decodeMessage(sealed(ruled([{ kind: 'spread', vms: ['a', 'b'] }]))), null)
    assert.equal(decodeMessage(sealed(ruled([{ kind: 'sing', vms: ['a', 'b'] }]))), null)
  })

  test('the version that it speaks', () => {
    const bytes = encodeMessage(ping)
    assert.equal(bytes[0], wireVersion)
    bytes[0] = wireVersion + 1
    assert.equal(decodeMessage(bytes), null)
  })

  test('each field once', () => {
    // {"sequence": 1, "sequence": 2}: two readers could disagree on which one counts.
    const key = encode('sequence')
    const once = encode({ kind: 'ping', incarnation: 1, sequence: 1 })
    const twice = Uint8Array.of(wireVersion, 0xa4, ...once.slice(1), ...key, 2)
    assert.equal(decodeMessage(twice), null)
  })
})

suite('what a receiver lets pass', () => {
  test('fields of a newer version are dropped', () => {
    assert.deepEqual(decodeMessage(sealed({ ...ping, mood: 'good' })), ping)
  })

  test('an absent optional and an undefined one are the same', () => {
    // Code that spreads optional fields may leave `undefined` behind; CBOR could say so, other languages could not.
    const ended = {
      kind: 'ended',
      incarnation: 1,
      partition: 'p' as PartitionId,
      epoch: 1,
      action: 'p/0',
      result: { kind: 'refused', code: 'vm.absent', detail: undefined },
    } as unknown as Message
    const read = decodeMessage(encodeMessage(ended))
    assert(read?.kind === 'ended')
    assert.deepEqual(read.result, { kind: 'refused', code: 'vm.absent' })
  })

  test('a long text of a hypervisor is clipped, and the message is sent', () => {
    // libvirt answers with a page of text: the outcome still arrives, the text is clipped.
    const result = { kind: 'refused', code: 'hypervisor.refused', detail: 'x'.repeat(50_000) } as const
    const ended = { kind: 'ended', incarnation: 1, partition: 'p', epoch: 1, action: 'p/0', result }
    const read = decodeMessage(sealed(ended))
    assert(read?.kind === 'ended' && read.result.kind === 'refused')
    assert.equal(read.result.detail?.length, 1_000)
  })

  test('a host named __proto__ is a host like any other', () => {
    // An epoch for "__proto__" must neither become a prototype nor throw.
    const [assign] = fc.sample(arbitraryOfKind.assign, { numRuns: 1, seed: 1 })
    assert(assign)
    const epochs = JSON.parse('{"__proto__": 5, "host1": 6}') as Record<HostId, number>
    const read = decodeMessage(encodeMessage({ ...assign, epochs }))
    assert(read?.kind === 'assign')
    assert.equal(Object.getPrototypeOf(read.epochs), Object.prototype)
    assert.equal(read.epochs['host1' as HostId], 6)
  })

  test('the bytes are plain CBOR after the version', () => {
    assert.deepEqual(decode(encodeMessage(ping).subarray(1)), ping)
  })
})

suite('what costs more than it says is garbage before it is decoded', () => {
  const group = { incarnation: 1, partition: 'p.1.1', epoch: 1 }
  const plenty = (count: number): readonly number[] => Array.from({ length: count }, () => 0)
  const refused = (value: unknown): void => {
    assert.equal(readMessage(sealed(value)), null)
    assert.equal(isModest(sealed(value), 1, messageKinds), false)
  }

  test('a map of 100,000 unknown keys', () => {
    refused({ ...ping, ...Object.fromEntries(plenty(100_000).map((_, i) => [`k${i}`, 0])) })
  })

  test('many items in an unknown field, whatever stands first', () => {
    refused({ ...ping, x: plenty(600) })
    refused({ ...ping, 'an unknown field': plenty(600) })
    refused({ ...group, kind: 'assign', x: plenty(200_000) })
    refused({ incarnation: 1, kind: 'of a later version', x: plenty(20_000) })
  })

  test('deeper than any message', () => {
    let deep: unknown = 0
    for (let i = 0; i < 40; i++) deep = [deep]
    refused({ ...ping, x: deep })
  })

  test('a length that is a lie, or none', () => {
    for (const bytes of [
      [0x9f, 0x00, 0xff],
      [0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
      [0xba, 0xff, 0xff, 0xff, 0xff],
      [0x7b, 0, 0, 0, 1, 0, 0, 0, 0],
      [0xc0, 0x00],
      [0x1c],
    ])
      assert.equal(isModest(Uint8Array.from([wireVersion, ...bytes]), 1, messageKinds), false)
  })

  test('some more fields, as a later version may send, are none of that', () => {
    assert.deepEqual(decodeMessage(sealed({ ...ping, x: plenty(100), y: { z: 'new' } })), ping)
    const later = { incarnation: 1, kind: 'of a later version', x: plenty(10_000) }
    assert.equal(readMessage(sealed(later))?.kind, 'not-understood')
  })

  test('a list ends with its first wrong item', () => {
    // Were all 16,384 looked at, each would have an issue for every field.
    const schema = listOf(z.object({ a: z.string(), b: z.string() }), 20_000)
    const read = schema.safeParse(plenty(16_384))
    assert.deepEqual(
      read.error?.issues.map(({ path }) => path),
      [[0]],
    )
  })
})
