/**
 * The event loop of one agent. Inputs are worked on one at a time, in the order in which they came. The effects of each are
 * carried out in their order. The loop is synchronous: it awaits no work that takes long; the end of such work is an input of
 * its own. A record is on disk before the message behind it is sent, because `append` returns only then.
 */
import type { Effect, Input, Instant, Peer } from '@drover/protocol'
import { type Clock, instantOf } from './clock.ts'

export interface Loop {
  /** Ignored once the loop has ended. */
  feed(input: Input): void
  /** The same, before all inputs that wait: they are not worked on without it. */
  feedNext(input: Input): void
  /** Nothing is stepped any more; the timer is gone. */
  end(): void
  readonly ended: boolean
  /** Inputs that wait to be worked on. */
  readonly waiting: number
}

export interface LoopInit {
  readonly peer: Pick<Peer, 'step'>
  readonly clock: Clock
  /** All effects of one step but `wake`, which is the loop's own. */
  readonly carryOut: (effects: readonly Effect[]) => void
  /** An assertion failed in the core, or an effect could not be carried out at all. The loop has ended. */
  readonly fatal: (error: unknown, input: Input) => void
}

/**
 * While one input is worked on, its effects may bring others, a few each. More means that the core feeds itself without end
 * (S14).
 */
const queueMax = 10_000
/** No timer waits longer than this, ms: Node's own limit is 2^31, and an early look at the clock costs nothing. */
const timerMsMax = 86_400_000

export const createLoop = ({ peer, clock, carryOut, fatal }: LoopInit): Loop => {
  const queue: Input[] = []
  let draining = false
  let ended = false
  let wakeAt: Instant | null = null
  /** When the one timer fires. That may be too early: most wakes are put off before their time comes. */
  let timerAt: Instant | null = null
  let cancelTimer = (): void => {}

  const end = (): void => {
    ended = true
    queue.length = 0
    cancelTimer()
  }

  const onTimer = (): void => {
    timerAt = null
    if (wakeAt !== null && instantOf(clock) < wakeAt) return arm()
    wakeAt = null
    feed({ kind: 'tick' })
  }

  const arm = (): void => {
    if (wakeAt === null || ended || (timerAt !== null && timerAt <= wakeAt)) return
    cancelTimer()
    timerAt = wakeAt
    cancelTimer = clock.after(Math.min(Math.max(wakeAt - clock.now(), 0), timerMsMax), onTimer)
  }

  const work = (input: Input): void => {
    try {
      const effects = peer.step(instantOf(clock), input)
      carryOut(effects)
      const wake = effects.findLast((effect) => effect.kind === 'wake')
      if (wake === undefined) return
      wakeAt = wake.at
      arm()
    } catch (error) {
      end()
      fatal(error, input)
    }
  }

  const put = (input: Input, at: 'first' | 'last'): void => {
    if (ended) return
    if (queue.length >= queueMax) {
      end()
      return fatal(new Error(`more than ${queueMax} inputs wait`), input)
    }
    if (at === 'first') queue.unshift(input)
    else queue.push(input)
    if (draining) return
    draining = true
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) work(next)
    draining = false
  }
  const feed = (input: Input): void => put(input, 'last')

  return {
    feed,
    feedNext: (input) => put(input, 'first'),
    end,
    get ended() {
      return ended
    },
    get waiting() {
      return queue.length
    },
  }
}
