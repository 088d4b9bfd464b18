/** A process that plays one seed after another, as its parent asks (`seed-player.ts`). Between two seeds it keeps nothing. */
import { type DrawnKinds, drawSchedule } from './draw.ts'
import { type Outcome, playSchedule } from './play.ts'

export interface Order {
  readonly seed: number
  readonly drawn: DrawnKinds
  /** Both runs must give the same trace. */
  readonly twice: boolean
  /** Ends as soon as something is broken. */
  readonly untilBroken: boolean
}

/** The same schedule must give the same trace, whatever else this process has played. */
const checked = (first: Outcome, second: Outcome): Outcome => {
  if (first.traceHash === second.traceHash) return first
  const text = `the same seed gave two traces: ${first.traceHash} and ${second.traceHash}`
  return { ...first, violations: [...first.violations, { invariant: 'error', atMs: 0, text }] }
}

const play = async ({ seed, drawn, twice, untilBroken }: Order): Promise<Outcome> => {
  const schedule = drawSchedule({ ...drawn, seed })
  const outcome = await playSchedule(schedule, { untilBroken })
  return twice ? checked(outcome, await playSchedule(schedule, { untilBroken })) : outcome
}

// What fails is no outcome: the process ends with it, and its parent says so.
process.on('message', (order: Order) => void play(order).then((outcome) => process.send?.(outcome)))
process.on('disconnect', () => process.exit())
