/**
 * What operators ask of this host. A wish (`migrate`) and a question (`plan`) become partitions like any need, when the
 * host is free; one that finds it busy for too long is refused rather than forgotten.
 */
import { unreachable } from '@drover/placement'
import { byText, type Instant, type PartitionId } from '../data/ids.ts'
import type { Command, Reply } from '../data/io.ts'
import type { MigrateNeed } from '../data/need.ts'
import type { Mode } from '../data/summary.ts'
import { type HostState, whyStaysHere } from '../snapshot/host.ts'
import { type Desk, earliest } from '../step-context.ts'

const patienceMs = 10_000
const onlyLooks = 'mode is observe: nothing moves. Try: drover mode auto'

interface Waiting {
  readonly request: string
  readonly until: Instant
}

export interface Requests {
  commanded(request: string, command: Command): void
  wishes(): readonly MigrateNeed[]
  /** A partition was formed for this wish. */
  granted(wish: MigrateNeed, partition: PartitionId): void
  ended(wish: MigrateNeed): void
  /** The oldest question, taken out; null = none. */
  takeQuestion(): string | null
  answer(request: string, reply: Reply): void
  /** Refuses what waited too long, with the code of what stands in its way. */
  tick(code: string): void
  /** Refuses all that waits: none of it will be done any more. */
  refuseAll(code: string, text: string): void
  nextAt(): Instant | null
}

export interface RequestHooks {
  mode(): Mode
  setMode(mode: Mode): void
  /** The drain was called off. */
  undrained(): void
  /** The operator's will changed: what was put off may be done now. */
  changed(): void
}

export const createRequests = (desk: Desk, host: HostState, hooks: RequestHooks): Requests => {
  let wishes: readonly (MigrateNeed & Waiting & { readonly formed: boolean })[] = []
  let questions: readonly Waiting[] = []

  const answer = (request: string, reply: Reply): void => desk.emit({ kind: 'reply', request, reply })
  const ok = (request: string, text: string): void => answer(request, { kind: 'ok', text, decision: null })
  const refuse = (request: string, code: string, text: string): void =>
    answer(request, { kind: 'refused', code, text })
  const onlyLooking = (request: string): void => refuse(request, 'mode.observe', onlyLooks)

  const unformed = (): readonly Waiting[] => wishes.filter((wish) => !wish.formed)
  const drop = (those: readonly Waiting[], code: string, text: string): void => {
    for (const { request } of those) refuse(request, code, text)
    wishes = wishes.filter((wish) => !those.includes(wish))
    questions = questions.filter((question) => !those.includes(question))
  }

  const setDraining = (draining: boolean): void => {
    host.draining = draining
    desk.emit({ kind: 'persist', record: { kind: 'draining', draining } })
    hooks.changed()
  }

  const drain = (request: string): void => {
    if (hooks.mode() !== 'auto') return onlyLooking(request)
    setDraining(true)
    const vms = [...host.vms.values()]
      .sort((a, b) => byText(a.vm, b.vm))
      .map((vm) => ({ vm: vm.vm, name: vm.name, code: whyStaysHere(host, desk.now(), vm, 'drain', false) }))
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
    const code = whyStaysHere(host, desk.now(), vm, 'migrate', false)
    if (code !== null) return refuse(request, code, `the VM must stay: ${code}`)
    if (to === desk.self) return refuse(request, 'vm.present', 'the VM is on this host already')
    const wish = {
      kind: 'migrate',
      reason: 'operator',
      since: desk.now(),
      severity: 0,
      wanted: vm.demand,
      text: `an operator moves ${vm.name}`,
      vm: id,
      to,
      request,
      until: desk.now() + patienceMs,
      formed: false,
    } as const
    wishes = [...wishes, wish]
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
          desk.emit({ kind: 'persist', record: { kind: 'mode', mode: command.mode } })
          hooks.changed()
          return ok(request, `mode is ${command.mode}`)
        case 'migrate':
          return migrate(request, command)
        case 'plan':
          questions = [...questions, { request, until: desk.now() + patienceMs }]
          return
        default:
          return unreachable(command)
      }
    },

    wishes: () => wishes,

    granted(wish, partition) {
      wishes = wishes.map((one) => (one.request === wish.request ? { ...one, formed: true } : one))
      answer(wish.request, { kind: 'ok', text: wish.text, decision: partition })
    },

    ended(wish) {
      wishes = wishes.filter((one) => one.request !== wish.request)
    },

    takeQuestion() {
      const [first, ...rest] = questions
      questions = rest
      return first?.request ?? null
    },

    answer,

    tick(code) {
      if (wishes.length === 0 && questions.length === 0) return
      const late = [...unformed(), ...questions].filter((one) => one.until <= desk.now())
      drop(late, code, 'this host is busy with something else, or cannot act now')
    },

    refuseAll: (code, text) => drop([...unformed(), ...questions], code, text),

    nextAt: () => earliest([...unformed(), ...questions].map((one) => one.until)),
  }
}
