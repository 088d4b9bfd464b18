/**
 * A port whose answers may be there at once. Of an answer the agent uses only `then`. So a whole run in virtual time can be
 * one synchronous call; and a promise is an answer, too.
 */
export type Immediate<Port> = {
  readonly [K in keyof Port]: Port[K] extends (...args: infer Args) => Promise<infer Value>
    ? (...args: Args) => PromiseLike<Value>
    : Port[K]
}

/** Calls now. What the port throws instead of rejecting becomes a rejection, so that callers have one way to fail. */
export const begin = <T>(call: () => PromiseLike<T>): PromiseLike<T> => {
  try {
    return call()
  } catch (error) {
    return Promise.reject(error)
  }
}
