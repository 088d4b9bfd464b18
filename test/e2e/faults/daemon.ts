/** The hypervisor's daemon of a host is down or hangs, or two hypervisors do not reach each other. */
import { nameOf } from '../run.ts'
import { durationOf, type FaultKind, pairOf, secondsOf } from './fault.ts'

export const daemon: FaultKind = {
  name: 'daemon',
  draw(draw, hosts) {
    const [host, other] = pairOf(draw, hosts)
    const forMs = durationOf(draw, 500, 15_000)
    const what = draw.pick(['down', 'hung', 'cut', 'slow'] as const)
    if (what === 'cut')
      return {
        what: 'hypervisors cut off from each other',
        words: `hypervisors of h${host} and h${other} cut off for ${secondsOf(forMs)}`,
        strike({ world, later }) {
          world.cut(nameOf(host), nameOf(other))
          later(forMs, () => world.heal(nameOf(host), nameOf(other)))
          return true
        },
      }
    if (what === 'slow') {
      const ms = draw.integer(100, 3_000)
      return {
        what: 'hypervisor slow',
        words: `hypervisor of h${host} takes ${ms} ms more for ${secondsOf(forMs)}`,
        strike({ world, later }) {
          world.slow(nameOf(host), ms)
          later(forMs, () => world.slow(nameOf(host), 0))
          return true
        },
      }
    }
    return {
      what: `hypervisor ${what}`,
      words: `hypervisor of h${host} ${what} for ${secondsOf(forMs)}`,
      strike({ world, later }) {
        if (world.host(nameOf(host)).daemon !== 'up') return false
        world.daemon(nameOf(host), what)
        later(forMs, () => world.daemon(nameOf(host), 'up'))
        return true
      },
    }
  },
}
