/** What operators order over the local API, while all else goes on: drains, the brake, migrations by hand. */
import { ApiError } from '../../../packages/agent/src/api/api-error.ts'
import { nameOf, vmsOn } from '../run.ts'
import { durationOf, type Fault, type FaultKind, pairOf, type Strike, secondsOf } from './fault.ts'

/** An agent may refuse, or be dead by now: that is an answer. */
const tried = async (order: Promise<unknown>): Promise<Strike> => {
  try {
    await order
    return true
  } catch (error) {
    if (error instanceof ApiError) return `${error.code}: ${error.message}`
    throw error
  }
}

const drain = (host: number, forMs: number): Fault => ({
  what: 'operator: drain, undrain',
  words: `h${host} is drained for ${secondsOf(forMs)}`,
  async strike(run) {
    const { awake, client } = run.agent(host)
    if (!awake) return false
    run.later(forMs, () => void tried(client.undrain()))
    return tried(client.drain({ onBlocker: 'skip', dryRun: false }))
  },
})

const observe = (host: number, forMs: number): Fault => ({
  what: 'operator: mode observe, auto',
  words: `h${host} in mode observe for ${secondsOf(forMs)}`,
  async strike(run) {
    const { awake, client } = run.agent(host)
    if (!awake) return false
    run.later(forMs, () => void tried(client.mode('auto')))
    return tried(client.mode('observe'))
  },
})

const migrate = (host: number, other: number | null, nth: number): Fault => ({
  what: 'operator: migrate',
  words: `a VM of h${host} is to go to ${other === null ? 'any host' : nameOf(other)}`,
  async strike(run) {
    const here = vmsOn(run, host)
    const vm = here[nth % Math.max(1, here.length)]
    if (vm === undefined || !run.agent(host).awake) return false
    return tried(run.agent(host).client.migrate(vm, other === null ? null : nameOf(other)))
  },
})

export const command: FaultKind = {
  name: 'command',
  draw(draw, hosts) {
    const [host, other] = pairOf(draw, hosts)
    const forMs = durationOf(draw, 2_000, 20_000)
    switch (draw.integer(0, 3)) {
      case 0:
        return drain(host, forMs)
      case 1:
        return observe(host, forMs)
      default:
        return migrate(host, draw.chance(0.5) ? other : null, draw.integer(0, 1_000_000))
    }
  },
}
