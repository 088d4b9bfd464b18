/**
 * The wire: one version byte, then CBOR, checked on receipt against the schemas of `wire/`. What decodes is a
 * `Message` or a `LoadSummary` in every field and within every limit; what does not is `null`, never an exception.
 * Unknown fields are dropped, so that a newer version may add some. An unknown
 * kind of message or rule cannot be kept or answered, but is no garbage either: `readMessage` tells the two apart.
 */
import { decode, encode } from 'cborg'
import type { z } from 'zod'
import { limits } from './data/config.ts'
import type { PartitionId } from './data/ids.ts'
import type { Message } from './data/message.ts'
import type { LoadSummary } from './data/summary.ts'
import { messageKinds, message as messageSchema } from './wire/message-schema.ts'
import { isModest } from './wire/skim.ts'
import { loadSummary as summarySchema } from './wire/summary-schema.ts'

/** Changes only when old agents could misread new bytes; they then refuse them. */
export const wireVersion = 2

/**
 * The bytes of a message. It may come out above `limits.messageBytesMax`: the transport then refuses to send it, and
 * its operator hears of it (`wire.too_large`).
 */
export const encodeMessage = (message: Message): Uint8Array => seal(message)
/** Null for anything that is not one whole message of this version within all limits. */
export const decodeMessage = (bytes: Uint8Array): Message | null => open(messageSchema, bytes, messageKinds)

/** Well formed, and in words that only a later version knows: of a message, rule, reason, state or operation. No garbage. */
export interface NotUnderstood {
  readonly kind: 'not-understood'
  /** For people: the word that is not known here. */
  readonly what: string
  /** The partition that it is about, if it says so. */
  readonly partition: PartitionId | null
}

/** What a peer has sent; null = garbage. */
export const readMessage = (bytes: Uint8Array): Message | NotUnderstood | null =>
  read(messageSchema, bytes, messageKinds)
/** What a peer has said of itself; null = garbage. */
export const readSummary = (bytes: Uint8Array): LoadSummary | NotUnderstood | null =>
  read(summarySchema, bytes, null)

export const encodeSummary = (summary: LoadSummary): Uint8Array => seal(summary)
export const decodeSummary = (bytes: Uint8Array): LoadSummary | null => open(summarySchema, bytes, null)

/** No value of that form encodes to more bytes; far quicker than encoding it. */
const bytesAtMost = (value: unknown): number => {
  if (typeof value === 'string') return 5 + 3 * value.length
  if (typeof value !== 'object' || value === null) return 9
  let bytes = 5
  if (Array.isArray(value)) for (const one of value) bytes += bytesAtMost(one)
  else for (const [key, one] of Object.entries(value)) bytes += 5 + 3 * key.length + bytesAtMost(one)
  return bytes
}

/** Its encoding has no more bytes. Only what may be too large is encoded to find out. */
export const fitsInBytes = (value: unknown, bytesMax: number): boolean =>
  bytesAtMost(value) <= bytesMax || seal(value).length <= bytesMax

const encoding = { ignoreUndefinedProperties: true } as const
/** Strict: no message has what JSON has no words for. */
const decoding = {
  strict: false,
  allowIndefinite: false,
  allowUndefined: false,
  allowInfinity: false,
  allowNaN: false,
  allowBigInt: false,
  rejectDuplicateMapKeys: true,
} as const

const seal = (value: unknown): Uint8Array => {
  const body = encode(value, encoding)
  const bytes = new Uint8Array(1 + body.length)
  bytes[0] = wireVersion
  bytes.set(body, 1)
  return bytes
}

/** The kinds of what is read; null = it has none. */
type Kinds = ReadonlySet<string> | null

const open = <T>(schema: z.ZodType<T>, bytes: Uint8Array, kinds: Kinds): T | null => {
  const value = bytes[0] === wireVersion ? valueIn(bytes, kinds) : nothing
  if (value === nothing) return null
  const checked = schema.safeParse(value)
  return checked.success ? checked.data : null
}

const read = <T>(schema: z.ZodType<T>, bytes: Uint8Array, kinds: Kinds): T | NotUnderstood | null => {
  const value = valueIn(bytes, kinds)
  if (value === nothing) return null
  if (bytes[0] !== wireVersion) return isSaid(value) ? notUnderstood(`version ${bytes[0]}`, value) : null
  const checked = schema.safeParse(value)
  if (checked.success) return checked.data
  const words = checked.error.issues.map((issue) => unknownWord(issue, value))
  const [word] = words
  return word === undefined || words.includes(null) ? null : notUnderstood(word ?? '', value)
}

/** No value at all, in bytes that are not well formed. */
const nothing = Symbol('nothing')

const valueIn = (bytes: Uint8Array, kinds: Kinds): unknown => {
  if (bytes.length < 2 || bytes.length > limits.messageBytesMax) return nothing
  if (!isModest(bytes, 1, kinds)) return nothing
  try {
    // cborg throws on malformed input, and the engine on nesting too deep for its stack.
    return decode(bytes.subarray(1), decoding)
  } catch {
    return nothing
  }
}

/** Every message of every version says its sender's start count, and so does a summary. */
const isSaid = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && Number.isSafeInteger(Object(value)['incarnation'])

/** The word that makes this a message of a later version; null = it is wrong in another way. */
const unknownWord = (issue: z.core.$ZodIssue, value: unknown): string | null => {
  let at = value
  for (const key of issue.path) at = typeof at === 'object' && at !== null ? Object(at)[key] : undefined
  if (issue.code !== 'invalid_value' && issue.code !== 'invalid_union') return null
  const word = typeof at === 'object' && at !== null ? Object(at)['kind'] : at
  return typeof word === 'string' && word.length <= limits.idCharsMax ? word : null
}

const notUnderstood = (what: string, value: unknown): NotUnderstood => {
  const partition: unknown = isSaid(value) ? value['partition'] : null
  const isNamed = typeof partition === 'string' && partition.length <= limits.idCharsMax
  return { kind: 'not-understood', what, partition: isNamed ? (partition as PartitionId) : null }
}
