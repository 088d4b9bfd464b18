/**
 * For facts that must hold if this code is right. On in production: a failed one stops the agent, never a VM. In a loop `fact` is a
 * function: its words are then made only when it does not hold.
 */
export function assert(condition: boolean, fact: string | (() => string)): asserts condition {
  if (!condition) throw new Error(`assertion failed: ${typeof fact === 'string' ? fact : fact()}`)
}

/** Ends every `switch` over a union: a new kind that was forgotten does not type-check. */
export const assertNever = (value: never): never => {
  throw new Error(`assertion failed: unreachable ${JSON.stringify(value)}`)
}
