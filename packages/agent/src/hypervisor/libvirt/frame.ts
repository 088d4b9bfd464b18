/**
 * libvirt's RPC packets: a length word (which counts itself), a header of six words, a payload.
 * https://libvirt.org/kbase/internals/rpc.html
 */
import { XdrError, XdrReader, XdrWriter } from './xdr.ts'

export const packetType = { call: 0, reply: 1, message: 2, stream: 3 } as const
export const packetStatus = { ok: 0, error: 1, continue: 2 } as const

/** Program 0x20008086 is libvirt itself; 0x6b656570 ("keep") only says that the other end is there. */
export const remoteProgram = 0x20008086
export const keepaliveProgram = 0x6b656570
export const programVersion = 1

export interface Header {
  readonly program: number
  readonly version: number
  readonly procedure: number
  readonly type: number
  /** Of a call, repeated in its reply; 0 in messages. */
  readonly serial: number
  readonly status: number
}

export interface Packet {
  readonly header: Header
  readonly payload: Buffer
}

const lengthBytes = 4
const headerBytes = 24
/** libvirt's own limit; a daemon that announces more is no libvirt daemon. */
export const packetBytesMax = 32 * 1024 * 1024 + lengthBytes
const packetBytesMin = lengthBytes + headerBytes

export const encodePacket = (header: Header, payload: Uint8Array): Buffer => {
  const writer = new XdrWriter()
  writer.uint(packetBytesMin + payload.length)
  writer.uint(header.program)
  writer.uint(header.version)
  writer.int(header.procedure)
  writer.uint(header.type)
  writer.uint(header.serial)
  writer.uint(header.status)
  writer.fixed(payload)
  return writer.done()
}

const decodePacket = (bytes: Buffer): Packet => {
  const reader = new XdrReader(bytes.subarray(lengthBytes, packetBytesMin))
  const header: Header = {
    program: reader.uint(),
    version: reader.uint(),
    procedure: reader.int(),
    type: reader.uint(),
    serial: reader.uint(),
    status: reader.uint(),
  }
  const known = header.program === remoteProgram || header.program === keepaliveProgram
  if (!known || header.version !== programVersion)
    throw new XdrError(`a packet of program 0x${header.program.toString(16)} version ${header.version}`)
  return { header, payload: bytes.subarray(packetBytesMin) }
}

/**
 * Cuts a byte stream into packets, however it is split or merged on its way.
 * Holds at most one incomplete packet plus the last chunk. Throws `XdrError` on garbage; is useless afterwards.
 */
export class PacketReader {
  #chunks: Buffer[] = []
  #held = 0
  /** Size of the packet that is being received, once its length word is known. */
  #wanted: number | null = null
  readonly #bytesMax: number

  constructor(bytesMax: number = packetBytesMax) {
    this.#bytesMax = bytesMax
  }

  push(chunk: Buffer): Packet[] {
    this.#chunks.push(chunk)
    this.#held += chunk.length
    const packets: Packet[] = []
    for (;;) {
      if (this.#wanted === null) {
        if (this.#held < lengthBytes) return packets
        this.#wanted = this.#whole().readUInt32BE(0)
        if (this.#wanted < packetBytesMin || this.#wanted > this.#bytesMax || this.#wanted % 4 !== 0)
          throw new XdrError(`a packet cannot have ${this.#wanted} bytes`)
      }
      // Chunks are joined only when a packet is whole: a large one arriving in crumbs costs one copy, not many.
      if (this.#held < this.#wanted) return packets
      const bytes = this.#whole()
      const rest = bytes.subarray(this.#wanted)
      packets.push(decodePacket(bytes.subarray(0, this.#wanted)))
      this.#chunks = rest.length === 0 ? [] : [rest]
      this.#held = rest.length
      this.#wanted = null
    }
  }

  #whole(): Buffer {
    const [first, ...more] = this.#chunks
    const bytes = first !== undefined && more.length === 0 ? first : Buffer.concat(this.#chunks)
    this.#chunks = [bytes]
    return bytes
  }
}
