/** What was measured so far, one fault a line: an interrupted run goes on where it was. */
import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import type { Measured } from './measured.ts'

/** The last line may be cut off; of two of one fault the later one counts. */
export const readMeasured = (path: string): readonly Measured[] => {
  if (!existsSync(path)) return []
  const all = new Map<string, Measured>()
  for (const line of readFileSync(path, 'utf8').split('\n')) {
    const one = parsed(line)
    if (one !== null) all.set(one.fault, one)
  }
  return [...all.values()]
}

const parsed = (line: string): Measured | null => {
  if (line.trim() === '') return null
  try {
    return JSON.parse(line)
  } catch {
    return null
  }
}

export const keepMeasured = (path: string, one: Measured): void => {
  const cutOff = existsSync(path) && !/(?:^|\n)$/.test(readFileSync(path, 'utf8'))
  appendFileSync(path, `${cutOff ? '\n' : ''}${JSON.stringify(one)}\n`)
}
