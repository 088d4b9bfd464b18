/** One rival on a small ground, and what is worth looking at afterwards. For tests. */
import { createGround } from '../run/create-run.ts'
import type { Scheduler } from '../run/simulated-run.ts'
import { type SmallWorkload, smallWorkload } from './small-workload.ts'

export const play = (scheduler: Scheduler, story: SmallWorkload) => {
  /** Lines of the trace about migrations: `ms begun vm from to`, `ms ended vm from to how`; whole ms. */
  const moves: string[] = []
  const { ground, run, measures } = createGround({
    workload: smallWorkload(story),
    seed: 1,
    trace: (line) => {
      const [at, what, ...rest] = line.split(' ')
      if (what === 'begun' || what === 'ended') moves.push([Math.round(Number(at)), what, ...rest].join(' '))
    },
  })
  scheduler.begin(ground)
  run()
  const { measured, partitionSizes, timeline } = measures()
  return {
    moves,
    begun: moves.filter((line) => line.includes(' begun ')),
    measured,
    partitionSizes,
    held: timeline?.held ?? [],
  }
}
