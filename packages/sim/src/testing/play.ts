/** One baseline in a small run, and what is worth looking at afterwards. For tests. */
import { createRun } from '../run/create-run.ts'
import type { Scheduler } from '../run/simulated-run.ts'
import { type SmallWorkload, smallWorkload } from './small-workload.ts'

export const play = (scheduler: Scheduler, story: SmallWorkload) => {
  /** Lines of the trace about migrations: `ms begun vm from to`, `ms ended vm from to how`; whole ms. */
  const moves: string[] = []
  const { run, play, measures } = createRun({
    workload: smallWorkload(story),
    seed: 1,
    trace: (line) => {
      const [at, what, ...rest] = line.split(' ')
      if (what === 'begun' || what === 'ended') moves.push([Math.round(Number(at)), what, ...rest].join(' '))
    },
  })
  scheduler.begin(run)
  play()
  const { measured, partitionSizes, timeline } = measures()
  return {
    moves,
    begun: moves.filter((line) => line.includes(' begun ')),
    measured,
    partitionSizes,
    held: timeline?.held ?? [],
  }
}
