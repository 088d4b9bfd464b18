/** Links between agents are cut: both ways or one, two hosts, one from all others, or the cluster in two. */
import type { Random } from '../../../packages/sim/src/random.ts'
import type { Run } from '../run.ts'
import { durationOf, type Fault, type FaultKind, pairOf, secondsOf } from './fault.ts'

type Direction = readonly [from: number, to: number]

/** Cuts may overlap: a way is whole when the last cut of it is over. */
const cutsOf = new WeakMap<Run, Map<string, number>>()

const hold = (run: Run, [from, to]: Direction, by: 1 | -1): void => {
  const cuts = cutsOf.get(run) ?? new Map<string, number>()
  cutsOf.set(run, cuts)
  const key = `${from} ${to}`
  const left = Math.max(0, (cuts.get(key) ?? 0) + by)
  cuts.set(key, left)
  run.proxies.way(from, to).change({ held: left > 0 })
}

const both = ([a, b]: Direction): readonly Direction[] => [
  [a, b],
  [b, a],
]

/** `torn`: a firewall forgets the connections, so that they are reset when the cut is over. */
const cutting = (what: string, ways: readonly Direction[], forMs: number, torn: boolean): Fault => ({
  what,
  words: `${what}: ${ways.map(([from, to]) => `h${from}→h${to}`).join(' ')} for ${secondsOf(forMs)}${torn ? ', then reset' : ''}`,
  strike(run) {
    for (const way of ways) hold(run, way, 1)
    run.later(forMs, () => {
      for (const way of ways) {
        if (torn) run.proxies.reset(...way)
        hold(run, way, -1)
      }
    })
    return true
  },
})

const halves = (draw: Random, all: readonly number[]): readonly Direction[] => {
  const shuffled = draw.shuffle(all)
  const size = draw.integer(1, all.length - 1)
  return shuffled.slice(0, size).flatMap((one) => shuffled.slice(size).flatMap((other) => both([one, other])))
}

export const cut: FaultKind = {
  name: 'cut',
  draw(draw, hosts) {
    const all = Array.from({ length: hosts }, (_, i) => i + 1)
    const [a, b] = pairOf(draw, hosts)
    const forMs = durationOf(draw, 300, 20_000)
    const torn = draw.chance(0.4)
    const others = all.filter((host) => host !== a)
    switch (draw.integer(0, 4)) {
      case 0:
        return cutting('two agents cut off from each other', both([a, b]), forMs, torn)
      case 1:
        return cutting('one way cut between two agents', [[a, b]], forMs, torn)
      case 2:
        return cutting(
          'one agent cut off from all',
          others.flatMap((one) => both([a, one])),
          forMs,
          torn,
        )
      case 3:
        return cutting(
          'one agent hears no other',
          others.map((one) => [one, a] as const),
          forMs,
          torn,
        )
      default:
        return cutting('the agents split in two', halves(draw, all), forMs, torn)
    }
  },
}
