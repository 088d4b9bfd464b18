/**
 * VMs that have come here and started with their host where they come from. No hypervisor carries that (autostart) with a migration: it
 * is set here, and tried again until it is, by whichever life of this agent. A VM that has left again takes it along.
 */

import { limits } from '../data/config.ts'
import { backOffMs } from '../data/exponential-back-off.ts'
import type { ActionId, Instant, VmId } from '../data/ids.ts'
import type { Input, OwedAutostart } from '../data/io.ts'
import { earliestOf, type StepContext } from '../step-context.ts'

export interface Autostarts {
  /** Each VM that is to start with this host does. */
  none(): boolean
  /** It is to start with this host, or has been set to so lately that the last sample need not show it. */
  has(vm: VmId): boolean
  /** It has come here by this action. */
  take(action: ActionId, vm: VmId): void
  /** It has left for another host, which was told so. */
  left(vm: VmId): void
  restore(autostarts: readonly OwedAutostart[]): void
  /** Our hypervisor's answer. */
  answered(answer: Extract<Input, { readonly kind: 'autostart-set' }>): void
  /** Our hypervisor answers again. */
  connected(): void
  /** A sample of this host was taken in. */
  sampled(): void
  tick(): void
  nextAt(): Instant | null
  /** The VMs that do not yet. */
  waiting(): readonly VmId[]
}

export interface AutostartHooks {
  /** An open action is about this VM: its hypervisor would keep the request waiting behind a migration. */
  inMotion(vm: VmId): boolean
  /** The last samples show it. */
  isHere(vm: VmId): boolean
  /** Our hypervisor can be asked. */
  isConnected(): boolean
}

interface Waiting {
  readonly owed: OwedAutostart
  readonly nextAt: Instant
  readonly tries: number
}

export const createAutostarts = (context: StepContext, hooks: AutostartHooks): Autostarts => {
  const all = new Map<VmId, Waiting>()
  /** Set lately, and for how many more samples the look may be older than that. */
  const lately = new Map<VmId, number>()

  const tryNow = ({ owed, tries }: Waiting): void => {
    // An answer comes sooner than that, or never.
    const nextAt = context.now() + limits.autostartAgainMsMax
    all.set(owed.vm, { owed, nextAt, tries: tries + 1 })
    context.emit({ kind: 'set-autostart', action: owed.action, vm: owed.vm })
  }

  const forget = (vm: VmId): void => {
    if (all.delete(vm)) context.emit({ kind: 'persist', record: { kind: 'autostart-set', vm } })
  }

  const keep = (owed: OwedAutostart): Waiting => {
    const waiting = { owed, nextAt: context.now(), tries: 0 }
    lately.delete(owed.vm)
    all.delete(owed.vm)
    all.set(owed.vm, waiting)
    return waiting
  }

  const dropOldest = (): void => {
    for (const vm of all.keys()) {
      if (all.size <= limits.dutiesMax) return
      context.warn(
        'vm.autostart_unset',
        `too many VMs wait for it: VM ${vm} will not start with this host`,
        vm,
      )
      forget(vm)
    }
  }

  return {
    none: () => all.size === 0,
    has: (vm) => all.has(vm) || lately.has(vm),
    take(action, vm) {
      context.emit({ kind: 'persist', record: { kind: 'autostart-owed', action, vm } })
      tryNow(keep({ action, vm }))
      dropOldest()
    },
    left(vm) {
      lately.delete(vm)
      forget(vm)
    },
    restore(autostarts) {
      for (const owed of autostarts) keep(owed)
    },
    answered({ action, vm, code }) {
      const waiting = all.get(vm)
      if (waiting === undefined || waiting.owed.action !== action) return
      if (code === null) {
        forget(vm)
        lately.set(vm, limits.samplesInFlight)
        return
      }
      // Stopped and undefined, or moved on by an operator: there is no definition that could say so.
      if (code === 'vm.absent' && !hooks.isHere(vm)) return forget(vm)
      const pauseMs = backOffMs(waiting.tries, limits.autostartAgainMsMin, limits.autostartAgainMsMax)
      all.set(vm, { ...waiting, nextAt: context.now() + pauseMs })
    },
    connected() {
      for (const [vm, waiting] of all) all.set(vm, { ...waiting, nextAt: context.now() })
    },
    sampled() {
      for (const [vm, samples] of lately)
        if (samples <= 1) lately.delete(vm)
        else lately.set(vm, samples - 1)
    },
    tick() {
      if (all.size === 0) return
      for (const waiting of [...all.values()]) {
        if (waiting.nextAt > context.now()) continue
        const { vm } = waiting.owed
        if (!hooks.isConnected())
          all.set(vm, { ...waiting, nextAt: context.now() + limits.autostartAgainMsMax })
        else if (hooks.inMotion(vm))
          all.set(vm, { ...waiting, nextAt: context.now() + limits.autostartAgainMsMin })
        else tryNow(waiting)
      }
    },
    nextAt: () => earliestOf(all.values(), (one) => one.nextAt),
    waiting: () => [...all.keys()],
  }
}
