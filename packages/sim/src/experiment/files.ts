/** The files of an experiment: written whole under another name, then renamed, so that half of one is never read. */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { csv } from '@drover/agent/cli'
import type { Run, RunResult } from '../run/result.ts'
import type { Manifest } from './manifest.ts'
import { QuestionError } from './question-error.ts'

export const writeWhole = (file: string, content: string | Uint8Array): void => {
  const draft = `${file}.${process.pid}.tmp`
  try {
    writeFileSync(draft, content)
    renameSync(draft, file)
  } catch (error) {
    rmSync(draft, { force: true })
    throw new QuestionError(`${file}: cannot be written: ${(error as Error).message}`)
  }
}

/** What `--json` prints and `runs.csv` holds: all but the list, which `runs.jsonl` has. */
export type FlatResult = Omit<RunResult, 'overloadDurationsS'>

export const flat = ({ overloadDurationsS: _, ...rest }: RunResult): FlatResult => rest

export const runsCsv = (runs: readonly Run[]): string => {
  const [first] = runs
  if (first === undefined) return ''
  const columns = Object.keys(flat(first.result)) as (keyof FlatResult)[]
  return csv([columns, ...runs.map(({ result }) => columns.map((column) => result[column]))])
}

/** Step by step: Node's own `recursive` never returns where the parent exists and still cannot hold it, as in /proc. */
const make = (directory: string): void => {
  if (existsSync(directory)) return
  make(dirname(directory))
  mkdirSync(directory)
}

/** Makes the directory where it is not there. Throws `QuestionError` when it cannot be one. */
export const openDirectory = (directory: string): void => {
  try {
    make(resolve(directory))
  } catch (error) {
    throw new QuestionError(`${directory}: ${(error as Error).message}`)
  }
  if (!statSync(directory).isDirectory()) throw new QuestionError(`${directory}: is no directory`)
}

/** The manifest comes last: where it is, all is. */
export const writeResults = (directory: string, runs: readonly Run[], manifest: Manifest): void => {
  openDirectory(directory)
  writeWhole(join(directory, 'runs.jsonl'), runs.map((run) => `${JSON.stringify(run)}\n`).join(''))
  writeWhole(join(directory, 'runs.csv'), runsCsv(runs))
  writeWhole(join(directory, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`)
}

const readText = (directory: string, name: string): string => {
  try {
    return readFileSync(join(directory, name), 'utf8')
  } catch {
    throw new QuestionError(
      `${join(directory, name)}: no such file; results are made by drover sim run or compare with --out ${directory}`,
    )
  }
}

const parsed = (text: string, where: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    throw new QuestionError(`${where}: not JSON`)
  }
}

const isOurs = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && 'schemaVersion' in value && value.schemaVersion === 1

/** Throws `QuestionError` for a directory that holds no results, or those of another version. */
export const readResults = (
  directory: string,
): { readonly runs: readonly Run[]; readonly manifest: Manifest } => {
  const manifest = parsed(readText(directory, 'manifest.json'), join(directory, 'manifest.json'))
  if (!isOurs(manifest))
    throw new QuestionError(`${join(directory, 'manifest.json')}: not of schemaVersion 1`)
  const lines = readText(directory, 'runs.jsonl').split('\n')
  const runs = lines.flatMap((line, index) => {
    if (line === '') return []
    const where = `${join(directory, 'runs.jsonl')}:${index + 1}`
    const run = parsed(line, where) as Run
    if (!isOurs(run.result)) throw new QuestionError(`${where}: not a run of schemaVersion 1`)
    return [run]
  })
  if (runs.length === 0) throw new QuestionError(`${join(directory, 'runs.jsonl')}: no runs`)
  return { runs, manifest: manifest as Manifest }
}
