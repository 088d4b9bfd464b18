/**
 * Carries out the effects of one step, in their order, by the contract of `io.ts`. What takes long is only begun here; it
 * comes back as an input.
 */
import {
  type ActionResult,
  type Answer,
  type Effect,
  encodeMessage,
  encodeSummary,
  type Input,
  type Reply,
} from '@drover/protocol'
import type { AgentEvent } from './agent-port.ts'
import type { Clock } from './clock.ts'
import { wordsOf } from './errors.ts'
import {
  type Hypervisor,
  HypervisorError,
  type MigrationProgress,
  type MigrationResult,
} from './hypervisor/hypervisor-port.ts'
import type { Immediate } from './immediate.ts'
import type { Log } from './log-port.ts'
import type { Persister } from './persist.ts'
import type { Solver } from './solve/solver.ts'
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
  readonly emit: (event: AgentEvent) => void
  readonly reply: (request: string, reply: Reply) => void
  /** The core has nothing left to do before the agent ends. */
  readonly leave: () => void
  /** Called before and after each effect; it may end this runner there. */
  readonly around: ((effect: Effect, when: 'before' | 'after') => void) | null
}

export interface EffectRunner {
  carryOut(effects: readonly Effect[]): void
  /** Nothing more is carried out, not even the rest of this step: the agent has died. */
  end(): void
}

type Of<K extends Effect['kind']> = Extract<Effect, { readonly kind: K }>

export const createEffectRunner = (init: EffectRunnerInit): EffectRunner => {
  const { hypervisor, transport, solver, persister, clock, log, feed, emit } = init
  let ended = false

  const refuse = (effect: Of<'perform'>, code: string, detail: string): void =>
    feed({ kind: 'finished', action: effect.action, result: { kind: 'refused', code, detail } })

  const perform = (effect: Of<'perform'>): void => {
    const { action, vm, to: peer, uri } = effect
    const begunAt = clock.now()
    const durationMs = () => Math.round(clock.now() - begunAt)
    emit({ kind: 'moving', action, vm, peer })
    const finish = (result: MigrationResult): void => {
      emit({ kind: 'moved', action, vm, peer, result, durationMs: durationMs() })
      init.lookAfresh()
      feed({ kind: 'finished', action, result: resultOf(result) })
    }
    const request = {
      vm,
      to: uri,
      handOverPaused: effect.paused,
      bandwidthMiBps: effect.bandwidthMiBps,
      autoConverge: effect.autoConverge,
    }
    const progressed = ({ transferredMiB, remainingMiB }: MigrationProgress) =>
      emit({ kind: 'progress', vm, transferredMiB, remainingMiB })
    begun(() => hypervisor.migrate(request, progressed)).then(finish, (error: unknown) =>
      // The port never rejects; should it, nothing is known.
      finish({ kind: 'unknown', code: 'hypervisor.failed', detail: wordsOf(error) }),
    )
  }

  const solve = ({ partition, round, problem, budgetMs }: Of<'solve'>): void => {
    const begunAt = clock.now()
    const answered = (answer: Answer): void => {
      emit({ kind: 'solved', answer: answer.kind, durationMs: clock.now() - begunAt })
      feed({ kind: 'solved', partition, round, answer })
    }
    begun(() => solver.solve(problem, budgetMs)).then(answered, (error: unknown) =>
      // The port never rejects; should it, the partition must not wait.
      answered({ kind: 'infeasible', why: { code: 'solver.failed', text: wordsOf(error) } }),
    )
  }

  const abort = ({ vm }: Of<'abort'>): void => {
    begun(() => hypervisor.abort(vm)).then(undefined, (error: unknown) =>
      log.warn({ vm, code: codeOf(error), err: error }, 'a migration could not be stopped'),
    )
  }

  const inspect = ({ action, round, vm, at }: Of<'inspect'>): void => {
    const where = at === null ? ('here' as const) : ('there' as const)
    begun(() => hypervisor.locate(vm, at ?? undefined)).then(
      (presence) => feed({ kind: 'inspected', action, round, at: where, presence }),
      (error: unknown) => {
        log.debug({ vm, code: codeOf(error), err: error }, 'a hypervisor did not say where a VM is')
        feed({ kind: 'inspected', action, round, at: where, presence: null })
      },
    )
  }

  const resume = ({ action, vm, at }: Of<'resume'>): void => {
    const where = at === null ? ('here' as const) : ('there' as const)
    begun(() => hypervisor.resume(vm, at ?? undefined)).then(
      () => feed({ kind: 'resumed', action, at: where, ok: true, detail: '' }),
      (error: unknown) => {
        log.warn({ vm, code: codeOf(error), err: error }, 'a paused VM could not be resumed')
        feed({ kind: 'resumed', action, at: where, ok: false, detail: wordsOf(error) })
      },
    )
  }

  /**
   * What cannot be written is not sent, as if it were lost on the way: the core copes with that, and one odd message
   * must not stop the agent of this host.
   */
  const encoded = <T>(encode: (value: T) => Uint8Array, value: T, what: string): Uint8Array | null => {
    try {
      return encode(value)
    } catch (error) {
      log.error({ err: error }, `${what} could not be written`)
      emit({
        kind: 'warning',
        code: 'wire.unwritable',
        text: `${what} could not be written and was not sent: ${wordsOf(error)}`,
        vm: null,
      })
      return null
    }
  }

  const send = (effect: Of<'send'>): void => {
    const bytes = encoded(encodeMessage, effect.message, `a message '${effect.message.kind}'`)
    if (bytes !== null) transport.send(effect.to, bytes)
  }

  const publish = (effect: Of<'publish'>): void => {
    const bytes = encoded(encodeSummary, effect.summary, 'the load summary')
    if (bytes !== null) transport.publish(bytes)
  }

  /** `durable`: every persist of this step so far is on disk. */
  const one = (effect: Effect, durable: boolean): boolean => {
    switch (effect.kind) {
      case 'persist':
        // After a failure the rest is still owed to the journal, in its order.
        return persister.persist(effect.record) && durable
      case 'send':
        if (durable) send(effect)
        return durable
      case 'publish':
        publish(effect)
        return durable
      case 'perform':
        if (!durable) refuse(effect, 'journal.full', 'the journal cannot be written')
        else perform(effect)
        return durable
      case 'solve':
        solve(effect)
        return durable
      case 'abort':
        abort(effect)
        return durable
      case 'inspect':
        inspect(effect)
        return durable
      case 'resume':
        resume(effect)
        return durable
      case 'sample':
        init.look()
        return durable
      case 'report':
        persister.remember(effect.decision)
        emit({ kind: 'decision', decision: effect.decision })
        return durable
      case 'warn':
        emit({ kind: 'warning', code: effect.code, text: effect.text, vm: effect.vm })
        return durable
      case 'reply':
        init.reply(effect.request, effect.reply)
        return durable
      case 'leave':
        init.leave()
        return durable
      case 'wake':
        return durable
      default:
        return effect satisfies never
    }
  }

  return {
    carryOut(effects) {
      let durable = true
      for (const effect of effects) {
        if (ended) return
        init.around?.(effect, 'before')
        if (ended) return
        durable = one(effect, durable)
        init.around?.(effect, 'after')
      }
    },
    end() {
      ended = true
    },
  }
}

const resultOf = (result: MigrationResult): ActionResult =>
  result.kind === 'done' ? { kind: 'done' } : { kind: result.kind, code: result.code, detail: result.detail }

/** Begins now; what a driver throws at once is a rejection like any other, not a failure of the core. */
const begun = <T>(call: () => PromiseLike<T>): PromiseLike<T> => {
  try {
    return call()
  } catch (error) {
    return Promise.reject(error)
  }
}

const codeOf = (error: unknown): string =>
  error instanceof HypervisorError ? error.code : 'hypervisor.failed'
