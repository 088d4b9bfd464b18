/** The small file system that one agent keeps its data on: it can be full, and it can lose files. */
import { execFileSync } from 'node:child_process'
import { closeSync, mkdirSync, openSync, readdirSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'

const sizeMiB = 24
const ballast = 'ballast'

export interface Disk {
  readonly path: string
  /** Not one byte is left, until `free`. */
  fill(): void
  free(): void
  readonly full: boolean
  /** It is full, or was so at that time or later, on the clock of `performance.now`. */
  fullSince(atMs: number): boolean
  /** All but the identity is gone. */
  forget(): void
}

/** Writes until nothing fits any more, in smaller and smaller pieces. */
const writeToTheBrim = (file: number): void => {
  for (let piece = 1_048_576; piece >= 512; piece /= 2) {
    const bytes = Buffer.alloc(piece, 1)
    try {
      for (;;) if (writeSync(file, bytes) < piece) break
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error
    }
  }
}

/** Throws when it cannot be mounted. */
export const mountDisk = (path: string): Disk => {
  mkdirSync(path, { recursive: true })
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${sizeMiB}m,mode=0700`, 'tmpfs', path])
  const file = join(path, ballast)
  let full = false
  let freedAt = Number.NEGATIVE_INFINITY
  return {
    path,
    fill() {
      full = true
      const opened = openSync(file, 'a')
      writeToTheBrim(opened)
      closeSync(opened)
    },
    free() {
      if (full) freedAt = performance.now()
      full = false
      rmSync(file, { force: true })
    },
    get full() {
      return full
    },
    fullSince: (atMs) => full || freedAt >= atMs,
    forget() {
      for (const name of readdirSync(path))
        if (name !== 'identity.key' && name !== ballast) rmSync(join(path, name), { recursive: true })
    },
  }
}
