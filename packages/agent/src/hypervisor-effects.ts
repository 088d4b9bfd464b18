/** The effects that ask the hypervisor. Each is only begun here, and comes back as an input: `finished`, `inspected`, `resumed`. */
import type { ActionResult, Effect, Input } from '@drover/protocol'
import type { AgentEvent } from './agent-port.ts'
import type { Clock } from './clock.ts'
import { wordsOf } from './errors.ts'
import { type Hypervisor, HypervisorError, type MigrationResult } from './hypervisor/hypervisor-port.ts'
import { begin, type Immediate } from './immediate.ts'
import type { Log } from './log-port.ts'

export type EffectOf<K extends Effect['kind']> = Extract<Effect, { readonly kind: K }>

export interface HypervisorEffects {
  perform(effect: EffectOf<'perform'>): void
  abort(effect: EffectOf<'abort'>): void
  inspect(effect: EffectOf<'inspect'>): void
  resume(effect: EffectOf<'resume'>): void
}

export interface HypervisorEffectsInit {
  readonly hypervisor: Immediate<Hypervisor>
  readonly clock: Clock
  readonly log: Log
  readonly feed: (input: Input) => void
  readonly emit: (event: AgentEvent) => void
  /** What was seen before a migration ended is no longer true. */
  readonly lookAfresh: () => void
}

export const createHypervisorEffects = (init: HypervisorEffectsInit): HypervisorEffects => {
  const { hypervisor, clock, log, feed, emit } = init
  return {
    perform(effect) {
      const { action, vm, to: peer, uri } = effect
      const begunAt = clock.now()
      emit({ kind: 'moving', action, vm, peer })
      const finish = (result: MigrationResult): void => {
        emit({ kind: 'moved', action, vm, peer, result, durationMs: Math.round(clock.now() - begunAt) })
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
      begin(() =>
        hypervisor.migrate(request, ({ transferredMiB, remainingMiB }) =>
          emit({ kind: 'progress', vm, transferredMiB, remainingMiB }),
        ),
      ).then(finish, (error: unknown) =>
        // The port never rejects; should it, nothing is known.
        finish({ kind: 'unknown', code: 'hypervisor.failed', detail: wordsOf(error) }),
      )
    },

    abort({ vm }) {
      begin(() => hypervisor.abort(vm)).then(undefined, (error: unknown) =>
        log.warn({ vm, code: codeOf(error), err: error }, 'a migration could not be stopped'),
      )
    },

    inspect({ action, round, vm, at }) {
      const where = whereOf(at)
      begin(() => hypervisor.locate(vm, at ?? undefined)).then(
        (presence) => feed({ kind: 'inspected', action, round, at: where, presence }),
        (error: unknown) => {
          log.debug({ vm, code: codeOf(error), err: error }, 'a hypervisor did not say where a VM is')
          feed({ kind: 'inspected', action, round, at: where, presence: null })
        },
      )
    },

    resume({ action, vm, at }) {
      const where = whereOf(at)
      begin(() => hypervisor.resume(vm, at ?? undefined)).then(
        () => feed({ kind: 'resumed', action, at: where, ok: true, detail: '' }),
        (error: unknown) => {
          log.warn({ vm, code: codeOf(error), err: error }, 'a paused VM could not be resumed')
          feed({ kind: 'resumed', action, at: where, ok: false, detail: wordsOf(error) })
        },
      )
    },
  }
}

const whereOf = (at: string | null): 'here' | 'there' => (at === null ? 'here' : 'there')

const resultOf = (result: MigrationResult): ActionResult =>
  result.kind === 'done' ? { kind: 'done' } : { kind: result.kind, code: result.code, detail: result.detail }

const codeOf = (error: unknown): string =>
  error instanceof HypervisorError ? error.code : 'hypervisor.failed'
