/** What is wrong with a configuration, said so that it can be mended without looking anything up. */
import { closest, distance } from 'fastest-levenshtein'
import type { core } from 'zod'
import { printable } from '../given/printable.ts'
import { type Origin, originText } from './origin.ts'
import type { Path } from './path.ts'
import type { SchemaReader } from './schema-node.ts'

export interface Problem {
  readonly code: 'unreadable' | 'syntax' | 'unknown_key' | 'ill_typed' | 'invalid' | 'secret'
  /** Dotted, e.g. `rules[0].kind`; '' where the whole source is meant. */
  readonly key: string
  readonly text: string
  /** What may have been meant, ready to be pasted; null when nothing is near. */
  readonly suggestion: string | null
  readonly origin: Origin
}

export const keyText = (path: readonly PropertyKey[]): string =>
  path.reduce<string>(
    (text, part) =>
      typeof part === 'number' ? `${text}[${part}]` : text === '' ? String(part) : `${text}.${String(part)}`,
    '',
  )

/** One line: `file:line: key: what is wrong; did you mean …?`. */
export const problemText = (problem: Problem): string =>
  printable(
    [
      originText(problem.origin),
      ...(problem.key === '' ? [] : [problem.key]),
      problem.text + (problem.suggestion === null ? '' : `; did you mean ${problem.suggestion}?`),
    ].join(': '),
  )

const plain = (text: string): string => text.toLowerCase().replaceAll(/[_-]/g, '')

/** The likeliest of `words` for a misspelt one: same but for case and `_`, or a longer form, or few letters off. */
export const nearest = (word: string, words: readonly string[]): string | null => {
  const same = words.find((other) => plain(other) === plain(word))
  if (same !== undefined) return same
  const longer = words.filter((other) => other.startsWith(`${word}_`))
  if (longer.length === 1) return longer[0] ?? null
  if (words.length === 0 || word.length > wordCharsMax) return null
  const best = closest(word, words as string[])
  // A transposition counts as two.
  const far = word.length <= 3 ? 1 : Math.max(2, Math.floor(word.length / 3))
  return distance(word, best) <= far ? best : null
}

/** A longer word is no slip of the pen, and a file with more mistakes than this is not meant for drover. */
const wordCharsMax = 100
export const problemsMax = 200

/** First among the keys that may stand here, then anywhere else. */
export const suggestKey = (
  schema: SchemaReader,
  section: readonly PropertyKey[],
  key: string,
): string | null => {
  const here = nearest(key, schema.keysAt(section))
  if (here !== null) return keyText([...section, here])
  const elsewhere = schema.allKeys.filter(
    (other) => plain(other.slice(other.lastIndexOf('.') + 1)) === plain(key),
  )
  if (elsewhere.length > 0) return elsewhere[0] ?? null
  return section.length === 0 ? nearest(key, schema.allKeys) : null
}

const shown = (value: unknown): string => {
  const text = typeof value === 'bigint' ? String(value) : (JSON.stringify(value) ?? String(value))
  return text.length > 60 ? `${text.slice(0, 57)}…` : text
}

/** `"a"`, `"a" or "b"`, `"a", "b" or "c"`. */
const orText = (words: readonly string[]): string => {
  const quoted = words.map((word) => JSON.stringify(word))
  return [quoted.slice(0, -1).join(', '), ...quoted.slice(-1)].filter((part) => part !== '').join(' or ')
}

const valueAt = (tree: unknown, path: readonly PropertyKey[]): unknown =>
  path.reduce<unknown>(
    (value, key) =>
      typeof value === 'object' && value !== null && Object.hasOwn(value, key)
        ? (value as Record<PropertyKey, unknown>)[key as string]
        : undefined,
    tree,
  )

/** zod's names of types, as people say them. */
const typeText = (type: string): string =>
  type === 'int'
    ? 'a whole number'
    : type === 'array'
      ? 'a list'
      : type === 'object'
        ? 'a table'
        : type === 'string'
          ? 'text in quotes'
          : `a ${type}`

/** zod's issues in our words; one per unknown key, all of them. */
export const problemsOf = (
  issues: readonly core.$ZodIssue[],
  tree: unknown,
  originOf: (path: Path) => Origin,
  schema: SchemaReader,
): readonly Problem[] =>
  issues.slice(0, problemsMax + 1).flatMap((issue): readonly Problem[] => {
    const path = issue.path as Path
    const found = valueAt(tree, path)
    const one = (code: Problem['code'], text: string, suggestion: string | null = null): Problem => ({
      code,
      key: keyText(path),
      text,
      suggestion,
      origin: originOf(path),
    })
    switch (issue.code) {
      case 'unrecognized_keys':
        return issue.keys.slice(0, problemsMax + 1).map((key) => ({
          code: 'unknown_key',
          key: keyText([...path, key]),
          text: 'unknown key',
          suggestion: suggestKey(schema, path, key),
          origin: originOf([...path, key]),
        }))
      case 'invalid_type':
        return found === undefined
          ? [one('invalid', 'is missing')]
          : [one('ill_typed', `expected ${typeText(issue.expected)}, got ${shown(found)}`)]
      case 'invalid_value': {
        const wanted = issue.values.map(String)
        return [
          one(
            'invalid',
            `expected ${orText(wanted)}, got ${shown(found)}`,
            typeof found === 'string' ? nearest(found, wanted) : null,
          ),
        ]
      }
      case 'invalid_union': {
        const kind = valueAt(tree, path)
        const wanted = schema.choicesAt(path)
        return [
          one(
            'invalid',
            `expected ${orText(wanted)}, got ${kind === undefined ? 'nothing' : shown(kind)}`,
            typeof kind === 'string' ? nearest(kind, wanted) : null,
          ),
        ]
      }
      case 'too_small':
        return [
          one(
            'invalid',
            issue.origin === 'array'
              ? `needs at least ${issue.minimum} entr${issue.minimum === 1 ? 'y' : 'ies'}`
              : issue.origin === 'string'
                ? 'must not be empty'
                : `must be at least ${issue.minimum}, is ${shown(found)}`,
          ),
        ]
      case 'too_big':
        return [
          one(
            'invalid',
            issue.origin === 'array'
              ? `has more than ${issue.maximum} entries`
              : issue.origin === 'string'
                ? `is longer than ${issue.maximum} characters`
                : `must be at most ${issue.maximum}, is ${shown(found)}`,
          ),
        ]
      case 'invalid_format':
        return [one('invalid', `${issue.message}, got ${shown(found)}`)]
      case 'not_multiple_of':
      case 'invalid_key':
      case 'invalid_element':
      case 'custom':
        return [one('invalid', issue.message)]
      default: {
        const never: never = issue
        return [one('invalid', String(never))]
      }
    }
  })
