/**
 * JSON that a person gives. Before it is parsed its bytes are counted: a text of 200 MB can be a tree of 10 GB, and one that nests
 * deeper than the stack ends the process. A key that is there twice is refused: of two values one would be lost without a word.
 */
import { wordsOf } from '../errors.ts'
import { GivenError, type GivenOptions, readGiven, refuseNonText } from './read-given.ts'

const depthMax = 100
/** What the tree may take, estimated, bytes. */
const treeBytesMax = 2 ** 30
const bytesPer = { value: 8, container: 64, text: 32 } as const

const quote = 0x22
const backslash = 0x5c
const colon = 0x3a
const comma = 0x2c
const space = 0x20

interface Walk {
  opened(at: number): void
  closed(): void
  /** From quote to quote, with both. */
  text(start: number, end: number, isKey: boolean): void
}

/** Tells what begins and ends. The bytes need not be JSON; the walk reads each of them once. */
const walk = (bytes: Buffer, { opened, closed, text }: Walk): void => {
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at]
    if (byte === 0x7b || byte === 0x5b) opened(at)
    else if (byte === 0x7d || byte === 0x5d) closed()
    else if (byte === quote) {
      const start = at
      for (at++; at < bytes.length && bytes[at] !== quote; at++) if (bytes[at] === backslash) at++
      let next = at + 1
      while (next < bytes.length && (bytes[next] ?? 0) <= space) next++
      text(start, at + 1, bytes[next] === colon)
      // Blanks are passed over once: many of them behind many texts would be read again and again otherwise.
      at = next - 1
    }
  }
}

const placeOf = (bytes: Buffer, at: number): string => {
  let line = 1
  let from = 0
  for (let i = bytes.indexOf(10); i >= 0 && i < at; i = bytes.indexOf(10, i + 1)) {
    line++
    from = i + 1
  }
  return `line ${line}, column ${at - from + 1}`
}

/** How many keys; throws `GivenError` when there is more than can be parsed. */
const count = (file: string, bytes: Buffer): number => {
  let depth = 0
  let keys = 0
  let containers = 0
  let texts = 0
  walk(bytes, {
    opened(at) {
      containers++
      if (++depth > depthMax)
        throw new GivenError(file, `nested deeper than ${depthMax} levels, at ${placeOf(bytes, at)}`)
    },
    closed: () => void depth--,
    text(_start, _end, isKey) {
      if (isKey) keys++
      else texts++
    },
  })
  let values = containers
  for (let at = bytes.indexOf(comma); at >= 0; at = bytes.indexOf(comma, at + 1)) values++
  if (values * bytesPer.value + containers * bytesPer.container + texts * bytesPer.text > treeBytesMax)
    throw new GivenError(file, `says more than fits into memory (${values} values)`)
  return keys
}

const keysIn = (value: unknown): number => {
  if (typeof value !== 'object' || value === null) return 0
  let sum = 0
  if (Array.isArray(value)) for (const item of value) sum += keysIn(item)
  else for (const key of Object.keys(value)) sum += 1 + keysIn(Object(value)[key])
  return sum
}

/** Where the first key stands that its object has already. */
const refuseTwice = (file: string, bytes: Buffer): void => {
  const open: Set<unknown>[] = []
  walk(bytes, {
    opened: () => void open.push(new Set()),
    closed: () => void open.pop(),
    text(start, end, isKey) {
      if (!isKey) return
      const key: unknown = JSON.parse(bytes.toString('utf8', start, end))
      if (open.at(-1)?.has(key) === true)
        throw new GivenError(
          file,
          `the key ${JSON.stringify(key)} is there twice, at ${placeOf(bytes, start)}`,
        )
      open.at(-1)?.add(key)
    },
  })
}

const mark = Buffer.from([0xef, 0xbb, 0xbf])

/** Of bytes: what they say. Throws `GivenError`, which names `file`. */
export const parseGivenJson = (file: string, given: Buffer): unknown => {
  const bytes = given.subarray(0, mark.length).equals(mark) ? given.subarray(mark.length) : given
  if (bytes.every(isBlank)) throw new GivenError(file, 'is empty')
  refuseNonText(file, bytes)
  const keys = count(file, bytes)
  let value: unknown
  try {
    value = JSON.parse(bytes.toString('utf8'))
  } catch (error) {
    throw new GivenError(file, `is not JSON: ${wordsOf(error)}`)
  }
  if (keysIn(value) !== keys) refuseTwice(file, bytes)
  return value
}

const isBlank = (byte: number): boolean => byte <= space

/** Throws `GivenError`. */
export const readGivenJson = (file: string, options: GivenOptions = {}): unknown =>
  parseGivenJson(file, readGiven(file, options))
