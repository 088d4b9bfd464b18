/** A stream of bytes becomes packets, however it is cut; what is no packet is an error, and costs nothing. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { encodePacket, PacketReader, packetBytesMax, remoteProgram } from './frame.ts'
import { XdrError } from './xdr.ts'

const packet = (procedure: number, payload: Uint8Array): Buffer =>
  encodePacket({ program: remoteProgram, version: 1, procedure, type: 1, serial: 7, status: 0 }, payload)

const words = fc.nat({ max: 12 }).map((count) => new Uint8Array(count * 4).fill(count))

test('packets come out whole however the stream is cut', () => {
  // TCP keeps no boundaries: one packet in many chunks, many packets in one chunk, and every mixture.
  fc.assert(
    fc.property(
      fc.array(words, { maxLength: 8 }),
      fc.array(fc.integer({ min: 1, max: 50 })),
      (payloads, cuts) => {
        const stream = Buffer.concat(payloads.map((payload, i) => packet(i, payload)))
        const reader = new PacketReader()
        const found: { procedure: number; payload: Buffer }[] = []
        let at = 0
        for (const size of [...cuts, stream.length]) {
          const chunk = stream.subarray(at, at + size)
          at += chunk.length
          found.push(
            ...reader.push(chunk).map((p) => ({ procedure: p.header.procedure, payload: p.payload })),
          )
        }
        assert.deepEqual(
          found.map((p) => [p.procedure, Uint8Array.from(p.payload)]),
          payloads.map((payload, i) => [i, payload]),
        )
      },
    ),
    { numRuns: 200 },
  )
})

test('a length that no packet has is garbage', () => {
  // The agent was pointed at an HTTP server, or the stream lost its step.
  const reader = (bytes: Buffer) => () => new PacketReader().push(bytes)
  const length = (value: number): Buffer => {
    const bytes = Buffer.alloc(4)
    bytes.writeUInt32BE(value)
    return bytes
  }
  assert.throws(reader(Buffer.from('HTTP/1.1 400 Bad Request\r\n')), XdrError)
  assert.throws(reader(length(packetBytesMax + 4)), XdrError)
  assert.throws(reader(length(0)), XdrError)
  assert.throws(reader(length(29)), XdrError)
})

test('a packet of a foreign program or version is garbage', () => {
  // A future libvirt would say so at connect; anything else is no libvirt.
  const header = { program: 0x12345678, version: 1, procedure: 1, type: 1, serial: 1, status: 0 }
  assert.throws(() => new PacketReader().push(encodePacket(header, new Uint8Array(0))), XdrError)
  const versioned = { ...header, program: remoteProgram, version: 9 }
  assert.throws(() => new PacketReader().push(encodePacket(versioned, new Uint8Array(0))), XdrError)
})

test('a large packet in crumbs is joined once', () => {
  // 8 MiB in 1000-byte chunks: joining at every chunk would copy tens of gigabytes.
  const bytes = packet(1, new Uint8Array(8 * 1024 * 1024))
  const reader = new PacketReader()
  const startedMs = performance.now()
  let found = 0
  for (let at = 0; at < bytes.length; at += 1000) found += reader.push(bytes.subarray(at, at + 1000)).length
  assert.equal(found, 1)
  assert.ok(performance.now() - startedMs < 5_000)
})
