/** A process that plays one seed after another, as its parent asks. */
import { type DrawnKinds, drawSchedule } from './draw.ts'
import { type Outcome, playSchedule } from './play.ts'

export interface Order {
  readonly seed: number
  readonly drawn: DrawnKinds
  readonly twice: boolean
}

/** The same schedule must give the same trace, whatever else this process has played. */
const checked = (first: Outcome, second: Outcome): Outcome => {
  if (first.traceHash === second.traceHash) return first
  const text = `the same seed gave two traces: ${first.traceHash} and ${second.traceHash}`
  return { ...first, violations: [...first.violations, { invariant: 'error', atMs: 0, text }] }
}

process.on('message', (order: Order) => {
  const { seed, drawn, twice } = order
  const schedule = drawSchedule({ ...drawn, seed })
  playSchedule(schedule)
    .then(async (outcome) => (twice ? checked(outcome, await playSchedule(schedule)) : outcome))
    .then((outcome) => process.send?.(outcome))
    .catch((error: unknown) => {
      throw error
    })
})
