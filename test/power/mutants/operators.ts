/**
 * Mutation operators: each says of a piece of the syntax tree what could stand there by mistake. The usual ones of mutation
 * testing (DeMillo, Lipton, Sayward 1978; Jia and Harman 2011, section 3), for code that is made of guards, of copies of a
 * state with changes, and of lists of actions.
 */
import type { parse } from '@ast-grep/napi'

export type Piece = ReturnType<ReturnType<typeof parse>['root']>

export interface Operator {
  readonly name: string
  /** What could stand in the place of the piece; none when it is no place for this operator. */
  mutate(piece: Piece): readonly string[]
}

const kindOf = (piece: Piece | null): string => String(piece?.kind() ?? '')

/** The condition of an `if`, without its parentheses, or of a `? :`. */
const conditionOf = (piece: Piece): Piece | null => {
  const condition = ['if_statement', 'ternary_expression'].includes(kindOf(piece.parent()))
    ? (piece.parent()?.field('condition') ?? null)
    : null
  return condition !== null && condition.id() === piece.id() ? condition : null
}

const edges: Readonly<Record<string, string>> = {
  '<': '<=',
  '<=': '<',
  '>': '>=',
  '>=': '>',
  '===': '!==',
  '!==': '===',
}
const sums: Readonly<Record<string, string>> = { '+': '-', '-': '+' }

const isText = (piece: Piece | null): boolean => /string/.test(kindOf(piece))

/** The sign of a binary expression with its two sides. */
const binaryOf = (piece: Piece): { left: Piece; right: Piece; sign: string } | null => {
  if (kindOf(piece) !== 'binary_expression') return null
  const [left, right, sign] = [piece.field('left'), piece.field('right'), piece.field('operator')?.text()]
  return left === null || right === null || sign === undefined ? null : { left, right, sign }
}

/** A list of pieces in brackets without the one in the middle. */
const without = (all: readonly Piece[], gone: Piece): string =>
  all
    .filter((one) => one.id() !== gone.id())
    .map((one) => one.text())
    .join(', ')

const itemsOf = (piece: Piece): readonly Piece[] =>
  piece.children().filter((one) => one.isNamed() && kindOf(one) !== 'comment')

export const operators: readonly Operator[] = [
  {
    name: 'negated condition',
    mutate: (piece) => (conditionOf(piece) === null ? [] : [`(!(${piece.text()}))`]),
  },
  {
    name: 'condition that never holds',
    mutate: (piece) =>
      conditionOf(piece) !== null && kindOf(piece.parent()) === 'if_statement' ? ['(false)'] : [],
  },
  {
    name: 'comparison at its edge, or turned round',
    mutate(piece) {
      const found = binaryOf(piece)
      const other = found === null ? undefined : edges[found.sign]
      return found === null || other === undefined
        ? []
        : [`${found.left.text()} ${other} ${found.right.text()}`]
    },
  },
  {
    name: 'one side of a condition',
    mutate(piece) {
      const found = binaryOf(piece)
      if (found === null || !['&&', '||'].includes(found.sign)) return []
      return [`(${found.left.text()})`, `(${found.right.text()})`]
    },
  },
  {
    name: 'sum turned round',
    mutate(piece) {
      const found = binaryOf(piece)
      const other = found === null ? undefined : sums[found.sign]
      if (found === null || other === undefined || isText(found.left) || isText(found.right)) return []
      return [`${found.left.text()} ${other} (${found.right.text()})`]
    },
  },
  {
    name: 'statement left out',
    mutate: (piece) =>
      kindOf(piece) === 'expression_statement' && !/^super\b/.test(piece.text()) ? [';'] : [],
  },
  {
    name: 'change of a copy forgotten',
    mutate(piece) {
      if (kindOf(piece) !== 'object') return []
      const items = itemsOf(piece)
      if (kindOf(items[0] ?? null) !== 'spread_element') return []
      return items.slice(1).map((gone) => `{ ${without(items, gone)} }`)
    },
  },
  {
    name: 'item of a list forgotten',
    mutate(piece) {
      if (kindOf(piece) !== 'array') return []
      const items = itemsOf(piece)
      return items.length < 2 ? [] : items.map((gone) => `[${without(items, gone)}]`)
    },
  },
  {
    name: 'filter left out',
    mutate(piece) {
      if (kindOf(piece) !== 'call_expression') return []
      const callee = piece.field('function')
      if (callee?.field('property')?.text() !== 'filter') return []
      return [callee.field('object')?.text() ?? ''].filter((text) => text !== '')
    },
  },
  {
    name: 'all for some, or some for all',
    mutate(piece) {
      if (kindOf(piece) !== 'property_identifier' || kindOf(piece.parent()) !== 'member_expression') return []
      const other: Readonly<Record<string, string>> = { some: 'every', every: 'some', min: 'max', max: 'min' }
      const text = other[piece.text()]
      return text === undefined ? [] : [text]
    },
  },
]
