/**
 * The one model of a network, without I/O and without a clock: told that a message is sent, it says when its copies
 * arrive. All that carry messages keep to it: agents in virtual time, the simulator, and the harness around real
 * sockets. Ends are numbered. Each concern draws from a stream of its own, so that taking one fault away shifts no other.
 */
import type { Random } from '../random.ts'

/** What happens to messages on every link. May be changed while messages are on their way. */
export interface Weather {
  /** What each message takes, ms; and up to how much more. */
  latencyMs: number
  jitterMs: number
  /** The probability that a message is lost. */
  drop: number
  /** The probability that it comes twice, and how much later the second copy may come, ms: an old message again. */
  duplicate: number
  replayMs: number
  /** The probability that a message does not wait for those sent before it on its link. 0 = as on one TCP connection. */
  reorder: number
}

export interface Network {
  readonly weather: Weather
  /** When the copies of a message sent now arrive, ms, cuts aside; none = it is lost. */
  arrivals(nowMs: number, from: number, to: number): readonly number[]
  /** Is there no cut from one to the other? Ask when a message is sent, and again when it arrives. */
  passes(from: number, to: number): boolean
  /** The same for what third ends pass on, as gossip: over any of these. */
  reaches(from: number, to: number, over: () => readonly number[]): boolean
  /** `oneWay`: only what `a` says to `b` is lost. */
  cut(a: number, b: number, options?: { readonly oneWay?: boolean }): void
  /** What `from` says to `to` waits until then, and arrives at once. Against the belief that silence is a death. */
  clog(from: number, to: number, untilMs: number): void
  /** Is what the one says to the other held back now? */
  isClogged(from: number, to: number, nowMs: number): boolean
  /** All cuts and clogs, or those between these two. What was held back is for its carrier to deliver now. */
  heal(a?: number, b?: number): void
}

export interface NetworkInit {
  /** A stream of randomness per concern: `wire` (delay), `drop`, `duplicate`, `reorder`. */
  readonly random: (concern: string) => Random
  readonly weather?: Partial<Weather>
}

const calm: Weather = { latencyMs: 1, jitterMs: 0, drop: 0, duplicate: 0, replayMs: 0, reorder: 0 }

/** One number per ordered pair: ends are counted from 0, and there are fewer than a million. */
const linkOf = (from: number, to: number): number => from * 0x10_0000 + to

export const createNetwork = ({ random, weather: given = {} }: NetworkInit): Network => {
  const weather: Weather = { ...calm, ...given }
  const [delays, drops, duplicates, reorders] = ['wire', 'drop', 'duplicate', 'reorder'].map(random) as [
    Random,
    Random,
    Random,
    Random,
  ]
  const cuts = new Set<number>()
  const clogs = new Map<number, number>()
  /** When the last message of each link arrives. */
  const lastAt = new Map<number, number>()
  const hits = (from: Random, probability: number): boolean => probability > 0 && from.chance(probability)

  const passes = (from: number, to: number): boolean => cuts.size === 0 || !cuts.has(linkOf(from, to))

  const arrivals = (nowMs: number, from: number, to: number): readonly number[] => {
    if (hits(drops, weather.drop)) return []
    const link = linkOf(from, to)
    const soonest = nowMs + weather.latencyMs + delays.fraction() * weather.jitterMs
    const clogged = Math.max(soonest, clogs.get(link) ?? 0)
    const last = hits(reorders, weather.reorder) ? 0 : (lastAt.get(link) ?? 0)
    const at = Math.max(clogged, last)
    lastAt.set(link, Math.max(at, lastAt.get(link) ?? 0))
    if (!hits(duplicates, weather.duplicate)) return [at]
    return [at, at + duplicates.fraction() * Math.max(weather.replayMs, weather.jitterMs)]
  }

  const reaches = (from: number, to: number, over: () => readonly number[]): boolean => {
    if (passes(from, to)) return true
    const others = over()
    const seen = new Set([from])
    const frontier = [from]
    for (let at = frontier.pop(); at !== undefined; at = frontier.pop())
      for (const next of others) {
        if (seen.has(next) || !passes(at, next)) continue
        if (next === to) return true
        seen.add(next)
        frontier.push(next)
      }
    return false
  }

  return {
    weather,
    arrivals,
    passes,
    reaches,
    cut(a, b, { oneWay = false } = {}) {
      cuts.add(linkOf(a, b))
      if (!oneWay) cuts.add(linkOf(b, a))
    },
    clog: (from, to, untilMs) => void clogs.set(linkOf(from, to), untilMs),
    isClogged: (from, to, nowMs) => (clogs.get(linkOf(from, to)) ?? 0) > nowMs,
    heal(a, b) {
      const links = a === undefined || b === undefined ? null : [linkOf(a, b), linkOf(b, a)]
      for (const link of links ?? [...cuts]) cuts.delete(link)
      // No message waits behind those that were held back.
      for (const link of links ?? [...clogs.keys()]) if (clogs.delete(link)) lastAt.delete(link)
    },
  }
}
