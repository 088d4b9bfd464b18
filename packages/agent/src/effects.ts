/**
 * Carries out the effects of one step, in their order, by the contract of `io.ts`. An effect that takes long is only begun
 * here. Its end comes back as an input.
 */
import type { Effect, Input, Reply, Solution } from '@drover/protocol'
import type { AgentEvent } from './agent-port.ts'
import type { Clock } from './clock.ts'
import { wordsOf } from './errors.ts'
import type { Hypervisor } from './hypervisor/hypervisor-port.ts'
import { createHypervisorEffects, type EffectOf, type HypervisorEffects } from './hypervisor-effects.ts'
import { begin, type Immediate } from './immediate.ts'
import type { Log } from './log-port.ts'
import { createOutbound, type Outbound } from './outbound.ts'
import type { Persister } from './persist.ts'
import type { Solver } from './solve/solver.ts'
import { solverFailed } from './solve/solver-failed.ts'
import type { Transport } from './transport/transport-port.ts'

export interface EffectRunnerInit {
  readonly hypervisor: Immediate<Hypervisor>
  readonly transport: Transport
  readonly solver: Immediate<Solver>
  readonly persister: Persister
  readonly clock: Clock
  readonly log: Log
  readonly feed: (input: Input) => void
  readonly look: () => void
  readonly lookAfresh: () => void
  readonly describe: () => void
  readonly emit: (event: AgentEvent) => void
  readonly reply: (request: string, reply: Reply) => void
  /** The core has nothing left to do before the agent ends. */
  readonly leave: () => void
  /** Called before and after each effect; it may end this runner there. */
  readonly around: ((effect: Effect, when: 'before' | 'after') => void) | null
}

export interface EffectRunner {
  carryOut(effects: readonly Effect[]): void
  /** The agent has died: not even the rest of this step is carried out. */
  end(): void
}

export const createEffectRunner = (init: EffectRunnerInit): EffectRunner => {
  const { emit } = init
  const hypervisor = createHypervisorEffects(init)
  const outbound = createOutbound(
    init.transport,
    (code, text) => emit({ kind: 'warning', code, text, vm: null }),
    init.log,
  )
  let ended = false
  return {
    carryOut(effects) {
      let durable = true
      for (const effect of effects) {
        if (ended) return
        init.around?.(effect, 'before')
        if (ended) return
        // After a failure the rest is still owed to the journal, in its order.
        if (effect.kind === 'persist') durable = init.persister.persist(effect.record) && durable
        else carryOutOne(init, hypervisor, outbound, effect, durable)
        init.around?.(effect, 'after')
      }
    },
    end() {
      ended = true
    },
  }
}

/** `durable`: every record of this step so far is on disk. Effects that rely on a record are not carried out without it. */
const carryOutOne = (
  init: EffectRunnerInit,
  hypervisor: HypervisorEffects,
  outbound: Outbound,
  effect: Exclude<Effect, { readonly kind: 'persist' }>,
  durable: boolean,
): void => {
  switch (effect.kind) {
    case 'send':
      return durable ? outbound.send(effect.to, effect.message) : undefined
    case 'publish':
      return outbound.publish(effect.summary)
    case 'perform':
      return durable ? hypervisor.perform(effect) : refuse(init, effect)
    case 'solve':
      return solve(init, effect)
    case 'abort':
      return hypervisor.abort(effect)
    case 'inspect':
      return hypervisor.inspect(effect)
    case 'resume':
      return hypervisor.resume(effect)
    case 'set-autostart':
      return hypervisor.setAutostart(effect)
    case 'sample':
      return init.look()
    case 'describe':
      return init.describe()
    case 'report':
      init.persister.remember(effect.decision)
      return init.emit({ kind: 'decision', decision: effect.decision })
    case 'warn':
      return init.emit({ kind: 'warning', code: effect.code, text: effect.text, vm: effect.vm })
    case 'reply':
      return init.reply(effect.request, effect.reply)
    case 'leave':
      return init.leave()
    case 'wake':
      // The loop's own.
      return
    default:
      effect satisfies never
  }
}

const refuse = ({ feed }: EffectRunnerInit, { action }: EffectOf<'perform'>): void =>
  feed({
    kind: 'finished',
    action,
    result: { kind: 'refused', code: 'journal.full', detail: 'the journal cannot be written' },
  })

const solve = ({ solver, clock, feed, emit }: EffectRunnerInit, effect: EffectOf<'solve'>): void => {
  const { partition, round, problem, budgetMs } = effect
  const begunAt = clock.now()
  const solved = (solution: Solution): void => {
    emit({ kind: 'solved', answer: solution.answer.kind, durationMs: clock.now() - begunAt })
    feed({ kind: 'solved', partition, round, solution })
  }
  begin(() => solver.solve(problem, partition, budgetMs)).then(solved, (error: unknown) =>
    // The port never rejects. If it does, the partition must not wait for an answer.
    solved(solverFailed(wordsOf(error))),
  )
}
