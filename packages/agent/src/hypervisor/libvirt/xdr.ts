/**
 * XDR (RFC 4506), as far as libvirt uses it: big-endian, everything padded to four bytes.
 * The reader is bounded: whatever the bytes say, it never allocates more than it was given.
 */

import type { Bound } from './told-bounds.ts'

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

  /** Where the next bytes go. First of all: it may put another buffer in the place of this one. */
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
    const at = this.#room(4)
    this.#buffer.writeInt32BE(value, at)
  }

  uint(value: number): void {
    const at = this.#room(4)
    this.#buffer.writeUInt32BE(value, at)
  }

  hyper(value: bigint): void {
    const at = this.#room(8)
    this.#buffer.writeBigInt64BE(value, at)
  }

  uhyper(value: bigint): void {
    const at = this.#room(8)
    this.#buffer.writeBigUInt64BE(value, at)
  }

  double(value: number): void {
    const at = this.#room(8)
    this.#buffer.writeDoubleBE(value, at)
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

/**
 * Takes values off a buffer; throws `XdrError` instead of reading beyond its end. `odd` hears of the first value that the protocol
 * allows and drover does not believe (`told-bounds.ts`).
 */
export class XdrReader {
  readonly #buffer: Buffer
  readonly #odd: (what: string) => void
  #at = 0
  #said = false

  constructor(bytes: Uint8Array, odd: (what: string) => void = () => {}) {
    this.#buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#odd = odd
  }

  #disbelieve(what: string): null {
    // A message may be full of them, and one is enough to say.
    if (!this.#said) this.#odd(what)
    this.#said = true
    return null
  }

  /** The number, or null: not believed. */
  within({ what, min, max }: Bound, told: number, name = what): number | null {
    // Not a number is in no bound.
    return told >= min && told <= max ? told : this.#disbelieve(`${name}: ${told}`)
  }

  /** A text, or null where it is too long to be one. */
  text(what: string, bytesMax: number): string | null {
    const bytes = this.opaque(stringBytesMax)
    return bytes.length <= bytesMax
      ? bytes.toString('utf8')
      : this.#disbelieve(`${what}: ${bytes.length} bytes`)
  }

  /** A text for people; the rest of a long one is left out. */
  words(bytesMax: number): string {
    return this.opaque(stringBytesMax).subarray(0, bytesMax).toString('utf8')
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

  /** Each element is read and, unlike those of an `array`, not kept. */
  eachOf(countMax: number, read: () => void): void {
    for (let left = this.#count(countMax); left > 0; left -= 1) read()
  }

  array<T>(countMax: number, read: () => T): T[] {
    return Array.from({ length: this.#count(countMax) }, read)
  }

  #count(countMax: number): number {
    const count = this.uint()
    // Every element takes at least four bytes: an announced count that cannot fit is refused before any work.
    if (count > countMax || count * 4 > this.left)
      throw new XdrError(`${count} elements announced, at most ${countMax} allowed, ${this.left} bytes left`)
    return count
  }

  /** Ends the reading of a whole message. Trailing bytes mean that the layouts differ. */
  end(): void {
    if (this.left !== 0) throw new XdrError(`${this.left} bytes too many`)
  }
}
