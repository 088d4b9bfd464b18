/**
 * Entropy (Hermenier et al., VEE 2009) as VMPlaceS runs it: one host looks at the whole cluster every 30 s, plans for as
 * long as it is given, and carries the plan out; the next round begins only after that. What changes while it plans it
 * does not know. The plan itself is our solver's, at least as good as Entropy's.
 */
import type { RunHost, Scheduler } from '../run/simulated-run.ts'
import { messageBytes, planningMs, pullMs } from './costs.ts'
import { overloaded } from './first-choice.ts'
import { carryOut, decide } from './placement.ts'

export interface EntropyOptions {
  /** From the beginning of a round to the beginning of the next, or later, if the round lasts longer, ms. */
  readonly periodMs?: number
  /** Of our solver. */
  readonly nodesMax?: number
  /** Time charged for planning, ms, for so many hosts of which so many are overloaded. */
  readonly planningMs?: (hosts: number, overloaded: number) => number
}

export const entropy = ({
  periodMs = 30_000,
  nodesMax = 20_000,
  planningMs: thinkingMs = planningMs,
}: EntropyOptions = {}): Scheduler => ({
  name: 'entropy',
  begin(run) {
    const { kernel, hosts, metrics } = run
    let beganMs = 0
    const next = (): void => {
      kernel.after(Math.max(0, beganMs + periodMs - kernel.now()), round)
    }
    const round = (): void => {
      beganMs = kernel.now()
      metrics.messages(2 * hosts.length, 2 * hosts.length * messageBytes)
      kernel.after(pullMs, plan)
    }
    const plan = (): void => {
      const ill = hosts.filter(overloaded)
      const decision = decide(run, hosts, nodesMax)
      if (decision.kind === 'calm') return next()
      metrics.solved(hosts)
      kernel.after(thinkingMs(hosts.length, ill.length), () => {
        if (decision.kind === 'stuck') return end(ill, false)
        metrics.messages(decision.actions.length, decision.actions.length * messageBytes)
        carryOut(run, hosts, decision.actions, (complete) => end(ill, complete))
      })
    }
    const end = (ill: readonly RunHost[], complete: boolean): void => {
      for (const host of hosts) metrics.held(host, beganMs, kernel.now())
      if (complete) for (const _ of ill) metrics.cured()
      next()
    }
    kernel.after(periodMs, round)
  },
})
