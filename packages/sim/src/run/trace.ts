/** The trace of a run, line by line, and its hash: two runs that differ in anything differ here. */
import { createHash } from 'node:crypto'

export interface Trace {
  /** One thing that happened; the time (ms) is put before it. */
  add(nowMs: number, line: string): void
  /** SHA-256 of all lines so far, in hex. */
  hash(): string
}

/** Enough at a time that hashing costs little, little enough that a long run keeps no long text. */
const chunkLength = 65_536

/** `listener` hears every line as well, without its newline. */
export const createTrace = (listener: ((line: string) => void) | undefined): Trace => {
  const hash = createHash('sha256')
  let chunk = ''
  const flush = (): void => {
    hash.update(chunk)
    chunk = ''
  }
  return {
    add(nowMs, line) {
      const timed = `${nowMs} ${line}`
      listener?.(timed)
      chunk += `${timed}\n`
      if (chunk.length >= chunkLength) flush()
    },
    hash() {
      flush()
      return hash.copy().digest('hex')
    },
  }
}
