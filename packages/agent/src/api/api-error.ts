/** The error of a command that the agent did not answer, or refused. */
import { CodedError } from '../errors.ts'
import type { ErrorDetails } from './error-answer.ts'

/** `agent.unreachable` (nothing answers), or the code of the answer. */
export class ApiError extends CodedError {
  /** HTTP status; 0 when nothing answered. 409 = refused by a safety check. */
  readonly status: number
  readonly answer: ErrorDetails | null
  constructor(code: string, message: string, status: number, answer: ErrorDetails | null = null) {
    super(code, message)
    this.status = status
    this.answer = answer
  }
}
