/**
 * What a story waits for before it acts: a migration that begins or ends, or a message between two agents. A time alone hits such
 * a moment seldom.
 */
import type { HostId, Message, PartitionId, VmId } from '@drover/protocol'
import type { World } from '../hypervisor/world.ts'
import type { AgentFeed } from '../invariants/agent-feed.ts'
import { founderOf, partitionOf } from '../invariants/host-book.ts'
import type { ManualClock } from '../time/clock.ts'

/** Names of hosts, and the VM; null = the occasion has none. */
export interface Involved {
  /** The source of a migration, or the sender of a message. */
  readonly from: string | null
  readonly to: string | null
  /** The host that leads the plan. */
  readonly lead: string | null
  readonly vm: VmId | null
}

export interface Occasions {
  /**
   * Acts once, `inMs` after the next occasion of that name: `perform` (an agent asks for a migration), `moving` (it begins), `moved`
   * (the source has let go), `running` (a VM that came paused is let run), or a kind of message.
   */
  upon(occasion: string, inMs: number, act: (who: Involved) => void): void
  /** Nothing of that happens any more. */
  forget(): void
}

interface Waiting {
  readonly inMs: number
  readonly act: (who: Involved) => void
}

const vmOf = (message: Message): VmId | null => {
  if (!('vm' in message)) return null
  return typeof message.vm === 'string' ? message.vm : message.vm.vm
}

export const createOccasions = (
  { clock, world, feed }: { readonly clock: ManualClock; readonly world: World; readonly feed: AgentFeed },
  nameOf: (id: HostId) => string | null,
): Occasions => {
  const waiting = new Map<string, Waiting[]>()
  /** From where each VM came, and which host led the plan that moved it. */
  const cameFrom = new Map<VmId, string>()
  const ledBy = new Map<VmId, string | null>()
  let turn = 0

  const strike = (occasion: string, who: Involved): void => {
    const all = waiting.get(occasion)
    if (all === undefined) return
    waiting.delete(occasion)
    const since = turn
    for (const { inMs, act } of all)
      clock.after(inMs, () => {
        if (since === turn) act(who)
      })
  }
  const leadOf = (partition: PartitionId): string | null => nameOf(founderOf(partition)[0] as HostId)

  const involved = (from: string | null, to: string, vm: VmId): Involved => ({
    from,
    to,
    lead: ledBy.get(vm) ?? null,
    vm,
  })

  feed.listen((event) => {
    if (event.kind === 'sent' && waiting.has(event.message.kind)) {
      const { message } = event
      const lead = 'partition' in message ? leadOf(message.partition) : null
      strike(message.kind, { from: nameOf(event.host), to: nameOf(event.to), lead, vm: vmOf(message) })
    }
    if (event.kind === 'effect' && event.effect.kind === 'perform') {
      const { action, operation } = event.effect
      if (operation.kind !== 'migrate') return
      const lead = leadOf(partitionOf(action))
      ledBy.set(operation.vm, lead)
      strike('perform', { from: nameOf(event.host), to: nameOf(operation.to), lead, vm: operation.vm })
    }
  })
  world.events((event) => {
    if (event.kind === 'migration-started' && !event.migration.byHand)
      strike('moving', involved(event.migration.from, event.migration.to, event.migration.vm))
    if (event.kind === 'migration-ended' && event.end === 'moved' && !event.migration.byHand) {
      cameFrom.set(event.migration.vm, event.migration.from)
      strike('moved', involved(event.migration.from, event.migration.to, event.migration.vm))
    }
    if (event.kind === 'vm' && event.what === 'resumed' && cameFrom.has(event.vm))
      strike('running', involved(cameFrom.get(event.vm) ?? null, event.host, event.vm))
  })
  return {
    upon(occasion, inMs, act) {
      waiting.set(occasion, [...(waiting.get(occasion) ?? []), { inMs, act }])
    },
    forget() {
      turn += 1
      waiting.clear()
    },
  }
}
