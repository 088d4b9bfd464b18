/** Everything a command touches outside itself, so that tests can run commands in their own process. */
import { styleText } from 'node:util'
import { endWithReader } from './closed-pipe.ts'

export interface Io {
  /** Data. */
  out(text: string): void
  /** Talk. */
  err(text: string): void
  readonly env: Readonly<Record<string, string | undefined>>
  /** True when stdout is a terminal that wants colour. */
  readonly colour: boolean
  /** Width of the terminal that stderr is; null where it is none. */
  readonly columns: number | null
  /** Ctrl-C. Returns the function that stops listening. */
  onInterrupt(listener: () => void): () => void
  nowWallMs(): number
  /** How often a waiting command looks again, ms. */
  readonly pollMs: number
}

export const processIo = (): Io => {
  endWithReader()
  return {
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    env: process.env,
    colour:
      process.stdout.isTTY === true &&
      (process.env['NO_COLOR'] ?? '') === '' &&
      process.env['TERM'] !== 'dumb',
    columns: process.stderr.isTTY === true ? (process.stderr.columns ?? 80) : null,
    onInterrupt: (listener) => {
      process.on('SIGINT', listener)
      return () => process.off('SIGINT', listener)
    },
    nowWallMs: () => Date.now(),
    pollMs: 500,
  }
}

export type Colour = 'red' | 'yellow' | 'green' | 'dim' | 'bold'
export type Paint = (colour: Colour, text: string) => string

export const painter =
  (io: Io): Paint =>
  (colour, text) =>
    io.colour ? styleText(colour, text, { validateStream: false }) : text

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

export const printJson = (io: Io, value: unknown): void => io.out(`${JSON.stringify(value, null, 2)}\n`)
