/** For facts that must hold if this code is right. On in production: a failed one stops the agent, never a VM. */
export function assert(condition: boolean, fact: string): asserts condition {
  if (!condition) throw new Error(`assertion failed: ${fact}`)
}

/** Ends every `switch` over a union: a new kind that was forgotten does not type-check. */
export const assertNever = (value: never): never => {
  throw new Error(`assertion failed: unreachable ${JSON.stringify(value)}`)
}
