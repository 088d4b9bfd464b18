/** Values survive the wire in both directions, and no bytes make the reader do more than refuse them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Fields } from './told-bounds.ts'
import { readTypedParams, type TypedParam, writeTypedParams } from './typed-params.ts'
import { XdrError, XdrReader, XdrWriter } from './xdr.ts'

/** One value of every kind that the protocol uses, in any order. */
const values = fc.array(
  fc.oneof(
    fc.record({
      kind: fc.constant('int' as const),
      value: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
    }),
    fc.record({ kind: fc.constant('uint' as const), value: fc.integer({ min: 0, max: 2 ** 32 - 1 }) }),
    fc.record({
      kind: fc.constant('hyper' as const),
      value: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    }),
    fc.record({ kind: fc.constant('uhyper' as const), value: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }) }),
    fc.record({ kind: fc.constant('double' as const), value: fc.double() }),
    fc.record({ kind: fc.constant('string' as const), value: fc.string({ unit: 'grapheme' }) }),
    fc.record({ kind: fc.constant('opaque' as const), value: fc.uint8Array({ maxLength: 40 }) }),
    fc.record({ kind: fc.constant('optional' as const), value: fc.option(fc.nat()) }),
    fc.record({ kind: fc.constant('array' as const), value: fc.array(fc.nat(), { maxLength: 9 }) }),
  ),
)

test('whatever is written is read back, and takes whole words', () => {
  // Both ends of the wire are the same code here; the bytes laid out by hand below hold it to the protocol.
  fc.assert(
    fc.property(values, (all) => {
      const w = new XdrWriter()
      for (const one of all) {
        switch (one.kind) {
          case 'int':
          case 'uint':
          case 'double':
            w[one.kind](one.value)
            break
          case 'hyper':
          case 'uhyper':
            w[one.kind](one.value)
            break
          case 'string':
            w.string(one.value)
            break
          case 'opaque':
            w.opaque(one.value)
            break
          case 'optional':
            w.optional(one.value, (v) => w.uint(v))
            break
          default:
            w.array(one.value, (v) => w.uint(v))
        }
      }
      const bytes = w.done()
      assert.equal(bytes.length % 4, 0)
      const r = new XdrReader(bytes)
      for (const one of all) {
        if (one.kind === 'opaque') assert.deepEqual(Uint8Array.from(r.opaque(40)), one.value)
        else if (one.kind === 'optional')
          assert.equal(
            r.optional(() => r.uint()),
            one.value,
          )
        else if (one.kind === 'array')
          assert.deepEqual(
            r.array(9, () => r.uint()),
            one.value,
          )
        else assert.deepEqual(r[one.kind](), one.value)
      }
      r.end()
    }),
    { numRuns: 200 },
  )
})

const anything: Fields = () => ({
  what: 'a value',
  min: Number.NEGATIVE_INFINITY,
  max: Number.POSITIVE_INFINITY,
})

test('a message may grow at any of its values', () => {
  // A VM name of 233 to 236 letters puts the number behind its UUID exactly where the first buffer ends.
  for (let length = 0; length < 600; length += 1) {
    const w = new XdrWriter()
    w.string('n'.repeat(length))
    w.int(7)
    w.uhyper(8n)
    w.double(0.5)
    const r = new XdrReader(w.done())
    assert.deepEqual([r.string().length, r.int(), r.uhyper(), r.double(), r.left], [length, 7, 8n, 0.5, 0])
  }
})

test('no bytes make the reader do anything but return or throw XdrError', () => {
  // A daemon gone mad, or something else that listens on its port.
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      try {
        readTypedParams(new XdrReader(bytes), 64, anything)
      } catch (error) {
        assert.ok(error instanceof XdrError)
      }
    }),
    { numRuns: 500 },
  )
})

test('an announced size that is not there costs nothing', () => {
  // Four bytes that announce four gigabytes must not allocate them.
  const huge = Buffer.from('ffffffff', 'hex')
  assert.throws(() => new XdrReader(huge).string(), XdrError)
  assert.throws(() => new XdrReader(huge).array(0xffffffff, () => 1), XdrError)
  assert.throws(() => new XdrReader(Buffer.from('00000002', 'hex')).optional(() => 1), XdrError)
})

test('typed parameters go out as libvirt expects them', () => {
  // One parameter: the name "bandwidth" (padded to a word), type ullong (4), value 5; laid out by hand.
  const w = new XdrWriter()
  const params: TypedParam[] = [{ name: 'bandwidth', type: 'ullong', value: 5 }]
  writeTypedParams(w, params)
  assert.equal(
    w.done().toString('hex'),
    '000000010000000962616e64776964746800000000000004' + '0000000000000005',
  )
  assert.deepEqual([...readTypedParams(new XdrReader(w.done()), 1, anything)], [['bandwidth', 5]])
})
