/** What a command is told when the agent does not answer, or says no. */
import type { ErrorAnswer } from './answers.ts'

export class ApiError extends Error {
  /** `agent.unreachable` (nobody answers), or the code of the answer. */
  readonly code: string
  /** HTTP status; 0 when nobody answered. 409 = refused by a safety check. */
  readonly status: number
  readonly answer: ErrorAnswer['error'] | null
  constructor(code: string, message: string, status: number, answer: ErrorAnswer['error'] | null = null) {
    super(message)
    this.name = 'ApiError'
    this.code = code
    this.status = status
    this.answer = answer
  }
}
