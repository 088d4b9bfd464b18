/** Valid inputs made invalid, or odd: trees of values, texts and bytes. */
import type { Random } from '../../packages/sim/src/random.ts'

const oddTexts = [
  '',
  ' ',
  '__proto__',
  'constructor',
  'toString',
  '\u001b[31mred\u001b[0m',
  'a\nb',
  '\u0000',
  '\ufeff',
  '\ud800',
  '0x10',
  '1e999',
  '-1',
  'NaN',
  '300.0.0.1',
  '../../etc/passwd',
  'x'.repeat(5_000),
  '東'.repeat(400),
]
const oddValues: readonly unknown[] = [
  null,
  true,
  false,
  0,
  -1,
  0.5,
  1e21,
  2 ** 53 - 1,
  2 ** 53,
  -(2 ** 31),
  [],
  {},
  [[[[[]]]]],
  { kind: 'later' },
  ...oddTexts,
]

type Fields = Record<string, unknown>
const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array)

const setOwn = (fields: Fields, key: string, value: unknown): Fields => {
  const copy = { ...fields }
  Object.defineProperty(copy, key, { value, enumerable: true, configurable: true, writable: true })
  return copy
}

const changeList = (random: Random, list: readonly unknown[]): unknown => {
  const at = random.integer(0, Math.max(0, list.length - 1))
  switch (random.integer(0, 5)) {
    case 0:
      return list.toSpliced(at, 1)
    case 1:
      return [...list, ...list]
    case 2:
      return [...list, list[at]]
    case 3:
      // Now and then as many as a message can hold.
      return Array.from(
        { length: random.pick([20, 200, random.chance(0.02) ? 20_000 : 100]) },
        () => list[at] ?? {},
      )
    case 4:
      return list.toReversed()
    default:
      return random.pick(oddValues)
  }
}

const changeFields = (random: Random, fields: Fields): unknown => {
  const keys = Object.keys(fields)
  const key = keys.length === 0 ? 'x' : random.pick(keys)
  const { [key]: taken, ...rest } = fields
  switch (random.integer(0, 5)) {
    case 0:
      return rest
    case 1:
      return setOwn(rest, random.pick(oddTexts), taken)
    case 2:
      return setOwn(fields, random.pick(oddTexts), random.pick(oddValues))
    case 3: {
      if (!random.chance(0.05)) return setOwn(fields, key, random.pick(oddValues))
      const many: Fields = { ...fields }
      for (let i = 0; i < 3_000; i++) many[`k${i}`] = i
      return many
    }
    case 4:
      return setOwn(fields, key, fields[random.pick(keys.length === 0 ? [key] : keys)])
    default:
      return random.pick(oddValues)
  }
}

const changeLeaf = (random: Random, value: unknown): unknown => {
  if (typeof value === 'number' && random.chance(0.6))
    return random.pick([value + 1, value - 1, -value, value * 1_000, value + 0.5, 0, 2 ** 53 - 1])
  if (typeof value === 'string' && random.chance(0.5))
    return random.pick([`${value}x`, value.slice(1), value + value, value.toUpperCase(), ...oddTexts])
  return random.pick(oddValues)
}

/** The same with one thing changed, at any depth. */
export const mutatedTree = (random: Random, value: unknown, depth = 0): unknown => {
  const deeper = depth < 12 && random.chance(0.8)
  if (Array.isArray(value)) {
    if (!deeper || value.length === 0) return changeList(random, value)
    const at = random.integer(0, value.length - 1)
    return value.with(at, mutatedTree(random, value[at], depth + 1))
  }
  if (isFields(value)) {
    const keys = Object.keys(value)
    if (!deeper || keys.length === 0) return changeFields(random, value)
    const key = random.pick(keys)
    return setOwn(value, key, mutatedTree(random, value[key], depth + 1))
  }
  return changeLeaf(random, value)
}

const oddBytes = [0x00, 0xff, 0x7f, 0x80, 0x9f, 0xbf, 0xfb, 0x5b, 0x22, 0x0a, 0x1b] as const

const mutateOnce = (random: Random, bytes: Buffer): Buffer => {
  const at = random.integer(0, Math.max(0, bytes.length - 1))
  const length = random.integer(1, random.pick([1, 4, 16, 200]))
  switch (random.integer(0, 7)) {
    case 0:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + length)])
    case 1:
      return Buffer.concat([
        bytes.subarray(0, at),
        Buffer.from(Array.from({ length }, () => random.bits() & 0xff)),
        bytes.subarray(at),
      ])
    case 2:
      return bytes.subarray(0, at)
    case 3: {
      const from = random.integer(0, Math.max(0, bytes.length - 1))
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(from, from + length), bytes.subarray(at)])
    }
    case 4: {
      // A piece many times over.
      const piece = bytes.subarray(at, at + length)
      return Buffer.concat([
        bytes.subarray(0, at),
        ...Array.from({ length: 50 }, () => piece),
        bytes.subarray(at),
      ])
    }
    case 5: {
      const copy = Buffer.from(bytes)
      if (copy.length >= 4)
        copy.writeUInt32BE(
          random.pick([0, 1, 0x7fff_ffff, 0xffff_ffff, random.bits()]),
          Math.min(at, copy.length - 4),
        )
      return copy
    }
    default: {
      const copy = Buffer.from(bytes)
      if (copy.length > 0) copy[at] = random.chance(0.5) ? random.pick(oddBytes) : random.bits() & 0xff
      return copy
    }
  }
}

/** With one to four things changed. */
export const mutatedBytes = (random: Random, bytes: Uint8Array): Buffer => {
  let changed: Buffer = Buffer.from(bytes)
  for (let left = random.integer(1, 4); left > 0; left--) changed = mutateOnce(random, changed)
  return changed
}

/** Lines of a text shuffled, doubled, dropped, or with a word replaced. */
export const mutatedLines = (random: Random, text: string): string => {
  const lines = text.split('\n')
  const at = random.integer(0, lines.length - 1)
  const line = lines[at] ?? ''
  switch (random.integer(0, 5)) {
    case 0:
      return lines.toSpliced(at, 1).join('\n')
    case 1:
      return lines.toSpliced(at, 0, line).join('\n')
    case 2:
      return lines
        .with(
          at,
          line.replace(/[^=,[\]"]+(?=["\],]*$)/, () => random.pick(oddTexts)),
        )
        .join('\n')
    case 3:
      return lines
        .with(
          at,
          line.replace(/\d+/, () =>
            random.pick(['-1', '0x10', '1e999', '9007199254740993', '0.5', 'nan', '']),
          ),
        )
        .join('\n')
    case 4:
      return random.shuffle(lines).join('\n')
    default:
      return [...lines, ...Array.from({ length: random.pick([1, 10, 300]) }, () => line)].join(
        random.pick(['\n', '\r\n', '\r']),
      )
  }
}

export const rawBytes = (random: Random, most: number): Buffer =>
  Buffer.from(Array.from({ length: random.integer(0, most) }, () => random.bits() & 0xff))
