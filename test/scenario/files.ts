/** Where the golden stories are. */
import { globSync } from 'node:fs'
import { basename, join } from 'node:path'

/** Paths of the stories whose name contains one of the words, sorted; all when there are none. */
export const storiesOf = (words: readonly string[]): readonly string[] =>
  globSync('*.txt', { cwd: import.meta.dirname })
    .filter((name) => words.length === 0 || words.some((word) => basename(name).includes(word)))
    .sort()
    .map((name) => join(import.meta.dirname, name))
