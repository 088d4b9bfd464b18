/**
 * An answer in virtual time. A listener hears it in the moment in which it is given, and not a turn of the event
 * loop later: so a run of the simulator is one synchronous call, and nothing in it waits for the real world.
 */
export interface Answer<T> extends PromiseLike<T> {
  /** Either of them, once; what comes later is not heard. */
  give(value: T): void
  fail(error: unknown): void
}

export const createAnswer = <T>(): Answer<T> => {
  /** Tells one that waits; null until there is something to tell. */
  let tell: ((ok: (value: T) => void, bad: (error: unknown) => void) => void) | null = null
  let waiting: (() => void)[] = []
  const settle = (how: NonNullable<typeof tell>): void => {
    if (tell !== null) return
    tell = how
    const heard = waiting
    waiting = []
    for (const hear of heard) hear()
  }
  return {
    give: (value) => settle((ok) => ok(value)),
    fail: (error) => settle((_, bad) => bad(error)),
    // biome-ignore lint/suspicious/noThenProperty: it stands where a promise stands elsewhere
    then<A = T, B = never>(
      fulfilled?: ((value: T) => A | PromiseLike<A>) | null,
      rejected?: ((error: unknown) => B | PromiseLike<B>) | null,
    ) {
      const next = createAnswer<A | B>()
      const pass = (result: A | B | PromiseLike<A | B>): void => {
        if (isThenable(result)) result.then(next.give, next.fail)
        else next.give(result)
      }
      const hear = (): void =>
        tell?.(
          (value) => pass(fulfilled ? fulfilled(value) : (value as unknown as A)),
          (error) => (rejected ? pass(rejected(error)) : next.fail(error)),
        )
      if (tell === null) waiting.push(hear)
      else hear()
      return next
    },
  }
}

const isThenable = <A>(value: A | PromiseLike<A>): value is PromiseLike<A> =>
  typeof value === 'object' && value !== null && 'then' in value

/** One that is there already. */
export const answered = <T>(value: T): Answer<T> => {
  const answer = createAnswer<T>()
  answer.give(value)
  return answer
}

export const failed = <T>(error: unknown): Answer<T> => {
  const answer = createAnswer<T>()
  answer.fail(error)
  return answer
}
