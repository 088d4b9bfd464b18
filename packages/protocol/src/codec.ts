/**
 * The wire: one version byte, then CBOR, checked on receipt against the schemas of `wire/`. What decodes is a
 * `Message` or a `LoadSummary` in every field and within every limit; what does not is `null`, never an exception.
 * Unknown fields are dropped, so that a newer version may add some. An unknown kind of message or rule is `null`.
 */
import { decode, encode } from 'cborg'
import type { z } from 'zod'
import { limits } from './data/config.ts'
import type { Message } from './data/message.ts'
import type { LoadSummary } from './data/summary.ts'
import { message as messageSchema } from './wire/message-schema.ts'
import { loadSummary as summarySchema } from './wire/summary-schema.ts'

/** Changes only when old agents could misread new bytes; they then refuse them. */
export const wireVersion = 2

/**
 * The bytes of a message. It may come out above `limits.messageBytesMax`: the transport then refuses to send it, and
 * its operator hears of it (`wire.too_large`).
 */
export const encodeMessage = (message: Message): Uint8Array => seal(message)
/** Null for anything that is not one whole message of this version within all limits. */
export const decodeMessage = (bytes: Uint8Array): Message | null => open(messageSchema, bytes)

export const encodeSummary = (summary: LoadSummary): Uint8Array => seal(summary)
export const decodeSummary = (bytes: Uint8Array): LoadSummary | null => open(summarySchema, bytes)

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

const open = <T>(schema: z.ZodType<T>, bytes: Uint8Array): T | null => {
  if (bytes.length < 2 || bytes.length > limits.messageBytesMax || bytes[0] !== wireVersion) return null
  let value: unknown
  try {
    // cborg throws on malformed input, and the engine on nesting too deep for its stack.
    value = decode(bytes.subarray(1), decoding)
  } catch {
    return null
  }
  const checked = schema.safeParse(value)
  return checked.success ? checked.data : null
}
