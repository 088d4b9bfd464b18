/** The file system below an agent is full; it may die and be started again meanwhile. */
import { revive } from '../run.ts'
import { durationOf, type FaultKind, secondsOf } from './fault.ts'

export const disk: FaultKind = {
  name: 'disk',
  draw(draw, hosts) {
    const host = draw.integer(1, hosts)
    const forMs = durationOf(draw, 500, 20_000)
    const killedAfterMs = draw.chance(0.3) ? draw.integer(100, 2_000) : null
    return {
      what: killedAfterMs === null ? 'disk full' : 'disk full, and kill -9',
      words: `disk of h${host} full for ${secondsOf(forMs)}${killedAfterMs === null ? '' : `, kill -9 after ${secondsOf(killedAfterMs)}`}`,
      strike(run) {
        const agent = run.agent(host)
        if (agent.pid === null || agent.disk.full) return false
        agent.disk.fill()
        run.later(forMs, () => agent.disk.free())
        if (killedAfterMs !== null)
          run.later(killedAfterMs, () => {
            if (agent.pid === null) return
            void agent.kill().then(() => revive(run, host))
          })
        return true
      },
    }
  },
}
