/** The network between cores in virtual time: latency, and the weather that a story asks for; cuts are whole links. */
import type { HostId } from '../../packages/protocol/src/index.ts'
import type { ManualClock } from '../../packages/sim/src/clock.ts'
import type { Random } from '../../packages/sim/src/random.ts'
import type { Weather } from './cluster.ts'

export interface Network {
  readonly weather: Weather
  /** Calls `arrive` once, twice or never, later; a cut that exists by then swallows it. */
  deliver(from: HostId, to: HostId, arrive: () => void): void
  cut(a: HostId, b: HostId): void
  heal(): void
}

export const createNetwork = (clock: ManualClock, random: Random, latencyMs: number): Network => {
  const weather: Weather = { drop: 0, duplicate: 0, jitterMs: 0 }
  const cuts = new Set<string>()
  const pair = (a: HostId, b: HostId) => (a < b ? `${a}|${b}` : `${b}|${a}`)
  return {
    weather,
    deliver(from, to, arrive) {
      if (random.chance(weather.drop)) return
      const copies = random.chance(weather.duplicate) ? 2 : 1
      for (let i = 0; i < copies; i++)
        clock.after(latencyMs + random.fraction() * weather.jitterMs, () => {
          if (!cuts.has(pair(from, to))) arrive()
        })
    },
    cut: (a, b) => void cuts.add(pair(a, b)),
    heal: () => cuts.clear(),
  }
}
