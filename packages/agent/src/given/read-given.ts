/**
 * What a person names on the command line or in a configuration, read whole: a file, a pipe, or standard input. It ends in bounded
 * time and memory, whatever stands there: a device, a pipe that says nothing, more bytes than fit. The one place for this.
 */
import { isUtf8 } from 'node:buffer'
import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from 'node:fs'
import { isatty } from 'node:tty'
import { gunzipSync } from 'node:zlib'
import { systemCodeOf, wordsOf } from '../errors.ts'
import { printable } from './printable.ts'

/** Why a file cannot be used. The message is one line for people, and names the file. */
export class GivenError extends Error {
  override readonly name = 'GivenError'
  /** Without the file. */
  readonly text: string
  /** The operating system's, such as `ENOENT`; null: it could be read, and is not what it should be. */
  readonly systemCode: string | null
  constructor(file: string, text: string, systemCode: string | null = null) {
    super(`${printable(file)}: ${printable(text)}`)
    this.text = printable(text)
    this.systemCode = systemCode
  }
}

export const givenBytes = {
  /** A configuration, a key, a certificate. */
  settings: 2 ** 20,
  /** Documents and traces, unpacked: the instance of a data centre is 100 MB. */
  data: 2 ** 28,
} as const

export interface GivenOptions {
  /** Most bytes, also after unpacking. Default `givenBytes.data`. */
  readonly bytesMax?: number
  /** A gzip file, known by its first bytes, is unpacked. Default false. */
  readonly unzip?: boolean
  /** `-` means standard input. Default false. */
  readonly stdin?: boolean
}

/** How long a pipe that another process holds open may say nothing, ms. */
const silenceMsMax = 10_000
const pauseMs = 5
const chunkBytes = 2 ** 16

const systemTexts: Readonly<Record<string, string>> = {
  ENOENT: 'no such file (ENOENT)',
  ENOTDIR: 'no such file: a part of its path is no directory (ENOTDIR)',
  EACCES: 'may not be read by this user (EACCES)',
  EPERM: 'may not be read by this user (EPERM)',
  EISDIR: 'is a directory (EISDIR)',
  ENXIO: 'is a socket or a device, not a file (ENXIO)',
  ELOOP: 'links that lead to each other (ELOOP)',
  ENAMETOOLONG: 'a name that no file can have (ENAMETOOLONG)',
}

const refusal = (file: string, error: unknown): GivenError => {
  if (error instanceof GivenError) return error
  const code = systemCodeOf(error)
  // Node's own, for a path with a zero in it.
  if (code === 'ERR_INVALID_ARG_VALUE') return new GivenError(file, 'a name that no file can have', code)
  return new GivenError(file, systemTexts[code ?? ''] ?? `cannot be read: ${wordsOf(error)}`, code ?? null)
}

const sizeText = (bytes: number): string => `${Math.round(bytes / 2 ** 20)} MiB`

const tooLarge = (file: string, bytesMax: number): GivenError =>
  new GivenError(file, `is larger than ${sizeText(bytesMax)}, which is the most that is read`)

const sleep = (ms: number): void =>
  void Atomics.wait(new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)), 0, 0, ms)

/** How many bytes came; 0 at the end. Waits for a pipe that is open and says nothing, for a time. */
const readSome = (fd: number, into: Buffer, waits: number): number => {
  for (let waited = 0; ; waited += pauseMs) {
    try {
      return readSync(fd, into)
    } catch (error) {
      if (systemCodeOf(error) === 'EOF') return 0
      if (systemCodeOf(error) !== 'EAGAIN' || waited >= waits) throw error
      sleep(pauseMs)
    }
  }
}

const readAll = (fd: number, file: string, about: Stats, bytesMax: number): Buffer => {
  const isEndless = about.isCharacterDevice() && !isatty(fd)
  const waits = fd === 0 ? Number.POSITIVE_INFINITY : about.isFIFO() ? silenceMsMax : 0
  // One piece when the size is known, as of most files; /proc says 0 of its own.
  const chunkSize = about.isFile() ? Math.max(about.size + 1, chunkBytes) : chunkBytes
  const parts: Buffer[] = []
  for (let total = 0; ; ) {
    const chunk = Buffer.allocUnsafeSlow(parts.length === 0 ? chunkSize : Math.max(chunkBytes, total))
    const count = readSome(fd, chunk, waits)
    if (count === 0) return parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts)
    if (isEndless) throw new GivenError(file, 'is a device, not a file')
    total += count
    if (total > bytesMax) throw tooLarge(file, bytesMax)
    parts.push(chunk.subarray(0, count))
  }
}

const readFrom = (fd: number, file: string, bytesMax: number): Buffer => {
  const about = fstatSync(fd)
  if (about.isDirectory()) throw new GivenError(file, 'is a directory (EISDIR)', 'EISDIR')
  if (about.isBlockDevice() || (fd !== 0 && about.isCharacterDevice() && isatty(fd)))
    throw new GivenError(file, 'is a device, not a file')
  if (about.isFile() && about.size > bytesMax) throw tooLarge(file, bytesMax)
  try {
    return readAll(fd, file, about, bytesMax)
  } catch (error) {
    if (systemCodeOf(error) !== 'EAGAIN') throw error
    throw new GivenError(
      file,
      about.isFIFO()
        ? `nothing came out of this pipe for ${silenceMsMax / 1000} s`
        : 'is a device, not a file',
    )
  }
}

/** Deflate never shrinks by more, so a size that says so is wrong. */
const ratioMax = 1032
const zippedBytesMin = 18

/**
 * In one piece when the size at the end of the file is right, as it is but for files of several members: zlib would keep all
 * its pieces beside the whole.
 */
const unpacked = (file: string, bytes: Buffer, bytesMax: number): Buffer => {
  const size = bytes.length < zippedBytesMin ? 0 : bytes.readUInt32LE(bytes.length - 4)
  const chunkSize = Math.min(size, bytes.length * ratioMax, bytesMax) + 1
  try {
    return gunzipSync(bytes, { chunkSize: Math.max(chunkSize, 2 ** 14), maxOutputLength: bytesMax })
  } catch (error) {
    if (systemCodeOf(error) === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(file, bytesMax)
    throw new GivenError(file, `not a whole gzip file: ${wordsOf(error)}`)
  }
}

/** Throws `GivenError`. */
export const readGiven = (file: string, options: GivenOptions = {}): Buffer => {
  const { bytesMax = givenBytes.data } = options
  const fromStdin = options.stdin === true && file === '-'
  let bytes: Buffer
  let fd = 0
  try {
    // Without waiting: to open a pipe that nothing writes into would take for ever.
    if (!fromStdin) fd = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY)
    bytes = readFrom(fd, file, bytesMax)
  } catch (error) {
    throw refusal(fromStdin ? 'standard input' : file, error)
  } finally {
    if (fd > 0) closeSync(fd)
  }
  return options.unzip === true && bytes[0] === 0x1f && bytes[1] === 0x8b
    ? unpacked(file, bytes, bytesMax)
    : bytes
}

/** Throws `GivenError` for bytes that are no text in UTF-8. */
export const refuseNonText = (file: string, bytes: Buffer): void => {
  if (isUtf16(bytes)) throw new GivenError(file, 'is UTF-16; save it as UTF-8')
  if (!isUtf8(bytes)) throw new GivenError(file, 'is not text in UTF-8')
}

const isUtf16 = (bytes: Buffer): boolean =>
  (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff)

/** As text: UTF-8, with or without a byte order mark. Throws `GivenError`. */
export const readGivenText = (file: string, options: GivenOptions = {}): string => {
  const bytes = readGiven(file, options)
  refuseNonText(file, bytes)
  return bytes.toString('utf8').replace(/^\ufeff/, '')
}
