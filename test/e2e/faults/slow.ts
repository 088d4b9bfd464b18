/** Links between agents that are late, slow, or clogged: held back, and then all at once. And connections that are reset. */
import type { Weather } from '../network/way.ts'
import { fairWeather } from '../network/way.ts'
import { durationOf, type Fault, type FaultKind, pairOf, secondsOf } from './fault.ts'

const bad = (
  what: string,
  [from, to]: readonly [number, number],
  weather: Partial<Weather>,
  forMs: number,
): Fault => ({
  what,
  words: `${what}: h${from}→h${to} ${JSON.stringify(weather)} for ${secondsOf(forMs)}`,
  strike(run) {
    const way = run.proxies.way(from, to)
    if (way.weather.held) return false
    way.change(weather)
    run.later(forMs, () => {
      const { delayMs, jitterMs, bytesPerSecond } = fairWeather
      way.change(weather.held === true ? { held: false } : { delayMs, jitterMs, bytesPerSecond })
    })
    return true
  },
})

export const slow: FaultKind = {
  name: 'slow',
  draw(draw, hosts) {
    const pair = pairOf(draw, hosts)
    const forMs = durationOf(draw, 1_000, 20_000)
    switch (draw.integer(0, 3)) {
      case 0:
        return bad(
          'late link',
          pair,
          { delayMs: draw.integer(30, 400), jitterMs: draw.integer(0, 400) },
          forMs,
        )
      case 1:
        return bad('slow link', pair, { bytesPerSecond: draw.integer(2_000, 50_000) }, forMs)
      case 2:
        return bad('clogged link', pair, { held: true }, durationOf(draw, 200, 5_000))
      default:
        return {
          what: 'connections reset',
          words: `connections reset: h${pair[0]} h${pair[1]}`,
          strike: (run) => run.proxies.reset(...pair) > 0,
        }
    }
  },
}
