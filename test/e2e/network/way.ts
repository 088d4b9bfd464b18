/** One direction between two hosts, and how it is now: what is sent may be held back, late, or slow. Nothing is lost: it is TCP. */

export interface Weather {
  /** Nothing passes, also no beginning and no end of a connection; what is sent meanwhile arrives afterwards. */
  readonly held: boolean
  /** Everything is late by this, ms, and by up to `jitterMs` more; the order stays. */
  readonly delayMs: number
  readonly jitterMs: number
  /** All connections of this direction share it; null = no limit. */
  readonly bytesPerSecond: number | null
}

export const fairWeather: Weather = { held: false, delayMs: 0, jitterMs: 0, bytesPerSecond: null }

export interface Way {
  readonly weather: Weather
  change(weather: Partial<Weather>): void
  /** Calls `then` once, at the next change; returns what ends the waiting. */
  onChange(then: () => void): () => void
  /** So many bytes are about to pass: 0 = they may, else how long they have to wait for others, ms. */
  waitMs(bytes: number, nowMs: number): number
}

export const createWay = (): Way => {
  let weather = fairWeather
  let freeAt = 0
  const listeners = new Set<() => void>()
  return {
    get weather() {
      return weather
    },
    change(changes) {
      weather = { ...weather, ...changes }
      const told = [...listeners]
      listeners.clear()
      for (const listener of told) listener()
    },
    onChange(then) {
      listeners.add(then)
      return () => void listeners.delete(then)
    },
    waitMs(bytes, nowMs) {
      const { bytesPerSecond } = weather
      if (bytesPerSecond === null) return 0
      if (freeAt > nowMs) return freeAt - nowMs
      freeAt = nowMs + (bytes * 1_000) / bytesPerSecond
      return 0
    },
  }
}
