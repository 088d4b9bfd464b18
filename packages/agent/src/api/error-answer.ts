/** What the local API answers instead of a success: the server writes it, the client checks it. */
import * as z from 'zod'

/** A VM in the way of a drain, and the reason code why it stays. */
const blocker = z.object({ vm: z.string(), name: z.string(), code: z.string() })

/** Loose: an agent may be newer than the command, and say more. */
export const errorAnswer = z.looseObject({
  error: z.looseObject({
    /** A reason code when a safety check refused (HTTP 409); else `request.invalid`, `request.unknown`, `agent.timeout` … */
    code: z.string(),
    text: z.string(),
    blockers: z.array(blocker).optional(),
    /** What an ambiguous name may have meant. */
    matches: z.array(z.string()).optional(),
  }),
})

export type Blocker = z.output<typeof blocker>
export type ErrorDetails = z.output<typeof errorAnswer>['error']

/** An answer that is not a success; thrown inside handlers. */
export class ApiFailure extends Error {
  readonly status: 400 | 404 | 409 | 503
  readonly details: ErrorDetails
  constructor(status: ApiFailure['status'], details: ErrorDetails) {
    super(details.text)
    this.status = status
    this.details = details
  }
}

export const invalid = (text: string): ApiFailure => new ApiFailure(400, { code: 'request.invalid', text })
