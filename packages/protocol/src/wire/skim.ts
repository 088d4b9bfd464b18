/**
 * CBOR counted before it is decoded: decoding makes an object of every item, and what is not known is only then dropped. A message has
 * a bounded number of items, of keys in one map and of levels; more is garbage, found at a glance. Nothing is allocated here.
 */
import { limits } from '../data/config.ts'

/** Kinds that carry problems, snapshots and decisions. */
const large: ReadonlySet<string> = new Set(['granted', 'assign', 'recorded'])

/** Major types of CBOR. */
const major = { bytes: 2, text: 3, list: 4, map: 5, tag: 6 } as const
/** Text of four bytes: kind. */
const kindKey = [0x64, 0x6b, 0x69, 0x6e, 0x64] as const

interface Head {
  /** 0 to 7. */
  major: number
  /** The value, the length or the count. */
  count: number
  /** Of the byte behind it. */
  next: number
}

/** False: cut off, without a definite length, or of a length that no message has. */
const readHead = (bytes: Uint8Array, at: number, head: Head): boolean => {
  const first = bytes[at]
  if (first === undefined) return false
  head.major = first >> 5
  const info = first & 0x1f
  if (info < 24) {
    head.count = info
    head.next = at + 1
    return true
  }
  if (info > 27) return false
  const width = 1 << (info - 24)
  if (at + width >= bytes.length) return false
  let count = 0
  for (let i = 1; i <= width; i++) count = count * 256 + (bytes[at + i] ?? 0)
  head.count = count
  head.next = at + 1 + width
  return true
}

/** The text whose head is at `at`, when it is short and plain; '' otherwise. */
const shortText = (bytes: Uint8Array, at: number): string => {
  const first = bytes[at] ?? 0
  const length = first & 0x1f
  if (first >> 5 !== major.text || length >= 24) return ''
  return String.fromCharCode(...bytes.subarray(at + 1, at + 1 + length))
}

const isKindKey = (bytes: Uint8Array, at: number): boolean =>
  kindKey.every((byte, i) => bytes[at + i] === byte)

const itemsMaxOf = (kind: string, known: ReadonlySet<string>): number =>
  large.has(kind)
    ? limits.wireItemsMax
    : known.has(kind)
      ? limits.wireSmallItemsMax
      : limits.wireUnknownItemsMax

/**
 * Whether a message that begins at `from` is one to decode: whole, of definite lengths, with no more items than its kind has.
 * `known`: the kinds of this version; null = what is read has no kind, and is small.
 */
export const isModest = (bytes: Uint8Array, from: number, known: ReadonlySet<string> | null): boolean => {
  const head: Head = { major: 0, count: 0, next: 0 }
  /** Items that are still to come on each level. */
  const left = [1]
  let itemsMax: number = known === null ? limits.wireSmallItemsMax : limits.wireItemsMax
  let items = 0
  let at = from
  while (left.length > 0) {
    const level = left.length - 1
    const rest = left[level] ?? 0
    if (rest === 0) {
      left.pop()
      continue
    }
    left[level] = rest - 1
    // On the level of the message's own fields every second item is a key.
    if (known !== null && level === 1 && rest % 2 === 0 && isKindKey(bytes, at))
      itemsMax = Math.min(itemsMax, itemsMaxOf(shortText(bytes, at + kindKey.length), known))
    if (!readHead(bytes, at, head)) return false
    at = head.next
    items++
    if (head.major === major.tag || (head.major === major.map && head.count > limits.wireKeysMax))
      return false
    if (head.major === major.list || head.major === major.map)
      left.push(head.major === major.map ? 2 * head.count : head.count)
    else if (head.major === major.text || head.major === major.bytes) at += head.count
    if (left.length > limits.wireDepthMax || items + (left.at(-1) ?? 0) > itemsMax || at > bytes.length)
      return false
  }
  return at === bytes.length
}
