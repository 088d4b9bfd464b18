/** What errors of this repository have in common. */

/**
 * An error that a program tells from others by its code, a stable word like `journal.full`. The message is for people.
 * Each subclass says in its own words what its codes mean.
 */
export abstract class CodedError<Code extends string = string> extends Error {
  readonly code: Code
  constructor(code: Code, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = new.target.name
    this.code = code
  }
}

/** One line for people, whatever was thrown. */
export const wordsOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/** With the stack, for a bug report. */
export const stackOf = (error: unknown): string =>
  error instanceof Error ? (error.stack ?? error.message) : String(error)

/** For interfaces that want an `Error`. */
export const errorOf = (thrown: unknown): Error =>
  thrown instanceof Error ? thrown : new Error(String(thrown))

/** The operating system's code, such as `ENOENT`; undefined where the error has none. */
export const systemCodeOf = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
