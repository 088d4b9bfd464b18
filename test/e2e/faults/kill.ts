/** `kill -9`: of one agent or of several at once. Most are started again soon; some stay dead until everything is healed. */
import type { Random } from '../../../packages/sim/src/random.ts'
import { type Run, revive } from '../run.ts'
import { durationOf, type Fault, type FaultKind, secondsOf } from './fault.ts'

/** Fewer than half of the agents stay dead. */
const stays = (run: Run, host: number): boolean => {
  if (run.down.size + 1 >= run.hosts.length / 2) return false
  run.down.add(host)
  return true
}

const killed = (victims: readonly number[], forMs: number, forGood: boolean): Fault => ({
  what: forGood ? 'kill -9, dead until healing' : victims.length > 1 ? 'kill -9, several at once' : 'kill -9',
  words: `kill -9 ${victims.map((host) => `h${host}`).join(' ')}, ${forGood ? 'for good' : `back after ${secondsOf(forMs)}`}`,
  strike(run) {
    const alive = victims.filter((host) => run.agent(host).pid !== null)
    for (const host of alive) {
      void run.agent(host).kill()
      if (!forGood || !stays(run, host)) run.later(forMs, () => revive(run, host))
    }
    return alive.length > 0
  },
})

export const kill: FaultKind = {
  name: 'kill',
  draw(draw: Random, hosts: number) {
    const forGood = draw.chance(0.1)
    const count = !forGood && draw.chance(0.3) ? draw.integer(2, Math.max(2, hosts - 1)) : 1
    const all = Array.from({ length: hosts }, (_, i) => i + 1)
    return killed(draw.shuffle(all).slice(0, count), durationOf(draw, 100, 10_000), forGood)
  },
}
