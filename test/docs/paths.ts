/** Files and folders of the repository, under the names that pages and comments give them. */
import { globSync } from 'node:fs'
import { join, sep } from 'node:path'

export const root = join(import.meta.dirname, '../..')

export const find = (patterns: readonly string[]): readonly string[] =>
  globSync([...patterns], { cwd: root, exclude: ['**/node_modules/**'] })
    .map((path) => path.split(sep).join('/'))
    .sort()

const files = find(['*', 'docs/**/*', 'examples/*', 'packages/**/*', 'packaging/*', 'test/**/*', 'bench/*'])

/** `protocol/data/io.ts` is short for the file in that package's `src`. */
const shortOf = (path: string): string => path.replace(/^packages\/([^/]+)\/src(?=\/|$)/, '$1')

/** All endings of all paths, so that `data/io.ts` and `io.ts` are found, too. */
const endings = new Set(
  files.flatMap((path) => [shortOf(path), ...path.split('/').map((_, i, parts) => parts.slice(i).join('/'))]),
)

/** Is there a file or folder of this name, or one whose path ends so? */
export const stands = (path: string): boolean => endings.has(path.replace(/\/$/, ''))
