/**
 * Finds what a core does late: a condition that time alone makes true, and whose time is not in the core's next wake. Beside each core runs
 * a twin with the same inputs at the same times, which is also asked in between whether anything is to be done. Nothing may follow
 * from that, and the twins may never differ, in anything but when they want to be asked again.
 */
import { isDeepStrictEqual } from 'node:util'
import { createPeer, type Effect, type Instant, type Peer, type PeerInit } from '@drover/protocol'

/** How often the twin is asked, ms, and the most questions between two inputs. */
const everyMs = 250
const timesMax = 400

export interface HastyTwins {
  /** Makes a core and its twin; what it says is the core's own. */
  readonly core: (init: PeerInit) => Peer
  /** What a twin did sooner, or else, one line for each; at most `max`. */
  readonly found: readonly string[]
}

const but = (effects: readonly Effect[]): readonly Effect[] => effects.filter(({ kind }) => kind !== 'wake')

const wordsOf = (effects: readonly Effect[]): string =>
  effects.map((effect) => JSON.stringify(effect).slice(0, 160)).join('; ') || 'nothing'

export const hastyTwins = (make: (init: PeerInit) => Peer = createPeer, max = 20): HastyTwins => {
  const found: string[] = []
  const core = (init: PeerInit): Peer => {
    const peer = make(init)
    const twin = make(init)
    let last: Instant | null = null
    /** What is due then may be late: its process may stand still. */
    let wakeAt: Instant = 0
    let differs = false
    const differ = (at: Instant, words: string): void => {
      differs = true
      if (found.length < max) found.push(`${init.host} ${(at / 1_000).toFixed(3)} ${words}`)
    }
    const askBetween = (from: Instant, to: Instant): void => {
      const stepMs = Math.max(everyMs, (to - from) / timesMax)
      for (let at = from + stepMs; at < to && !differs; at += stepMs) {
        const early = but(twin.step(at, { kind: 'tick' }))
        if (early.length > 0) differ(at, `is done only when asked: ${wordsOf(early)}`)
      }
    }
    return {
      ...peer,
      step(now, input) {
        if (!differs && last !== null && Number.isFinite(now)) askBetween(last, Math.min(now, wakeAt))
        last = now
        const effects = peer.step(now, input)
        for (const effect of effects) if (effect.kind === 'wake') wakeAt = effect.at
        if (differs) return effects
        const others = twin.step(now, input)
        if (!isDeepStrictEqual(but(effects), but(others)))
          differ(
            now,
            `after ${input.kind}: ${wordsOf(but(effects))}, and of its twin: ${wordsOf(but(others))}`,
          )
        return effects
      },
    }
  }
  return { core, found }
}
