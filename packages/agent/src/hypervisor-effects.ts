/** The effects that ask the hypervisor. Each is only begun here, and comes back as an input: `finished`, `inspected`, `resumed`, `autostart-set`. */
import {
  type ActionId,
  type ActionResult,
  codeFrom,
  type Effect,
  type Input,
  type LifecycleKind,
  type LifecycleOperation,
  lateAdmission,
  type MigrateOperation,
} from '@drover/protocol'
import type { AgentEvent } from './agent-port.ts'
import { type Clock, instantOf } from './clock.ts'
import { wordsOf } from './errors.ts'
import {
  type Hypervisor,
  HypervisorError,
  type HypervisorErrorCode,
  type MigrationResult,
} from './hypervisor/hypervisor-port.ts'
import { begin, type Immediate } from './immediate.ts'
import type { Log } from './log-port.ts'

export type EffectOf<K extends Effect['kind']> = Extract<Effect, { readonly kind: K }>

export interface HypervisorEffects {
  perform(effect: EffectOf<'perform'>): void
  abort(effect: EffectOf<'abort'>): void
  inspect(effect: EffectOf<'inspect'>): void
  resume(effect: EffectOf<'resume'>): void
  setAutostart(effect: EffectOf<'set-autostart'>): void
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
  const { hypervisor, log, feed } = init
  return {
    perform({ action, operation }) {
      if (operation.kind === 'migrate') migrate(init, action, operation)
      else changeState(init, action, operation)
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

    resume({ action, vm, at, notAfter }) {
      const where = whereOf(at)
      // The disk, or whatever else this process stood still for, has taken too long: the VM may have run there, and have left again.
      if (notAfter !== null && instantOf(init.clock) >= notAfter)
        return feed({ kind: 'resumed', action, at: where, ok: false, detail: 'too late to ask for it' })
      begin(() => hypervisor.resume(vm, at ?? undefined)).then(
        () => feed({ kind: 'resumed', action, at: where, ok: true, detail: '' }),
        (error: unknown) => {
          log.warn({ vm, code: codeOf(error), err: error }, 'a paused VM could not be resumed')
          feed({ kind: 'resumed', action, at: where, ok: false, detail: wordsOf(error) })
        },
      )
    },

    setAutostart({ action, vm }) {
      begin(() => hypervisor.setAutostart(vm)).then(
        () => feed({ kind: 'autostart-set', action, vm, code: null, detail: '' }),
        (error: unknown) => {
          const code = codeFrom(codeOf(error))
          log.warn({ vm, code, err: error }, 'a VM could not be made to start with its host')
          feed({ kind: 'autostart-set', action, vm, code, detail: wordsOf(error) })
        },
      )
    },
  }
}

const migrate = (init: HypervisorEffectsInit, action: ActionId, operation: MigrateOperation): void => {
  const { hypervisor, clock, feed, emit } = init
  const { vm, to: peer, uri } = operation
  // The disk, or whatever else this process stood still for, has taken too long: the destination counts on it no more.
  if (instantOf(clock) >= operation.notAfter)
    return feed({ kind: 'finished', action, result: { kind: 'refused', ...lateAdmission } })
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
    handOverPaused: operation.paused,
    bandwidthMiBps: operation.bandwidthMiBps,
    autoConverge: operation.autoConverge,
  }
  begin(() =>
    hypervisor.migrate(request, ({ transferredMiB, remainingMiB }) =>
      emit({ kind: 'progress', vm, transferredMiB, remainingMiB }),
    ),
  ).then(finish, (error: unknown) =>
    // The port never rejects. If it does, the end of the migration is unknown.
    finish({ kind: 'unknown', code: 'hypervisor.failed', detail: wordsOf(error) }),
  )
}

/** Which call of the port carries out which operation. */
const calls = {
  start: 'start',
  stop: 'shutdown',
  suspend: 'save',
  resume: 'restore',
} as const satisfies Record<LifecycleKind, keyof Hypervisor>

/** With these codes the hypervisor has answered that it did not do what was asked. */
const answered: ReadonlySet<HypervisorErrorCode> = new Set([
  'hypervisor.refused',
  'vm.absent',
  'not_supported',
])

const changeState = (
  init: HypervisorEffectsInit,
  action: ActionId,
  { kind: operation, vm }: LifecycleOperation,
): void => {
  const { hypervisor, clock, feed, emit } = init
  const begunAt = clock.now()
  emit({ kind: 'operating', action, vm, operation })
  const finish = (result: ActionResult): void => {
    emit({ kind: 'operated', action, vm, operation, result, durationMs: Math.round(clock.now() - begunAt) })
    init.lookAfresh()
    feed({ kind: 'finished', action, result })
  }
  begin(() => hypervisor[calls[operation]](vm)).then(
    () => finish({ kind: 'done' }),
    (error: unknown) => {
      const refused = error instanceof HypervisorError && answered.has(error.code)
      finish({ kind: refused ? 'refused' : 'unknown', code: codeOf(error), detail: wordsOf(error) })
    },
  )
}

const whereOf = (at: string | null): 'here' | 'there' => (at === null ? 'here' : 'there')

const resultOf = (result: MigrationResult): ActionResult =>
  result.kind === 'done' ? { kind: 'done' } : { kind: result.kind, code: result.code, detail: result.detail }

const codeOf = (error: unknown): string =>
  error instanceof HypervisorError ? error.code : 'hypervisor.failed'
