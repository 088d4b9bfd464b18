/**
 * Faults that were not chosen: drawn from all that the mutation operators can do to the code that decides. Those that people sow
 * show what they thought of; the share of drawn ones that the suites find is an estimate for faults that were not thought of.
 */
import { globSync, readFileSync } from 'node:fs'
import { join, sep } from 'node:path'
import { Lang, parse } from '@ast-grep/napi'
import { type Random, randomOf } from '../../../packages/sim/src/random.ts'
import type { DrawnFault, SpanEdit } from '../sown-fault.ts'
import { operators, type Piece } from './operators.ts'

const packages = join(import.meta.dirname, '../../../packages')

/** What decides and what carries out, as far as the swarm runs it. Words, examples and tests are not in it. */
const code = [
  'protocol/src/{actions,data,detect,lifecycle,migration,partition,peer,ring,snapshot}/**/*.ts',
  'protocol/src/peer.ts',
  'agent/src/{loop,effects,hypervisor-effects,inbound,outbound,observation,poller,persist,agent-lifecycle}.ts',
  'agent/src/journal/state.ts',
]
const notCode = [
  '**/*.test.ts',
  '**/testing/**',
  '**/*-invariants.*',
  '**/example.ts',
  '**/reasons.ts',
  '**/node_modules/**',
]

export interface Mutant extends SpanEdit {
  /** From 1 on. */
  readonly line: number
  readonly operator: string
}

/** What is asserted, thrown or said in words changes no decision. */
const isSaid = (piece: Piece): boolean => {
  const kind = String(piece.kind())
  if (['throw_statement', 'template_string', 'import_statement'].includes(kind)) return true
  return ['expression_statement', 'call_expression'].includes(kind) && /^(?:assert|log)\(/.test(piece.text())
}

/** All that the operators can do to one file, in the order of the text. */
export const mutantsOf = (file: string, text: string): readonly Mutant[] => {
  const found: Mutant[] = []
  /** `around`: the next declaration that has a name. */
  const visit = (piece: Piece, around: string): void => {
    if (isSaid(piece)) return
    const inside = (piece.field('name') ?? piece.field('key'))?.text() ?? around
    const { start, end } = piece.range()
    for (const { name, mutate } of operators)
      for (const replacement of mutate(piece)) {
        const span = { start: start.index, end: end.index, text: piece.text() }
        found.push({ file, inside, span, replacement, line: start.line + 1, operator: name })
      }
    for (const child of piece.children()) visit(child, inside)
  }
  visit(parse(Lang.TypeScript, text).root(), '')
  return found
}

const short = (text: string): string => {
  const flat = text.replace(/\s+/g, ' ')
  return flat.length <= 90 ? flat : `${flat.slice(0, 60)} … ${flat.slice(-25)}`
}

const faultOfMutant = (id: string, mutant: Mutant): DrawnFault => {
  const { file, line, operator, inside, span, replacement } = mutant
  return {
    ...{ file, inside, span, replacement },
    id,
    name: `${file}:${line} in ${inside}: ${operator}: ${short(span.text)} → ${short(replacement)}`,
    breaks: [],
    line: 'drawn',
  }
}

/** The files that have code, with the number of their characters, in one order on every machine. */
let known: readonly { readonly file: string; readonly text: string }[] | null = null

const filesOfCode = (): NonNullable<typeof known> => {
  known ??= globSync(code, { cwd: packages, exclude: notCode })
    .map((path) => path.split(sep).join('/'))
    .sort()
    .map((file) => ({ file, text: readFileSync(join(packages, file), 'utf8') }))
  return known
}

/** A file, as likely as it is long: to look for all mutants of all files takes ten seconds, of one file no time. */
const pickFile = (draw: Random): { readonly file: string; readonly text: string } => {
  const files = filesOfCode()
  let left = draw.integer(0, files.reduce((sum, { text }) => sum + text.length, 0) - 1)
  for (const one of files) {
    if (left < one.text.length) return one
    left -= one.text.length
  }
  throw new Error('there is no code to sow a fault in')
}

/** `mutant-SEED-INDEX`: the same one as long as the code is the same. Null: that is no such name. */
export const mutantOf = (id: string): DrawnFault | null => {
  const [, seed, index] = /^mutant-(\d+)-(\d+)$/.exec(id) ?? []
  if (seed === undefined || index === undefined) return null
  const draw = randomOf(Number(seed), 'mutant', Number(index))
  for (;;) {
    const { file, text } = pickFile(draw)
    const mutants = mutantsOf(file, text)
    if (mutants.length > 0) return faultOfMutant(id, draw.pick(mutants))
  }
}

/** Each is drawn from all, so one may come twice: then it is there once. */
export const drawMutants = (seed: number, count: number): readonly DrawnFault[] => {
  const drawn = new Map<string, DrawnFault>()
  for (let index = 0; index < count; index++) {
    const fault = mutantOf(`mutant-${seed}-${index}`)
    if (fault !== null && !drawn.has(fault.name)) drawn.set(fault.name, fault)
  }
  return [...drawn.values()]
}
