/** Which VMs are to start with which hosts, by what the agents have on record: S3 asks it of them. */
import type { HostId, JournalRecord, VmId } from '@drover/protocol'
import type { AgentEvent } from './agent-feed.ts'
import type { HostBook } from './host-book.ts'

export interface AutostartRecords {
  /** An agent begins with what its journal says. */
  born(event: Extract<AgentEvent, { readonly kind: 'born' }>, book: HostBook): void
  written(record: JournalRecord, book: HostBook): void
  /** The VMs of which this agent's journal says it. */
  of(book: HostBook): readonly VmId[]
  /** On the record of one of these agents (all of them, unless said); `to`: as one that moves to this host. */
  isOn(vm: VmId, to?: HostId, agents?: readonly HostBook[]): boolean
}

/** A VM that is to start with this host, to which it is moved. */
interface Owed {
  readonly vm: VmId
  readonly to: HostId
}

/** What one host has on record of such VMs, by what the record is about. */
type Held = Map<string, Owed>

/** Applies a record of the host `self`; what it says no more is gone on purpose. */
const write = (held: Held, self: HostId, record: JournalRecord): void => {
  switch (record.kind) {
    case 'opened': {
      const { open } = record
      if ('autostart' in open && open.autostart === true)
        held.set(`open ${open.action}`, { vm: open.vm, to: open.kind === 'departure' ? open.peer : self })
      return
    }
    case 'closed':
      held.delete(`open ${record.action}`)
      if (record.duty?.autostart === true)
        held.set(`duty ${record.action}`, { vm: record.vm, to: record.duty.peer })
      return
    case 'discharged':
      return void held.delete(`duty ${record.action}`)
    case 'autostart-owed':
      return void held.set(`owed ${record.vm}`, { vm: record.vm, to: self })
    case 'autostart-set':
      return void held.delete(`owed ${record.vm}`)
    default:
      return
  }
}

const heldFrom = ({ restored }: Extract<AgentEvent, { readonly kind: 'born' }>, self: HostId): Held => {
  const held: Held = new Map()
  for (const open of restored.open) write(held, self, { kind: 'opened', open })
  for (const { action, vm, peer, autostart } of restored.duties)
    if (autostart === true) held.set(`duty ${action}`, { vm, to: peer })
  for (const owed of restored.autostarts) write(held, self, { kind: 'autostart-owed', ...owed })
  return held
}

export const createAutostartRecords = (): AutostartRecords => {
  const records = new Map<HostBook, Held>()
  return {
    born: (event, book) => void records.set(book, heldFrom(event, book.id)),
    written(record, book) {
      const held: Held = records.get(book) ?? new Map()
      records.set(book, held)
      write(held, book.id, record)
    },
    of: (book) => [...(records.get(book)?.values() ?? [])].map(({ vm }) => vm),
    isOn: (vm, to, agents = [...records.keys()]) =>
      agents.some((book) =>
        [...(records.get(book)?.values() ?? [])].some(
          (one) => one.vm === vm && (to === undefined || one.to === to),
        ),
      ),
  }
}
