/** The files in a tar archive, plain or gzipped. */

import { wordsOf } from '@drover/agent/runtime'
import { Parser } from 'tar/parse'
import { FileError, readBytes } from './csv.ts'

export interface TarFile {
  /** With its folders, as the archive says it. */
  readonly name: string
  readonly content: Buffer
}

const fileTypes: ReadonlySet<string> = new Set(['File', 'OldFile', 'ContiguousFile'])

/** Regular files only, in the order of the archive. Throws FileError on what cannot be read rightly. */
export const readTar = (path: string): readonly TarFile[] => {
  const files: TarFile[] = []
  let failure: FileError | null = null
  const parser = new Parser({
    // A wrong checksum or a missing byte is an error, not a warning.
    strict: true,
    onReadEntry(entry) {
      const name = entry.path
      if (!fileTypes.has(entry.type) && entry.type !== 'Directory')
        failure ??= new FileError(`${path}: ${name}: a ${entry.type} cannot be read here, only files`)
      const parts: Buffer[] = []
      entry.on('data', (part) => parts.push(part))
      entry.on('end', () => {
        if (fileTypes.has(entry.type)) files.push({ name, content: Buffer.concat(parts) })
      })
    },
  })
  parser.on('error', (error) => {
    failure ??= new FileError(`${path}: not a whole tar archive: ${wordsOf(error)}`)
  })
  // All bytes are there, so that everything has been told when this returns.
  parser.end(readBytes(path))
  if (failure !== null) throw failure
  return files
}
