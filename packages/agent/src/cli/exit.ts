/** How a command ends. */
import { CodedError } from '../errors.ts'

/** Exit codes: scripts depend on them, so they never change their meaning. */
export const exitCode = {
  done: 0,
  failed: 1,
  /** Wrong usage, or an invalid configuration. */
  usage: 2,
  /** No agent answers. */
  unreachable: 3,
  /** Some hosts were silent. */
  partial: 4,
  /** Refused by a safety check; the reason code is printed. */
  refused: 5,
  timeout: 6,
  /** `status --strict`: nothing but warnings. */
  warnings: 7,
  /** `plan --detailed-exitcode`. */
  nothing: 8,
  interrupted: 130,
} as const

/** Ends a command with a message for people, and what `--json` prints instead of an answer. */
export class CliFailure extends CodedError {
  readonly exit: number
  readonly details: Readonly<Record<string, unknown>>
  constructor(exit: number, code: string, text: string, details: Readonly<Record<string, unknown>> = {}) {
    super(code, text)
    this.exit = exit
    this.details = details
  }
}
