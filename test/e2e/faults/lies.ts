/** A hypervisor says wrong things of its VMs, leaves them out, or does not tell what happens. */
import { nameOf, vmsOn } from '../run.ts'
import { durationOf, type FaultKind, secondsOf } from './fault.ts'

export const lies: FaultKind = {
  name: 'lies',
  draw(draw, hosts) {
    const host = draw.integer(1, hosts)
    const forMs = durationOf(draw, 1_000, 15_000)
    const nth = draw.integer(0, 1_000_000)
    const times = draw.pick([0, 2, 5])
    switch (draw.integer(0, 2)) {
      case 0:
        return {
          what: 'the load of a VM is told wrongly',
          words: `a VM of h${host} is said to want ${times} times what it wants, for ${secondsOf(forMs)}`,
          strike(run) {
            const here = vmsOn(run, host)
            const vm = here[nth % Math.max(1, here.length)]
            if (vm === undefined) return false
            run.world.misread(vm, { cpuTimes: times }, forMs)
            return true
          },
        }
      case 1:
        return {
          what: 'one sample shows no VM',
          words: `one sample of h${host} shows no VM`,
          strike({ world }) {
            world.blind(nameOf(host))
            return true
          },
        }
      default:
        return {
          what: 'events are not told',
          words: `h${host} tells no events for ${secondsOf(forMs)}`,
          strike({ world, later }) {
            world.telling(nameOf(host), 'never')
            later(forMs, () => world.telling(nameOf(host), 'once'))
            return true
          },
        }
    }
  },
}
