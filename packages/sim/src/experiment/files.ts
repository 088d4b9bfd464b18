/** The files of an experiment: written whole under another name, then renamed, so that half of one is never read. */
import { existsSync, mkdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { csv } from '@drover/agent/cli'
import { GivenError, parseGivenJson, readGivenText } from '@drover/agent/runtime'
import type { z } from 'zod'
import type { Run, RunResult } from '../run/result.ts'
import type { Manifest } from './manifest.ts'
import { QuestionError } from './question-error.ts'
import { manifestSchema, runSchema } from './results-schema.ts'

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
    return readGivenText(join(directory, name))
  } catch (error) {
    if (!(error instanceof GivenError)) throw error
    throw new QuestionError(
      `${error.message}; results are made by drover sim run or compare with --out ${directory}`,
    )
  }
}

/** Throws `QuestionError` that names the first thing which is not as drover writes it. */
const parsed = <T>(schema: z.ZodType<T>, text: string, where: string): T => {
  try {
    const read = schema.safeParse(parseGivenJson(where, Buffer.from(text)))
    if (read.success) return read.data
    const [issue] = read.error.issues
    const at = issue?.path.join('.') ?? ''
    throw new QuestionError(
      at.endsWith('schemaVersion')
        ? `${where}: not of schemaVersion 1`
        : `${where}: ${at === '' ? 'not what drover sim writes' : `${at}: ${issue?.message ?? ''}`}`,
    )
  } catch (error) {
    throw error instanceof GivenError ? new QuestionError(error.message) : error
  }
}

/** Throws `QuestionError` for a directory that holds no results, or those of another version. */
export const readResults = (
  directory: string,
): { readonly runs: readonly Run[]; readonly manifest: Manifest } => {
  const manifest = parsed(
    manifestSchema,
    readText(directory, 'manifest.json'),
    join(directory, 'manifest.json'),
  )
  const lines = readText(directory, 'runs.jsonl').split('\n')
  const runs = lines.flatMap((line, index) => {
    if (line === '') return []
    return [parsed(runSchema, line, `${join(directory, 'runs.jsonl')}:${index + 1}`)]
  })
  if (runs.length === 0) throw new QuestionError(`${join(directory, 'runs.jsonl')}: no runs`)
  return { runs, manifest }
}
