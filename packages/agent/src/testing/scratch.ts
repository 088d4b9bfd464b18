/** A directory for the tests of one file, removed at their end. In memory where the system has such a place. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'

/** Returns what names a new path at each call. */
export const scratchPaths = (): (() => string) => {
  const root = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'drover-test-'))
  after(() => rmSync(root, { recursive: true, force: true }))
  let count = 0
  return () => join(root, String(++count))
}
