/** SIGTERM, as an upgrade does: the agent ends when the VMs on their way run, and is started again. */
import { revive } from '../run.ts'
import { durationOf, type FaultKind, secondsOf } from './fault.ts'

export const orderly: FaultKind = {
  name: 'orderly',
  draw(draw, hosts) {
    const host = draw.integer(1, hosts)
    const forMs = durationOf(draw, 100, 5_000)
    return {
      what: 'SIGTERM and start',
      words: `SIGTERM h${host}, started ${secondsOf(forMs)} after its end`,
      strike(run) {
        const agent = run.agent(host)
        if (!agent.awake) return false
        void agent.terminate().then(() => run.later(forMs, () => revive(run, host)))
        return true
      },
    }
  },
}
