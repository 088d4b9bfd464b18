/** SIGSTOP: an agent that does nothing for a while, and then goes on as if nothing had been. Longer than any lease, too. */
import { durationOf, type FaultKind, secondsOf } from './fault.ts'

export const freeze: FaultKind = {
  name: 'freeze',
  draw(draw, hosts) {
    const host = draw.integer(1, hosts)
    const forMs = durationOf(draw, 100, 40_000)
    return {
      what: forMs > 5_000 ? 'SIGSTOP, longer than a lease' : 'SIGSTOP',
      words: `SIGSTOP h${host} for ${secondsOf(forMs)}`,
      strike(run) {
        const agent = run.agent(host)
        if (!agent.awake) return false
        const { starts } = agent
        agent.freeze()
        run.later(forMs, () => {
          if (agent.starts === starts) agent.thaw()
        })
        return true
      },
    }
  },
}
