/**
 * XDR (RFC 4506), as far as libvirt uses it: big-endian, everything padded to four bytes.
 * The reader is bounded: whatever the bytes say, it never allocates more than it was given.
 */

/** The bytes are not what the protocol says. The connection they came from cannot be trusted any more. */
export class XdrError extends Error {
  override readonly name = 'XdrError'
}

/** libvirt's own limit of one string, bytes. */
export const stringBytesMax = 4 * 1024 * 1024

const padded = (bytes: number): number => (bytes + 3) & ~3

/** Appends values to a growing buffer. */
export class XdrWriter {
  #buffer = Buffer.alloc(256)
  #length = 0

  #room(bytes: number): number {
    const at = this.#length
    const needed = at + bytes
    if (needed > this.#buffer.length) {
      const grown = Buffer.alloc(Math.max(needed, this.#buffer.length * 2))
      this.#buffer.copy(grown, 0, 0, at)
      this.#buffer = grown
    }
    this.#length = needed
    return at
  }

  int(value: number): void {
    this.#buffer.writeInt32BE(value, this.#room(4))
  }

  uint(value: number): void {
    this.#buffer.writeUInt32BE(value, this.#room(4))
  }

  hyper(value: bigint): void {
    this.#buffer.writeBigInt64BE(value, this.#room(8))
  }

  uhyper(value: bigint): void {
    this.#buffer.writeBigUInt64BE(value, this.#room(8))
  }

  double(value: number): void {
    this.#buffer.writeDoubleBE(value, this.#room(8))
  }

  /** Bytes whose number both sides know. */
  fixed(bytes: Uint8Array): void {
    const at = this.#room(padded(bytes.length))
    this.#buffer.fill(0, at, this.#length)
    this.#buffer.set(bytes, at)
  }

  opaque(bytes: Uint8Array): void {
    this.uint(bytes.length)
    this.fixed(bytes)
  }

  string(text: string): void {
    this.opaque(Buffer.from(text, 'utf8'))
  }

  optional<T>(value: T | null, write: (value: T) => void): void {
    this.uint(value === null ? 0 : 1)
    if (value !== null) write(value)
  }

  array<T>(values: readonly T[], write: (value: T) => void): void {
    this.uint(values.length)
    for (const value of values) write(value)
  }

  done(): Buffer {
    return this.#buffer.subarray(0, this.#length)
  }
}

/** Takes values off a buffer; throws `XdrError` instead of reading beyond its end. */
export class XdrReader {
  readonly #buffer: Buffer
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  get left(): number {
    return this.#buffer.length - this.#at
  }

  #take(bytes: number): number {
    if (bytes > this.left) throw new XdrError(`${bytes} bytes expected, ${this.left} left`)
    const at = this.#at
    this.#at += bytes
    return at
  }

  int(): number {
    return this.#buffer.readInt32BE(this.#take(4))
  }

  uint(): number {
    return this.#buffer.readUInt32BE(this.#take(4))
  }

  hyper(): bigint {
    return this.#buffer.readBigInt64BE(this.#take(8))
  }

  uhyper(): bigint {
    return this.#buffer.readBigUInt64BE(this.#take(8))
  }

  double(): number {
    return this.#buffer.readDoubleBE(this.#take(8))
  }

  fixed(bytes: number): Buffer {
    const at = this.#take(padded(bytes))
    return this.#buffer.subarray(at, at + bytes)
  }

  opaque(bytesMax: number): Buffer {
    const bytes = this.uint()
    if (bytes > bytesMax) throw new XdrError(`${bytes} bytes announced, at most ${bytesMax} allowed`)
    return this.fixed(bytes)
  }

  string(): string {
    return this.opaque(stringBytesMax).toString('utf8')
  }

  optional<T>(read: () => T): T | null {
    const present = this.uint()
    if (present > 1) throw new XdrError(`an optional value begins with 0 or 1, not ${present}`)
    return present === 1 ? read() : null
  }

  array<T>(countMax: number, read: () => T): T[] {
    const count = this.uint()
    // Every element takes at least four bytes: an announced count that cannot fit is refused before any work.
    if (count > countMax || count * 4 > this.left)
      throw new XdrError(`${count} elements announced, at most ${countMax} allowed, ${this.left} bytes left`)
    return Array.from({ length: count }, read)
  }

  /** Ends the reading of a whole message. Trailing bytes mean that the layouts differ. */
  end(): void {
    if (this.left !== 0) throw new XdrError(`${this.left} bytes too many`)
  }
}
