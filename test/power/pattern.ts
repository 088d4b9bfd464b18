/**
 * Finds the place of a fault in a syntax tree, and sows it. White space, line breaks and comments do not count, so that a fault
 * survives a new format of the code.
 */
import { Lang, parse } from '@ast-grep/napi'
import type { Edit, Pattern, PatternEdit } from './sown-fault.ts'

/** A piece of the syntax tree. */
type Piece = ReturnType<ReturnType<typeof parse>['root']>

/** A declaration of this name: a function, a method, a constant, a property of an object. */
const isNamed = (piece: Piece, name: string): boolean =>
  (piece.field('name') ?? piece.field('key'))?.text() === name

const ruleOf = (pattern: Pattern) =>
  typeof pattern === 'string' ? pattern : { context: pattern.code, selector: pattern.kind }

const found = ({ inside, pattern }: PatternEdit, text: string): readonly Piece[] =>
  parse(Lang.TypeScript, text)
    .root()
    .findAll({ rule: { pattern: ruleOf(pattern) } })
    .filter((place) => place.ancestors().some((piece) => isNamed(piece, inside)))

/** How often the fault could be sown into this text: it has to be once. */
export const placesOf = (edit: PatternEdit, text: string): number => found(edit, text).length

/** `$$$NAME` and `$NAME` of the replacement are what the pattern found under that name. */
const filled = (replacement: string, place: Piece, text: string): string =>
  replacement
    .replace(/\$\$\$([A-Z]+)/g, (_, name: string) => {
      const pieces = place.getMultipleMatches(name)
      const [first, last] = [pieces[0], pieces.at(-1)]
      if (first === undefined || last === undefined) return ''
      return text.slice(first.range().start.index, last.range().end.index)
    })
    .replace(/\$([A-Z]+)/g, (all, name: string) => place.getMatch(name)?.text() ?? all)

/** The text with the fault. Throws when it has not its one place there. */
export const sow = (edit: Edit, text: string): string => {
  if ('span' in edit) {
    const { start, end, text: before } = edit.span
    if (text.slice(start, end) !== before) throw new Error(`no places in ${edit.file}: it is another text`)
    return text.slice(0, start) + edit.replacement + text.slice(end)
  }
  const places = found(edit, text)
  const [place] = places
  if (place === undefined || places.length !== 1)
    throw new Error(`${places.length} places in ${edit.file}, ${edit.inside}: one was expected`)
  const { start, end } = place.range()
  return text.slice(0, start.index) + filled(edit.replacement, place, text) + text.slice(end.index)
}

/** Sows all edits of one file, one after the other. */
export const sowAll = (edits: readonly Edit[], text: string): string =>
  edits.reduce((sown, edit) => sow(edit, sown), text)
