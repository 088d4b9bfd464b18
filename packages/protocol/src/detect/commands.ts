/**
 * What operators ask of this host. A wish (`migrate`) and a question (`plan`) become partitions like any need, when the
 * host is free; one that finds it busy for too long is refused rather than forgotten.
 */

import { assertNever } from '@drover/placement'
import { limits } from '../data/config.ts'
import { byText, type Instant, type PartitionId } from '../data/ids.ts'
import type { Command, Reply } from '../data/io.ts'
import type { MigrateNeed } from '../data/need.ts'
import type { Mode } from '../data/summary.ts'
import { type HostState, whyStaysHere } from '../snapshot/host.ts'
import { earliest, type StepContext } from '../step-context.ts'

const onlyLooks = 'mode is observe: nothing moves. Try: drover mode auto'

interface Waiting {
  readonly request: string
  readonly until: Instant
}

export interface Commands {
  commanded(request: string, command: Command): void
  wishes(): readonly MigrateNeed[]
  /** A partition was formed for this wish. */
  granted(requirements: MigrateNeed, partition: PartitionId): void
  ended(requirements: MigrateNeed): void
  /** The oldest question, taken out; null = none. */
  takeQuestion(): string | null
  answer(request: string, reply: Reply): void
  /** Refuses what waited too long, with the code of what stands in its way. */
  tick(code: string): void
  /** Refuses all that waits: none of it will be done any more. */
  refuseAll(code: string, text: string): void
  nextAt(): Instant | null
}

export interface CommandHooks {
  mode(): Mode
  setMode(mode: Mode): void
  /** The drain was called off. */
  undrained(): void
  /** The operator's will changed: what was put off may be done now. */
  changed(): void
}

export const createCommands = (context: StepContext, host: HostState, hooks: CommandHooks): Commands => {
  let wishes: readonly (MigrateNeed & Waiting & { readonly formed: boolean })[] = []
  let questions: readonly Waiting[] = []

  const answer = (request: string, reply: Reply): void => context.emit({ kind: 'reply', request, reply })
  const ok = (request: string, text: string): void => answer(request, { kind: 'ok', text, decision: null })
  const refuse = (request: string, code: string, text: string): void =>
    answer(request, { kind: 'refused', code, text })
  const onlyLooking = (request: string): void => refuse(request, 'mode.observe', onlyLooks)

  const unformed = (): readonly Waiting[] => wishes.filter((requirements) => !requirements.formed)
  const drop = (those: readonly Waiting[], code: string, text: string): void => {
    for (const { request } of those) refuse(request, code, text)
    wishes = wishes.filter((requirements) => !those.includes(requirements))
    questions = questions.filter((question) => !those.includes(question))
  }

  const setDraining = (draining: boolean): void => {
    host.draining = draining
    context.emit({ kind: 'persist', record: { kind: 'draining', draining } })
    hooks.changed()
  }

  const drain = (request: string): void => {
    if (hooks.mode() !== 'auto') return onlyLooking(request)
    setDraining(true)
    const vms = [...host.vms.values()]
      .sort((a, b) => byText(a.vm, b.vm))
      .map((vm) => ({
        vm: vm.vm,
        name: vm.name,
        code: whyStaysHere(host, context.now(), vm, 'drain', false),
      }))
    answer(request, {
      kind: 'draining',
      leaving: vms.filter((vm) => vm.code === null).map((vm) => vm.vm),
      blockers: vms.flatMap(({ vm, name, code }) => (code === null ? [] : [{ vm, name, code }])),
    })
  }

  const migrate = (request: string, { vm: id, to }: Extract<Command, { readonly kind: 'migrate' }>): void => {
    const vm = host.vms.get(id)
    if (vm === undefined) return refuse(request, 'vm.absent', 'this VM is not on this host')
    if (hooks.mode() !== 'auto') return onlyLooking(request)
    const code = whyStaysHere(host, context.now(), vm, 'migrate', false)
    if (code !== null) return refuse(request, code, `the VM must stay: ${code}`)
    if (to === context.self) return refuse(request, 'vm.present', 'the VM is on this host already')
    const requirements = {
      kind: 'migrate',
      reason: 'operator',
      since: context.now(),
      severity: 0,
      wanted: vm.demand,
      text: `an operator moves ${vm.name}`,
      vm: id,
      to,
      request,
      until: context.now() + limits.commandWaitMs,
      formed: false,
    } as const
    wishes = [...wishes, requirements]
  }

  return {
    commanded(request, command) {
      switch (command.kind) {
        case 'drain':
          return drain(request)
        case 'undrain':
          hooks.undrained()
          setDraining(false)
          return ok(request, 'this host takes VMs again')
        case 'mode':
          hooks.setMode(command.mode)
          // A question moves nothing, and is answered in any mode.
          if (command.mode !== 'auto') drop(unformed(), 'mode.observe', onlyLooks)
          context.emit({ kind: 'persist', record: { kind: 'mode', mode: command.mode } })
          hooks.changed()
          return ok(request, `mode is ${command.mode}`)
        case 'migrate':
          return migrate(request, command)
        case 'plan':
          questions = [...questions, { request, until: context.now() + limits.commandWaitMs }]
          return
        default:
          return assertNever(command)
      }
    },

    wishes: () => wishes,

    granted(requirements, partition) {
      wishes = wishes.map((one) => (one.request === requirements.request ? { ...one, formed: true } : one))
      answer(requirements.request, { kind: 'ok', text: requirements.text, decision: partition })
    },

    ended(requirements) {
      wishes = wishes.filter((one) => one.request !== requirements.request)
    },

    takeQuestion() {
      const [first, ...rest] = questions
      questions = rest
      return first?.request ?? null
    },

    answer,

    tick(code) {
      if (wishes.length === 0 && questions.length === 0) return
      const late = [...unformed(), ...questions].filter((one) => one.until <= context.now())
      drop(late, code, 'this host is busy with something else, or cannot act now')
    },

    refuseAll: (code, text) => drop([...unformed(), ...questions], code, text),

    nextAt: () => earliest([...unformed(), ...questions].map((one) => one.until)),
  }
}
