/** What VMs want changes in steps: some VMs of one host, or all VMs of some hosts together. */
import type { Random } from '../../../packages/sim/src/random.ts'
import { type Run, vmsOn } from '../run.ts'
import type { FaultKind } from './fault.ts'

const step = (run: Run, host: number, wants: readonly number[]): boolean => {
  const here = vmsOn(run, host).slice(0, wants.length)
  for (const [i, vm] of here.entries()) run.world.setCpu(vm, wants[i] ?? 0)
  return here.length > 0
}

const wantsOf = (draw: Random, count: number, low: number, high: number): readonly number[] =>
  Array.from({ length: count }, () => draw.integer(low, high))

export const load: FaultKind = {
  name: 'load',
  draw(draw, hosts) {
    const host = draw.integer(1, hosts)
    if (draw.chance(0.15)) {
      const crowd = draw.shuffle(Array.from({ length: hosts }, (_, i) => i + 1)).slice(0, draw.integer(2, 3))
      const wants = wantsOf(draw, 12, 1_500, 2_500)
      return {
        what: 'load step, several hosts at once',
        words: `load of ${crowd.map((one) => `h${one}`).join(' ')} rises`,
        strike: (run) => crowd.map((one) => step(run, one, wants)).includes(true),
      }
    }
    const rises = draw.chance(0.5)
    const wants = wantsOf(
      draw,
      rises ? draw.integer(3, 6) : draw.integer(1, 5),
      rises ? 1_200 : 200,
      rises ? 3_000 : 1_000,
    )
    return {
      what: rises ? 'load step up' : 'load step down',
      words: `VMs of h${host} want ${wants.join(', ')}`,
      strike: (run) => step(run, host, wants),
    }
  },
}
