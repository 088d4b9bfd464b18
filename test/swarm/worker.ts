/** A process that plays one seed after another, as its parent asks. */
import { drawSchedule } from './draw.ts'
import { type Outcome, playSchedule } from './play.ts'

export interface Order {
  readonly seed: number
  readonly kinds: readonly string[] | null
  readonly twice: boolean
}

/** The same schedule must give the same trace, whatever else this process has played. */
const checked = (first: Outcome, second: Outcome): Outcome => {
  if (first.traceHash === second.traceHash) return first
  const text = `the same seed gave two traces: ${first.traceHash} and ${second.traceHash}`
  return { ...first, violations: [...first.violations, { invariant: 'error', atMs: 0, text }] }
}

process.on('message', (order: Order) => {
  const { seed, kinds, twice } = order
  const schedule = drawSchedule(kinds === null ? { seed } : { seed, kinds })
  playSchedule(schedule)
    .then(async (outcome) => (twice ? checked(outcome, await playSchedule(schedule)) : outcome))
    .then((outcome) => process.send?.(outcome))
    .catch((error: unknown) => {
      throw error
    })
})
