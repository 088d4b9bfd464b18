/** What a sown fault is: a place in the code, found in its syntax tree, and what stands there instead. */

/** What drover promises (docs/architecture.md, Promises). */
export type PromiseCode =
  | `S${1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10 | 11 | 12 | 13 | 14 | 15}`
  | `Q${1 | 2 | 3}`
  | `L${1 | 2 | 3 | 4 | 5 | 6}`

const codes = (letter: 'S' | 'Q' | 'L', count: number): readonly PromiseCode[] =>
  Array.from({ length: count }, (_, i) => `${letter}${i + 1}` as PromiseCode)

export const promises: readonly PromiseCode[] = [...codes('S', 15), ...codes('Q', 3), ...codes('L', 6)]

/** A pattern of ast-grep: code with `$NAME` for one node and `$$$NAME` for any number of nodes. */
export type Pattern =
  | string
  /** `code`: a larger piece that parses alone. `kind`: of the node in it that is looked for. */
  | { readonly code: string; readonly kind: string }

interface Place {
  /** Below packages/. */
  readonly file: string
  /** The function, method or constant in which the place is. */
  readonly inside: string
  /** With the same names as the pattern; '' = the place is deleted. */
  readonly replacement: string
}

export interface PatternEdit extends Place {
  readonly pattern: Pattern
}

/** A place by its offset, for faults that a program finds: good for this text of the file only. */
export interface SpanEdit extends Place {
  /** UTF-16 units; `text` has to stand there. */
  readonly span: { readonly start: number; readonly end: number; readonly text: string }
}

export type Edit = PatternEdit | SpanEdit

/** A fault that people thought of. */
export interface SownFault extends PatternEdit {
  /** Short, for the command line: `m7`, `d3`, `T9.1`, or a word or two. */
  readonly id: string
  /** What is wrong, as one would say it of the code. */
  readonly name: string
  /** The promises that it breaks, when it comes to that. */
  readonly breaks: readonly [PromiseCode, ...PromiseCode[]]
  /**
   * `first`: nothing else stands between this fault and a broken promise; the swarm has to find it. `second`: it shows only when
   * another line of defence has failed before, or when a peer lies, which the swarm's model rules out.
   */
  readonly line: 'first' | 'second'
  /**
   * Kinds of fault of the swarm (`test/swarm/kinds`) without which it does not show, or hardly ever. A search passes over the seeds
   * that lack one; it counts them all the same, so that what it says is never less than what a search of all seeds would need.
   */
  readonly needs?: readonly [string, ...string[]]
  /** Sown together with it: a second line of defence that would hide it. */
  readonly also?: readonly PatternEdit[]
}

/** A mutant that was drawn (`mutants/`). What it breaks is not known: it may even change nothing that matters. */
export interface DrawnFault extends SpanEdit {
  /** `mutant-SEED-INDEX` */
  readonly id: string
  /** Its place, its operator, and the code before and after. */
  readonly name: string
  readonly breaks: readonly []
  readonly line: 'drawn'
  readonly needs?: undefined
  readonly also?: undefined
}

export type Fault = SownFault | DrawnFault

export const patternsOf = (fault: SownFault): readonly PatternEdit[] => [fault, ...(fault.also ?? [])]

export const editsOf = (fault: Fault): readonly Edit[] => [fault, ...(fault.also ?? [])]
